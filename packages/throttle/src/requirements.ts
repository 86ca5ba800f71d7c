/**
 * Checks of what a program passes in. Each throws a RangeError that names the argument, its range and what came, before
 * anything is done.
 */

/** Shares further apart than these could not be told from all and nothing. */
const MIN_WEIGHT = 0.000001;
const MAX_WEIGHT = 1_000_000;

export function requireRate(value: unknown): void {
  if (typeof value === 'number' && value >= 1) return;
  throw new RangeError(`bytesPerSecond must be a number from 1 to Infinity, got ${describe(value)}`);
}

/** For a rate where 0 says that there is none. */
export function requireRateOrNone(value: unknown): void {
  if (typeof value === 'number' && (value === 0 || value >= 1)) return;
  throw new RangeError(`bytesPerSecond must be a number from 1 to Infinity, or 0 for no limit, got ${describe(value)}`);
}

export function requireBurst(value: unknown): void {
  if (typeof value === 'number' && value > 0 && value < Infinity) return;
  throw new RangeError(`burstBytes must be a finite number greater than 0, got ${describe(value)}`);
}

export function requireWeight(value: unknown): void {
  if (typeof value === 'number' && value >= MIN_WEIGHT && value <= MAX_WEIGHT) return;
  throw new RangeError(`weight must be a number from ${MIN_WEIGHT} to ${MAX_WEIGHT}, got ${describe(value)}`);
}

export function requireBytes(value: unknown): void {
  if (typeof value === 'number' && value >= 0 && value < Infinity) return;
  throw new RangeError(`bytes must be a finite number from 0 on, got ${describe(value)}`);
}

function describe(value: unknown): string {
  if (typeof value === 'number' || value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
