import { describe, expect, it } from 'vitest';
import { ArrivalLog, secondsOf } from '../src/measure/arrival-log.ts';
import { errorPercent, settledAfterMs, worstShareErrorPercent } from '../src/measure/rate-error.ts';

/** One message of so many bytes at each of these times. */
function logOf(bytes: number, times: Iterable<number>): ArrivalLog {
  const log = new ArrivalLog();
  for (const atMs of times) log.add(bytes, atMs);
  return log;
}

function* every(intervalMs: number, fromMs: number, toMs: number): Generator<number> {
  for (let atMs = fromMs; atMs < toMs; atMs += intervalMs) yield atMs;
}

describe('the rate over a stretch', () => {
  it.each([0, 7, 62, 63])('does not depend on where in a message it begins: %s ms', (fromMs) => {
    const log = logOf(4096, every(62.5, 0, 3000));
    expect(log.bytesPerSecond({ fromMs, toMs: fromMs + 1000 })).toBeCloseTo(65_536, 6);
  });

  it('counts what comes together as one arrival', () => {
    const log = new ArrivalLog();
    for (const atMs of [0, 500, 1000]) for (let index = 0; index < 8; index += 1) log.add(4096, atMs + index / 10);
    expect(log.bytesPerSecond({ fromMs: 0, toMs: 1001 })).toBeCloseTo(65_536, 6);
  });

  it('is right where messages come without a gap', () => {
    const log = logOf(1000, every(0.01, 0, 1100));
    expect(errorPercent(log.bytesPerSecond({ fromMs: 50, toMs: 1050 }), 1e8)).toBeLessThan(0.2);
  });

  it('is 0 for fewer than two arrivals', () => {
    const log = logOf(1000, [10, 20]);
    expect(log.bytesPerSecond({ fromMs: 0, toMs: 20 })).toBe(0);
    expect(log.bytesPerSecond({ fromMs: 0, toMs: 21 })).toBeGreaterThan(0);
    expect(new ArrivalLog().bytesPerSecond({ fromMs: 0, toMs: 1 })).toBe(0);
  });
});

it('a stretch has as many seconds as fit, or is one itself', () => {
  expect(secondsOf({ fromMs: 10, toMs: 2510 })).toEqual([
    { fromMs: 10, toMs: 1010 },
    { fromMs: 1010, toMs: 2010 },
  ]);
  expect(secondsOf({ fromMs: 10, toMs: 60 })).toEqual([{ fromMs: 10, toMs: 60 }]);
});

it.each([
  [[10, 30], [1, 3], 0],
  [[11, 29], [1, 3], 10],
  [[0, 40], [1, 3], 100],
])('shares of %j by weights %j are off by %s percent', (rates, weights, expected) => {
  expect(worstShareErrorPercent(rates, weights)).toBeCloseTo(expected, 6);
});

describe('a change of the rate', () => {
  const change = { changedMs: 1000, untilMs: 1500, bytesPerSecond: 8_000_000 };
  const slow = () => logOf(4000, every(4, 0, 1200));

  it('has settled where the new rate begins', () => {
    const log = slow();
    for (const atMs of every(0.5, 1200, 1500)) log.add(4000, atMs);
    const settledMs = settledAfterMs(log, change)!;
    expect(settledMs).toBeGreaterThan(185);
    expect(settledMs).toBeLessThanOrEqual(200);
  });

  it('has not settled when the new rate is never met', () => {
    expect(settledAfterMs(slow(), change)).toBeUndefined();
  });
});
