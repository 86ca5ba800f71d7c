import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignBytesPerSecond, blockSizeFor } from '../src/index.ts';

describe('aligning a rate', () => {
  it.each([
    [1, 4096],
    [4095, 4096],
    [4096, 4096],
    [8191, 4096],
    [8192, 8192],
    [65_536, 65_536],
    [100_000, 98_304],
    [999_424, 999_424],
    [999_999, 999_424],
    [1_000_000, 1_000_000],
    [1_004_999, 1_000_000],
    [1_005_000, 1_005_000],
    [9_000_000, 9_000_000],
    [9_001_234.5, 9_000_000],
    [100_000_000, 100_000_000],
    [0, Infinity],
    [Infinity, Infinity],
  ])('%d gives %d', (rate, aligned) => {
    expect(alignBytesPerSecond(rate)).toBe(aligned);
  });

  const rate = fc.oneof(fc.double({ min: 1, max: 2e6, noNaN: true }), fc.double({ min: 1, max: 1e12, noNaN: true }));

  it('lands on the grid, never above the rate unless that is below the lowest, and less than a step below', () => {
    const property = fc.property(rate, (bytesPerSecond) => {
      const aligned = alignBytesPerSecond(bytesPerSecond);
      const step = bytesPerSecond < 1_000_000 ? 4096 : 5000;
      expect(aligned % step).toBe(0);
      expect(aligned).toBeGreaterThanOrEqual(4096);
      expect(aligned).toBeLessThanOrEqual(Math.max(4096, bytesPerSecond));
      expect(bytesPerSecond - aligned).toBeLessThan(step);
    });
    fc.assert(property);
  });

  it('changes nothing the second time', () => {
    const property = fc.property(rate, (bytesPerSecond) => {
      const aligned = alignBytesPerSecond(bytesPerSecond);
      expect(alignBytesPerSecond(aligned)).toBe(aligned);
    });
    fc.assert(property);
  });

  it('keeps the order of rates', () => {
    const property = fc.property(rate, rate, (a, b) => {
      const [lower, higher] = a < b ? [a, b] : [b, a];
      expect(alignBytesPerSecond(lower)).toBeLessThanOrEqual(alignBytesPerSecond(higher));
    });
    fc.assert(property);
  });
});

describe('the block size', () => {
  it.each([
    [1, 1024],
    [4096, 1024],
    [8192, 2048],
    [100_000, 25_000],
    [262_140, 65_535],
    [262_144, 65_536],
    [999_999, 65_536],
    [1_000_000, 65_536],
    [9_000_000, 65_536],
    [1e12, 65_536],
    [0, 262_144],
    [Infinity, 262_144],
  ])('at %d B/s is %d', (rate, size) => {
    expect(blockSizeFor(rate)).toBe(size);
  });

  it('is at every rate of the grid a whole number of bytes and at most a quarter of a second', () => {
    const property = fc.property(fc.double({ min: 1, max: 1e9, noNaN: true }), (bytesPerSecond) => {
      const rate = alignBytesPerSecond(bytesPerSecond);
      const size = blockSizeFor(rate);
      expect(Number.isInteger(size)).toBe(true);
      expect(size).toBeLessThanOrEqual(rate / 4);
      expect(size).toBeGreaterThanOrEqual(1024);
    });
    fc.assert(property);
  });
});

describe.each([
  ['aligning', alignBytesPerSecond],
  ['the block size', blockSizeFor],
])('%s refuses', (_name, calculate) => {
  it.each([
    ['0.5', 0.5],
    ['-1', -1],
    ['-Infinity', -Infinity],
    ['NaN', NaN],
    ['undefined', undefined],
    ['null', null],
    ['a string', '4096'],
    ['a bigint', 4096n],
    ['an object', {}],
  ])('%s', (description, rate) => {
    const message = `bytesPerSecond must be a number from 1 to Infinity, or 0 for no limit, got ${description}`;
    expect(() => calculate(rate as number)).toThrow(new RangeError(message));
  });
});
