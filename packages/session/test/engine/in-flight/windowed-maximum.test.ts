import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WindowedMaximum } from '../../../src/engine/in-flight/windowed-maximum.ts';

describe('the greatest of a sliding window', () => {
  it('is 0 before there is any, then the greatest, whatever comes after it', () => {
    const maximum = new WindowedMaximum(10);
    expect(maximum.value).toBe(0);
    const seen = [5, 9, 3, 7].map((value, position) => {
      maximum.update(value, position);
      return maximum.value;
    });
    expect(seen).toEqual([5, 9, 9, 9]);
  });

  it('falls to what is left when the greatest has left the window', () => {
    const maximum = new WindowedMaximum(10);
    maximum.update(9, 0);
    for (let position = 1; position <= 10; position += 1) maximum.update(4, position);
    expect(maximum.value).toBe(9);
    maximum.update(4, 11);
    expect(maximum.value).toBe(4);
  });

  it('forgets everything but one value when reset', () => {
    const maximum = new WindowedMaximum(10);
    maximum.update(9, 0);
    maximum.reset(2, 1);
    expect(maximum.value).toBe(2);
  });

  it('is never above the true one, nor below the newest, and is exact while the greatest is in the window', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(100), { minLength: 1, maxLength: 100 }),
        fc.integer({ min: 1, max: 20 }),
        (values, length) => {
          const maximum = new WindowedMaximum(length);
          values.forEach((value, position) => {
            maximum.update(value, position);
            const inWindow = values.slice(Math.max(0, position - length), position + 1);
            expect(maximum.value).toBeLessThanOrEqual(Math.max(...inWindow));
            expect(maximum.value).toBeGreaterThanOrEqual(value);
          });
        },
      ),
    );
  });
});
