/** What a frame may take of a slow link: a more urgent one waits no longer behind it. */
const SLOW_FRAME_MS = 2;
/** From the rate on at which a frame of this size takes less, it may take so much of the link. */
const MEDIUM_PAYLOAD_BYTES = 16_384;
const FAST_FRAME_MS = 0.125;
const MIN_PAYLOAD_BYTES = 4_096;
const MAX_PAYLOAD_BYTES = 262_144;
/** Of a fast link a write takes so much: it is the price of one call of the system. */
const BATCH_MS = 0.5;
const MIN_BATCH_BYTES = 65_536;
const MAX_BATCH_BYTES = 524_288;

/**
 * How large the payload of a frame should be at this rate: small enough that something more urgent soon gets its turn, and
 * large enough that headers do not count.
 *
 * @param bytesPerSecond 0 while it is not known
 */
export function framePayloadBytesFor(bytesPerSecond: number): number {
  if (bytesPerSecond === 0) return MEDIUM_PAYLOAD_BYTES;
  const bytesPerMs = bytesPerSecond / 1000;
  const fastBytes = Math.max(Math.floor(bytesPerMs * FAST_FRAME_MS), MEDIUM_PAYLOAD_BYTES);
  const slowBytes = Math.max(Math.floor(bytesPerMs * SLOW_FRAME_MS), MIN_PAYLOAD_BYTES);
  return Math.min(slowBytes, fastBytes, MAX_PAYLOAD_BYTES);
}

/**
 * About how many bytes should go out in one write at this rate; priorities are looked at again after it.
 *
 * @param bytesPerSecond 0 while it is not known
 */
export function batchBytesFor(bytesPerSecond: number): number {
  return Math.min(Math.max(Math.floor((bytesPerSecond / 1000) * BATCH_MS), MIN_BATCH_BYTES), MAX_BATCH_BYTES);
}
