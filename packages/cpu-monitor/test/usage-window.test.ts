import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CpuReading, UsageWindow } from '../src/usage-window.ts';

function reading(atMs: number, cpuMs = 0, loopActiveMs = 0, loopIdleMs = 0): CpuReading {
  return { atMs, cpuMs, loopActiveMs, loopIdleMs };
}

describe('a window of usage', () => {
  it('has nothing to say of one reading', () => {
    expect(new UsageWindow(1_000).add(reading(5, 3))).toBeUndefined();
  });

  it('averages over what there is until it is full', () => {
    const window = new UsageWindow(1_000);
    window.add(reading(100, 10, 20, 80));
    expect(window.add(reading(300, 60, 120, 180))).toEqual({ spanMs: 200, share: 0.25, loopShare: 0.5 });
  });

  it('forgets what was before it', () => {
    const window = new UsageWindow(1_000);
    // Busy for a second, then idle.
    for (let atMs = 0; atMs <= 1_000; atMs += 200) window.add(reading(atMs, atMs));
    const shares: (number | undefined)[] = [];
    for (let atMs = 1_200; atMs <= 2_200; atMs += 200) shares.push(window.add(reading(atMs, 1_000))?.share);
    expect(shares.map((share) => share?.toFixed(3))).toEqual(['0.800', '0.600', '0.400', '0.200', '0.000', '0.000']);
  });

  it('is longer when nothing was read for long', () => {
    const window = new UsageWindow(1_000);
    for (let atMs = 0; atMs <= 1_000; atMs += 200) window.add(reading(atMs));
    expect(window.add(reading(6_000, 2_500))).toMatchObject({ spanMs: 5_000, share: 0.5 });
  });

  it('takes no reading of a moment that it knows, or of one before', () => {
    const window = new UsageWindow(1_000);
    window.add(reading(100, 50));
    expect([window.add(reading(100, 60)), window.add(reading(90, 60))]).toEqual([undefined, undefined]);
    expect(window.add(reading(200, 60))).toMatchObject({ spanMs: 100, share: 0.1 });
  });

  it('gives a share that was constant, however it is read', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 2, maxLength: 100 });
    fc.assert(
      fc.property(steps, fc.double({ min: 0, max: 4, noNaN: true }), (intervals, share) => {
        const window = new UsageWindow(1_000);
        let atMs = 0;
        const spans: number[] = [];
        for (const intervalMs of intervals) {
          atMs += intervalMs;
          const usage = window.add(reading(atMs, atMs * share, atMs / 4, (atMs * 3) / 4));
          if (usage === undefined) continue;
          expect(usage.share).toBeCloseTo(share, 6);
          expect(usage.loopShare).toBeCloseTo(0.25, 6);
          spans.push(usage.spanMs);
          // Never of less than the window once there is as much, and of no reading more than it takes.
          expect(usage.spanMs).toBeGreaterThanOrEqual(Math.min(1_000, atMs - (intervals[0] ?? 0)));
          expect(usage.spanMs).toBeLessThan(1_000 + 3_000);
        }
        expect(spans).toHaveLength(intervals.length - 1);
      }),
    );
  });
});
