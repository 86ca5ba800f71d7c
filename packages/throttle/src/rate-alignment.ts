import { requireRateOrNone } from './requirements.ts';

const COARSE_FROM_BYTES_PER_SECOND = 1_000_000;
const FINE_STEP = 4096;
const COARSE_STEP = 5000;

/** How long a block may take at most, as a divisor: a quarter of a second. */
const BLOCKS_PER_SECOND = 4;
const MIN_BLOCK_BYTES = 1024;
const MAX_THROTTLED_BLOCK_BYTES = 65_536;
const UNTHROTTLED_BLOCK_BYTES = 262_144;

/**
 * Rounds a rate down to the grid that rates are announced on: multiples of 4,096 B/s (and no less) below
 * 1,000,000 B/s, multiples of 5,000 B/s from there on. 0 and Infinity both mean "no limit" and give Infinity.
 *
 * @throws RangeError for a rate that is neither 0 nor a number from 1 to Infinity
 */
export function alignBytesPerSecond(bytesPerSecond: number): number {
  requireRateOrNone(bytesPerSecond);
  if (bytesPerSecond === 0 || bytesPerSecond === Infinity) return Infinity;
  if (bytesPerSecond >= COARSE_FROM_BYTES_PER_SECOND) return Math.floor(bytesPerSecond / COARSE_STEP) * COARSE_STEP;
  return Math.max(1, Math.floor(bytesPerSecond / FINE_STEP)) * FINE_STEP;
}

/**
 * The size of the blocks that data should be cut into at this rate: at most a quarter of a second's worth, so that a
 * message does not wait longer for a block that is on its way, and at most 64 KiB; 256 KiB without a limit, which 0 and Infinity both mean.
 *
 * @throws RangeError for a rate that is neither 0 nor a number from 1 to Infinity
 */
export function blockSizeFor(bytesPerSecond: number): number {
  requireRateOrNone(bytesPerSecond);
  if (bytesPerSecond === Infinity || bytesPerSecond === 0) return UNTHROTTLED_BLOCK_BYTES;
  const quarter = Math.floor(bytesPerSecond / BLOCKS_PER_SECOND);
  return Math.min(MAX_THROTTLED_BLOCK_BYTES, Math.max(MIN_BLOCK_BYTES, quarter));
}
