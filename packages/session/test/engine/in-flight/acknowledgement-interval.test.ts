import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acknowledgementIntervalBytes } from '../../../src/engine/in-flight/acknowledgement-interval.ts';

describe('what is acknowledged together', () => {
  it.each([
    ['nothing is known of the rate', 0, 8_192],
    ['1 Mbit/s', 125_000, 8_192],
    ['65 Mbit/s, 8 KiB a millisecond', 8_192_000, 8_192],
    ['100 Mbit/s, its millisecond', 12_500_000, 12_500],
    ['131 Mbit/s, 16 KiB a millisecond', 16_384_000, 16_384],
    ['500 Mbit/s', 62_500_000, 16_384],
    ['a little more than what TCP carries over gigabit Ethernet, an eighth of its millisecond', 121_000_000, 16_384],
    ['half of the way from there to 72 KiB', 127_050_000, (16_384 + 73_728) / 2],
    ['a tenth more than that, 72 KiB', 133_100_000, 73_728],
    ['2 Gbit/s', 250_000_000, 73_728],
    ['4 Gbit/s, half of its millisecond', 500_000_000, 250_000],
    ['8 Gbit/s, all of its millisecond', 1_000_000_000, 1_000_000],
    ['12 Gbit/s', 1_500_000_000, 1_500_000],
    ['loopback', 5_000_000_000, 2_097_152],
  ])('at %s', (_rate, bytesPerSecond, bytes) => {
    expect(acknowledgementIntervalBytes(bytesPerSecond)).toBe(bytes);
  });

  it('never takes longer than a millisecond from 8 KiB on, and never gets smaller as the rate grows', () => {
    const rate = fc.double({ min: 0, max: 1e11, noNaN: true });
    fc.assert(
      fc.property(rate, rate, (one, other) => {
        const [slow, fast] = [
          acknowledgementIntervalBytes(Math.min(one, other)),
          acknowledgementIntervalBytes(Math.max(one, other)),
        ];
        expect(slow).toBeLessThanOrEqual(fast);
        for (const [bytes, bytesPerSecond] of [
          [slow, Math.min(one, other)],
          [fast, Math.max(one, other)],
        ] as const) {
          expect(bytes).toBeGreaterThanOrEqual(8_192);
          expect(bytes).toBeLessThanOrEqual(2_097_152);
          if (bytes > 8_192) expect(bytes).toBeLessThanOrEqual(bytesPerSecond / 1000);
        }
      }),
    );
  });
});
