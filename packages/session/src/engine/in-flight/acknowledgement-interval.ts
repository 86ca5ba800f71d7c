/** What comes in this time is acknowledged together: each acknowledgement costs a write here and a read there ... */
const INTERVAL_MS = 1;
const MIN_INTERVAL_BYTES = 8_192;
const MAX_INTERVAL_BYTES = 2_097_152;
/**
 * ... but on a link of a gigabit a second or so no more than this. A sender has at least as much in flight as is acknowledged at a time,
 * and there the queue that this makes is still felt: it was half of the time that a message took.
 */
const MEDIUM_INTERVAL_BYTES = 16_384;
/** On faster links it is a larger part of that time, and from this rate on all of it: there every acknowledgement is felt. */
const FAST_BYTES_PER_MS = 1_000_000;

/** How many bytes a receiver acknowledges together at this rate (docs/PROTOCOL.md §7.3). */
export function acknowledgementIntervalBytes(bytesPerSecond: number): number {
  const bytesPerMs = bytesPerSecond / 1000;
  const fastBytes = (bytesPerMs * INTERVAL_MS * bytesPerMs) / FAST_BYTES_PER_MS;
  const bytes = Math.min(bytesPerMs * INTERVAL_MS, Math.max(MEDIUM_INTERVAL_BYTES, fastBytes));
  return Math.min(Math.max(bytes, MIN_INTERVAL_BYTES), MAX_INTERVAL_BYTES);
}
