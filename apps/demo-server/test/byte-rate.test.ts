import { expect, it } from 'vitest';
import { parseByteRate } from '../src/byte-rate.ts';

it.each([
  ['1', 1],
  ['500000', 500_000],
  ['500k', 500_000],
  ['500K', 500_000],
  ['9M', 9_000_000],
  ['9MB', 9_000_000],
  ['1.5G', 1_500_000_000],
  ['unlimited', Infinity],
  ['Unlimited', Infinity],
])('reads %j', (text, bytesPerSecond) => {
  expect(parseByteRate(text)).toBe(bytesPerSecond);
});

it.each(['', ' ', '0', '0.0001k', '-1', '9 M', 'M', '9T', '1e6', 'fast', '.5M', 'Infinity', '99999999999G'])(
  'does not take %j for a rate',
  (text) => {
    expect(parseByteRate(text)).toBeUndefined();
  },
);
