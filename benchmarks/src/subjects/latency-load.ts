import type { Load } from '../harness/subject.ts';

/** A bulk stream and small messages on one connection, server to client; `count` is for how many milliseconds it is measured. */
export interface LatencyLoad extends Load {
  /** What the link lets through at the most. */
  readonly bytesPerSecond: number;
}

/** How often a small message is sent. */
export const MESSAGE_INTERVAL_MS = 20;
/** What peers write at once of the bulk stream. */
export const BLOCK_BYTES = 65_536;

const MAX_SETTLING_MS = 1000;
/** What the buffers on the way may hold when the time is over. */
const BUFFERED_BYTES = 8_000_000;

/** How long the bulk stream may get up to speed before it is measured. */
export function settlingMs({ count }: LatencyLoad): number {
  return Math.min(MAX_SETTLING_MS, count / 8);
}

/** How long the server sends. */
export function sendingMs(load: LatencyLoad): number {
  return settlingMs(load) + load.count;
}

/** A file that is still on its way when the time is over. */
export function endlessFileBytes(load: LatencyLoad): number {
  return Math.ceil((load.bytesPerSecond * sendingMs(load) * 1.05) / 1000) + BUFFERED_BYTES;
}
