/** What comes in this time is acknowledged together: each acknowledgement costs a write here and a read there ... */
const INTERVAL_MS = 1;
const MIN_INTERVAL_BYTES = 8_192;
const MAX_INTERVAL_BYTES = 2_097_152;
/**
 * ... but on a link of up to a gigabit a second no more than this. A sender has at least as much in flight as is acknowledged at a time,
 * and there the queue that this makes is still felt: it was half of the time that a message took.
 */
const MEDIUM_INTERVAL_BYTES = 16_384;
/** More than the 117,600 that TCP carries over gigabit Ethernet. */
const MEDIUM_BYTES_PER_MS = 121_000;
/**
 * A little faster it is as a rule not the link that bounds the rate, but a program that works through what it has read: then each
 * acknowledgement is felt more than the queue.
 */
const FAST_INTERVAL_BYTES = 73_728;
const FAST_BYTES_PER_MS = 1.1 * MEDIUM_BYTES_PER_MS;
/** On still faster links all that comes in that time is acknowledged together again, at last. */
const LOOPBACK_BYTES_PER_MS = 1_000_000;

/** How many bytes a receiver acknowledges together at this rate (docs/PROTOCOL.md §7.3). */
export function acknowledgementIntervalBytes(bytesPerSecond: number): number {
  const bytesPerMs = bytesPerSecond / 1000;
  const fastShare = clamp((bytesPerMs - MEDIUM_BYTES_PER_MS) / (FAST_BYTES_PER_MS - MEDIUM_BYTES_PER_MS), 0, 1);
  const mostBytes = Math.max(
    MEDIUM_INTERVAL_BYTES + (FAST_INTERVAL_BYTES - MEDIUM_INTERVAL_BYTES) * fastShare,
    (bytesPerMs * INTERVAL_MS * bytesPerMs) / LOOPBACK_BYTES_PER_MS,
  );
  return clamp(Math.min(bytesPerMs * INTERVAL_MS, mostBytes), MIN_INTERVAL_BYTES, MAX_INTERVAL_BYTES);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
