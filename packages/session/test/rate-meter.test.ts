import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RateMeter } from '../src/rate-meter.ts';

it('at the first look the rate is that of the time since the beginning', () => {
  expect(new RateMeter(1000).measure(5000, 1500)).toBe(10_000);
  expect(new RateMeter(1000).measure(5000, 61_000)).toBeCloseTo(83.3, 1);
});

it('at the very beginning there is no time to divide by', () => {
  const meter = new RateMeter(1000);
  expect(meter.measure(0, 1000)).toBe(0);
  expect(meter.measure(5000, 1000)).toBe(0);
});

it('looks a second apart give the rate of that second', () => {
  const meter = new RateMeter(0);
  expect(meter.measure(1000, 1000)).toBe(1000);
  expect(meter.measure(6000, 2000)).toBe(5000);
  expect(meter.measure(6000, 3000)).toBe(0);
});

it('looks in quick succession give that of about the last second, not of an instant', () => {
  const meter = new RateMeter(0);
  let rate = 0;
  for (let nowMs = 0; nowMs <= 10_000; nowMs += 10) rate = meter.measure(nowMs < 5000 ? nowMs * 7 : 35_000, nowMs);
  expect(rate).toBe(0);
  for (let nowMs = 10_000; nowMs <= 10_500; nowMs += 10) rate = meter.measure(35_000 + (nowMs - 10_000), nowMs);
  // Half a second at 1,000 a second, of a second or a little more.
  expect(rate).toBeGreaterThan(440);
  expect(rate).toBeLessThanOrEqual(500);
});

it('a steady rate is measured as what it is, whenever one looks', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 200 }), (pausesMs) => {
      const meter = new RateMeter(0);
      let nowMs = 0;
      for (const pauseMs of pausesMs) {
        nowMs += pauseMs;
        expect(meter.measure(nowMs * 3, nowMs)).toBeCloseTo(3000, 6);
      }
    }),
  );
});
