import type { ArrivalLog } from './arrival-log.ts';

/** The new rate holds from where it is met within so much, over so long. */
const MET_WITHIN_PERCENT = 5;
const MET_OVER_MS = 100;

/** How far a value is from what it should be, in percent of that. */
export function errorPercent(actual: number, expected: number): number {
  return Math.abs(actual / expected - 1) * 100;
}

/** The largest deviation, in percent, of a share of the sum from the one that its weight stands for. */
export function worstShareErrorPercent(rates: readonly number[], weights: readonly number[]): number {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const [totalRate, totalWeight] = [sum(rates), sum(weights)];
  return Math.max(...rates.map((rate, index) => errorPercent(rate / totalRate, weights[index]! / totalWeight)));
}

/**
 * How long after a change of the rate the new one is met: the milliseconds until the 100 ms begin over which the rate is
 * within 5 % of it. Undefined if it is not met before `untilMs`.
 */
export function settledAfterMs(
  log: ArrivalLog,
  { changedMs, untilMs, bytesPerSecond }: RateChange,
): number | undefined {
  for (let fromMs = changedMs; fromMs + MET_OVER_MS <= untilMs; fromMs += 1) {
    const rate = log.bytesPerSecond({ fromMs, toMs: fromMs + MET_OVER_MS });
    if (errorPercent(rate, bytesPerSecond) <= MET_WITHIN_PERCENT) return fromMs - changedMs;
  }
  return undefined;
}

export interface RateChange {
  readonly changedMs: number;
  /** When the next change came, or the measuring ended. */
  readonly untilMs: number;
  /** The new rate. */
  readonly bytesPerSecond: number;
}
