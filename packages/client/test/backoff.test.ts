import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pauseBefore } from '../src/backoff.ts';

describe('the pause before an attempt to connect again', () => {
  it('is at most 100 ms the first time, and twice as long each time after that, up to 5 s', () => {
    const longest = Array.from({ length: 9 }, (_, index) => pauseBefore(index + 1, 1));
    expect(longest).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
  });

  it('is anything up to that, as chance has it', () => {
    expect([0, 0.25, 0.5, 1].map((random) => pauseBefore(3, random))).toEqual([0, 100, 200, 400]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, random) => {
          const pauseMs = pauseBefore(attempt, random);
          expect(pauseMs).toBeGreaterThanOrEqual(0);
          expect(pauseMs).toBeLessThanOrEqual(Math.min(5000, pauseBefore(attempt, 1)));
        },
      ),
    );
  });

  it('stays 5 s at most after more attempts than a number can count', () => {
    for (const attempt of [1024, 1e9, Number.MAX_SAFE_INTEGER]) expect(pauseBefore(attempt, 1)).toBe(5000);
  });
});
