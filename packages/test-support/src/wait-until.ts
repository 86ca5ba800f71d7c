import { setImmediate, setTimeout } from 'node:timers/promises';

/**
 * Waits until a condition holds: for what announces itself by no event. It is looked at in every turn of the event loop.
 *
 * @throws Error that names what did not come about within `timeoutMs`
 */
export async function waitUntil(what: string, isMet: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!isMet()) {
    if (performance.now() >= deadlineMs) throw new Error(`${what}: not so after ${timeoutMs} ms`);
    await setImmediate();
  }
}

/** So many turns of this thread's event loop: no time to speak of. */
export async function letTurnsPass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await setImmediate();
}

/** What other threads need to do what is due there: their turns cannot be counted from here. */
const THREADS_MS = process.env.TCPCOMM_TEST_THREADS ? 100 : 0;

/** Lets everything run that is due already: a few turns of the event loop. For "and then nothing happens". */
export async function letEventsRun(turns = 20): Promise<void> {
  await letTurnsPass(turns);
  if (THREADS_MS > 0) await setTimeout(THREADS_MS);
}
