import { describe, expect, it } from 'vitest';
import { SharedLink } from './shared-link.ts';

/** Bytes a second of a megabit a second. */
const MBIT = 125_000;

describe('where both ways are busy, so that acknowledgements wait in the queue of the other way', () => {
  // What a window measures then is uneven: acknowledgements held up behind a burst come all at once. Neither way may take that
  // for a fast link, nor the queue of the other for the path, or both queues grow without end.
  it.each([
    [100, 1, 80],
    [100, 20, 60],
    [50, 100, 120],
  ])('at %i Mbit/s and %f ms both queues stay short and neither way starves', (mbit, roundTripMs, p99WaitMs) => {
    const link = new SharedLink(mbit * MBIT, roundTripMs);
    link.addSession(0, 0);
    link.addSession(1, 137, 3_333);
    link.run(20_000);
    const seen = link.run(60_000);
    expect(Math.max(...seen.p99WaitMs)).toBeLessThan(p99WaitMs);
    expect(Math.min(...seen.bytesPerSecond) / (mbit * MBIT)).toBeGreaterThan(0.25);
    expect(seen.bytesPerSecond.reduce((sum, one) => sum + one, 0) / (mbit * MBIT)).toBeGreaterThan(1.05);
  });
});

describe('where sessions share a link', () => {
  it.each([
    [2, 100, 20, 60],
    [16, 100, 1, 200],
    [16, 50, 100, 250],
  ])('%i of them at %i Mbit/s and %f ms fill it, and the queue stays short', (count, mbit, roundTripMs, p99WaitMs) => {
    const link = new SharedLink(mbit * MBIT, roundTripMs);
    for (let index = 0; index < count; index += 1) link.addSession(0, index * 313);
    link.run(90_000);
    const seen = link.run(30_000);
    expect(seen.p99WaitMs[0]).toBeLessThan(p99WaitMs);
    expect(seen.bytesPerSecond.reduce((sum, one) => sum + one, 0) / (mbit * MBIT)).toBeGreaterThan(0.98);
    expect((Math.min(...seen.bytesPerSecond) / (mbit * MBIT)) * count).toBeGreaterThan(0.2);
  });
});
