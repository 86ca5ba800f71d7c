import { describe, expect, it } from 'vitest';
import { medianMetrics } from '../src/harness/metrics.ts';
import { median, percentile } from '../src/measure/statistics.ts';

describe('median', () => {
  it('is the middle value, whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([7])).toBe(7);
  });

  it('is the mean of the two in the middle of an even number', () => {
    expect(median([10, 1, 4, 2])).toBe(3);
  });

  it('does not exist without values', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it.each([
    [50, 50],
    [99, 99],
    [99.1, 100],
    [100, 100],
    [0.5, 1],
  ])('%s of 1 to 100 is %s (nearest rank)', (percent, expected) => {
    expect(percentile(hundred, percent)).toBe(expected);
  });

  it('leaves the values in their order', () => {
    const values = Float64Array.of(3, 1, 2);
    expect(percentile(values, 50)).toBe(2);
    expect([...values]).toEqual([3, 1, 2]);
  });

  it('does not exist without values', () => {
    expect(() => percentile([], 50)).toThrow(RangeError);
  });
});

describe('medianMetrics', () => {
  it('takes each metric for itself, where it was measured', () => {
    const samples = [
      { megabytesPerSecond: 3, p99Ms: 1 },
      { megabytesPerSecond: 1 },
      { megabytesPerSecond: 2, p99Ms: 2 },
    ];
    expect(medianMetrics(samples)).toEqual({ megabytesPerSecond: 2, p99Ms: 1.5 });
  });
});
