import type { Writable } from 'node:stream';
import { drained } from './drained.ts';
import { BLOCK_BYTES } from './latency-load.ts';

/** A block of the bulk stream: the same bytes for every peer. */
export const block: Buffer<ArrayBuffer> = Buffer.alloc(BLOCK_BYTES, 'tcpcomm');

/**
 * Writes blocks for so long, and waits whenever the stream is full.
 *
 * @param below what the stream writes to in its turn, where it does not itself wait for that
 */
export async function writeBlocks(stream: Writable, durationMs: number, below: Writable = stream): Promise<void> {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs) {
    if (!stream.write(block)) await drained(stream);
    if (below.writableNeedDrain) await drained(below);
  }
}
