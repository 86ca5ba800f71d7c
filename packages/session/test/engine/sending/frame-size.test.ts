import fc from 'fast-check';
import { expect, it } from 'vitest';
import { batchBytesFor, framePayloadBytesFor } from '../../../src/engine/sending/frame-size.ts';

it.each([
  ['an unknown rate', 0, 16_384],
  ['1 B/s', 1, 4_096],
  ['64 KB/s', 65_536, 4_096],
  ['2 MB/s', 2_000_000, 4_096],
  ['2.5 MB/s', 2_500_000, 5_000],
  ['8 MB/s', 8_000_000, 16_000],
  ['12.5 MB/s (100 Mbit/s)', 12_500_000, 16_384],
  ['32.7 MB/s', 32_700_000, 16_384],
  ['131 MB/s', 131_000_000, 16_384],
  ['125 MB/s (1 Gbit/s)', 125_000_000, 16_384],
  ['132 MB/s', 132_000_000, 16_500],
  ['500 MB/s', 500_000_000, 62_500],
  ['1 GB/s', 1_000_000_000, 125_000],
  ['2 GB/s', 2_000_000_000, 250_000],
  ['4 GB/s', 4_000_000_000, 262_144],
  ['no limit', Infinity, 262_144],
])('a frame at %s has a payload of %i', (_what, bytesPerSecond, payloadBytes) => {
  expect(framePayloadBytesFor(bytesPerSecond)).toBe(payloadBytes);
});

it('a faster link never has smaller frames, none takes more than 2 ms or 4 KiB of it, and none more than 0.125 ms or 16 KiB', () => {
  const rate = fc.double({ min: 1, max: 1e10, noNaN: true });
  fc.assert(
    fc.property(rate, rate, (one, other) => {
      const [slow, fast] = [Math.min(one, other), Math.max(one, other)];
      const bytes = framePayloadBytesFor(slow);
      expect(bytes).toBeLessThanOrEqual(framePayloadBytesFor(fast));
      expect(bytes).toBeLessThanOrEqual(Math.max(4_096, slow * 0.002));
      expect(bytes).toBeLessThanOrEqual(Math.max(16_384, slow * 0.000125));
      expect(Number.isInteger(bytes)).toBe(true);
    }),
  );
});

it.each([
  ['an unknown rate', 0, 65_536],
  ['1 B/s', 1, 65_536],
  ['125 MB/s (1 Gbit/s)', 125_000_000, 65_536],
  ['200 MB/s', 200_000_000, 100_000],
  ['1 GB/s', 1_000_000_000, 500_000],
  ['4 GB/s', 4_000_000_000, 524_288],
  ['no limit', Infinity, 524_288],
])('a write at %s is of about %i bytes', (_what, bytesPerSecond, batchBytes) => {
  expect(batchBytesFor(bytesPerSecond)).toBe(batchBytes);
});
