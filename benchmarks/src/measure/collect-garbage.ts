import { setTimeout as delay } from 'node:timers/promises';

/** What is closed lets go of its last memory a moment later. */
const PAUSE_MS = 100;
const MAX_PASSES = 20;
/** A pass that frees less than this share of the heap was the last. */
const NEGLIGIBLE_SHARE = 0.002;

/**
 * Collects garbage until there is none left: what a pass frees may hold more, which only the next one finds.
 *
 * @throws Error when Node.js was started without `--expose-gc`
 */
export async function collectGarbage(): Promise<void> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('garbage can only be collected when Node.js was started with --expose-gc');
  let heapBytes = Infinity;
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    const { heapUsed } = process.memoryUsage();
    if (heapUsed > heapBytes * (1 - NEGLIGIBLE_SHARE)) return;
    heapBytes = heapUsed;
    await delay(PAUSE_MS);
  }
}
