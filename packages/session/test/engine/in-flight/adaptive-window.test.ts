import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Observation, type PathOptions, SimulatedPath } from './simulated-path.ts';

/** Bytes a second of a megabit a second. */
const MBIT = 125_000;

function use(seen: Observation, bytesPerSecond: number): number {
  return seen.bytesPerSecond / bytesPerSecond;
}

/** A path after its start. */
function settled(options: PathOptions, durationMs = 10_000): SimulatedPath {
  const path = new SimulatedPath(options);
  path.run(durationMs);
  return path;
}

describe('on a steady link', () => {
  // The queue is what a message waits beyond the delay of the path: the floor of 32 KiB on slow links, less than a ms on fast ones, and
  // where the round trip is long about a tenth of it.
  it.each([
    [1, 1, { used: 0.99, medianQueueMs: 250, p99QueueMs: 270 }],
    [10, 1, { used: 0.99, medianQueueMs: 25, p99QueueMs: 30 }],
    [10, 20, { used: 0.99, medianQueueMs: 20, p99QueueMs: 30 }],
    [100, 0.2, { used: 0.99, medianQueueMs: 3, p99QueueMs: 4 }],
    [100, 1, { used: 0.99, medianQueueMs: 4, p99QueueMs: 5 }],
    [100, 20, { used: 0.99, medianQueueMs: 5, p99QueueMs: 10 }],
    [200, 0.2, { used: 0.99, medianQueueMs: 2, p99QueueMs: 3 }],
    [500, 0.2, { used: 0.99, medianQueueMs: 1, p99QueueMs: 2 }],
    [1000, 0.2, { used: 0.99, medianQueueMs: 0.5, p99QueueMs: 1 }],
    [2500, 0.1, { used: 0.99, medianQueueMs: 0.7, p99QueueMs: 1 }],
    [10_000, 0.1, { used: 0.99, medianQueueMs: 3, p99QueueMs: 4 }],
    [1000, 20, { used: 0.99, medianQueueMs: 3, p99QueueMs: 8 }],
    [50, 100, { used: 0.97, medianQueueMs: 15, p99QueueMs: 50 }],
    [1000, 100, { used: 0.97, medianQueueMs: 15, p99QueueMs: 50 }],
  ])('of %i Mbit/s and %f ms it keeps the link busy for a minute, and the queue short', (mbit, roundTripMs, bounds) => {
    const path = settled({ bytesPerSecond: mbit * MBIT, roundTripMs });
    const seen = path.run(60_000);
    expect(use(seen, mbit * MBIT)).toBeGreaterThanOrEqual(bounds.used);
    expect(seen.medianMs - roundTripMs / 2).toBeLessThanOrEqual(bounds.medianQueueMs);
    expect(seen.p99Ms - roundTripMs / 2).toBeLessThanOrEqual(bounds.p99QueueMs);
    expect(path.window.deliveryRateBytesPerSecond / (mbit * MBIT)).toBeCloseTo(1, 1);
  });

  it.each([
    [10, 1],
    [100, 0.2],
    [1000, 1],
    [50, 100],
  ])('of %i Mbit/s and %f ms the window is in five minutes what it was in the first', (mbit, roundTripMs) => {
    const path = settled({ bytesPerSecond: mbit * MBIT, roundTripMs }, 20_000);
    const first = path.run(20_000).inFlightBytes;
    path.run(240_000);
    expect(path.run(20_000).inFlightBytes).toBeLessThanOrEqual(first * 1.1);
  });

  it.each([
    [100, 1, 200],
    [1000, 1, 300],
    [50, 100, 2_000],
    [1000, 100, 4_000],
  ])('of %i Mbit/s and %f ms it is at nine tenths of the rate after %i ms', (mbit, roundTripMs, startMs) => {
    const path = settled({ bytesPerSecond: mbit * MBIT, roundTripMs }, startMs);
    expect(use(path.run(2_000), mbit * MBIT)).toBeGreaterThan(0.9);
  });
});

describe('when the path changes', () => {
  it.each([
    ['doubles at 1 ms', 50, 100, 1],
    ['doubles at 100 ms', 50, 100, 100],
    ['is four times as high', 25, 100, 20],
    ['is halved at 1 ms', 100, 50, 1],
    ['is halved at 100 ms', 100, 50, 100],
    ['falls to a quarter', 100, 25, 20],
  ])(
    'and its rate %s, it is found within five seconds, and the queue is as short as before',
    (_, from, to, roundTripMs) => {
      const path = settled({ bytesPerSecond: from * MBIT, roundTripMs });
      path.conditions.bytesPerSecond = to * MBIT;
      path.run(5_000);
      const seen = path.run(5_000);
      expect(use(seen, to * MBIT)).toBeGreaterThan(0.95);
      expect(seen.medianMs - roundTripMs / 2).toBeLessThan(15 + roundTripMs / 4);
    },
  );

  it.each([
    ['grows from 10 to 60 ms', 10, 60],
    ['grows from 1 to 30 ms', 1, 30],
    ['shrinks from 60 to 10 ms', 60, 10],
  ])('and its round trip %s, it is found within five seconds', (_, from, to) => {
    const path = settled({ roundTripMs: from });
    path.conditions.roundTripMs = to;
    path.run(5_000);
    const seen = path.run(5_000);
    expect(use(seen, 12_500_000)).toBeGreaterThan(0.95);
    expect(seen.medianMs - to / 2).toBeLessThan(15 + to / 4);
  });

  it('and its round trip grows a little, that is found within fifteen seconds', () => {
    const path = settled({ roundTripMs: 20 }, 15_000);
    path.conditions.roundTripMs = 27;
    path.run(15_000);
    expect(use(path.run(5_000), 12_500_000)).toBeGreaterThan(0.98);
  });

  it('in rate and round trip at once, both are found', () => {
    const path = settled({ roundTripMs: 10 });
    Object.assign(path.conditions, { roundTripMs: 60, bytesPerSecond: 6_250_000 });
    path.run(5_000);
    const seen = path.run(10_000);
    expect(use(seen, 6_250_000)).toBeGreaterThan(0.95);
    expect(seen.medianMs).toBeLessThan(30 + 20);
  });
});

describe('on an uneven path', () => {
  it('keeps the link busy where every frame takes up to 10 ms longer', () => {
    const seen = settled({ roundTripMs: 20, jitterMs: 10 }).run(30_000);
    expect(use(seen, 12_500_000)).toBeGreaterThan(0.95);
    expect(seen.medianMs).toBeLessThan(40);
  });

  it.each([
    [10, 1],
    [20, 20],
    [50, 20],
  ])('keeps the link busy where acknowledgements come each %i ms, at a round trip of %i', (eachMs, roundTripMs) => {
    const seen = settled({ roundTripMs, acknowledgementsEachMs: eachMs }).run(30_000);
    expect(use(seen, 12_500_000)).toBeGreaterThan(0.93);
    expect(seen.medianMs).toBeLessThan(2 * (eachMs + roundTripMs));
  });

  it('takes no burst for a fast link where the receiver is busy for 8 of every 20 ms', () => {
    const path = settled({ roundTripMs: 1 }, 2_000);
    let rates = 0;
    for (let turn = 0; turn < 500; turn += 1) {
      path.conditions.receiverBusyUntilMs = path.time.nowMs + 8;
      path.run(20);
      rates += path.window.deliveryRateBytesPerSecond;
    }
    expect(rates / 500).toBeLessThan(12_500_000 * 1.3);
  });

  it('is as before when a receiver comes back that took nothing for two seconds', () => {
    const path = settled({ roundTripMs: 10 }, 5_000);
    path.conditions.receiverBusyUntilMs = path.time.nowMs + 2_000;
    // What is in flight then is all that lies in the receiver's socket: no more than the window.
    const stalled = path.run(2_000);
    expect(stalled.inFlightBytes).toBeLessThan(300_000);
    path.run(3_000);
    const seen = path.run(5_000);
    expect(use(seen, 12_500_000)).toBeGreaterThan(0.97);
    expect(seen.medianMs).toBeLessThan(20);
  });
});

describe('an application that sends less than it could', () => {
  it.each([
    ['a tenth of the rate', 1_250_000],
    ['next to nothing', 1],
  ])('of %s, is not mistaken for a slow link', (_, supplyBytesPerSecond) => {
    const path = settled({ roundTripMs: 20, supplyBytesPerSecond }, 30_000);
    path.conditions.supplyBytesPerSecond = Infinity;
    path.run(500);
    expect(use(path.run(2_000), 12_500_000)).toBeGreaterThan(0.93);
  });

  it('and pauses for half a minute, goes on at once as fast as before', () => {
    const path = settled({ roundTripMs: 20 });
    const before = path.window.deliveryRateBytesPerSecond;
    path.conditions.supplyBytesPerSecond = 1;
    path.run(30_000);
    expect(path.window.deliveryRateBytesPerSecond).toBeCloseTo(before, 3);
    path.conditions.supplyBytesPerSecond = Infinity;
    expect(use(path.run(1_000), 12_500_000)).toBeGreaterThan(0.85);
  });
});

describe('a receiver that withholds acknowledgements', () => {
  it.each([65_536, 1_000_000, 9_000_000])(
    'to receive %i bytes a second gets that, and the window stays small',
    (rate) => {
      const path = settled({ roundTripMs: 2, receivedBytesPerSecond: rate }, 20_000);
      const seen = path.run(60_000);
      expect(Math.abs(use(seen, rate) - 1)).toBeLessThan(0.01);
      expect(seen.inFlightBytes).toBeLessThan(32_768 + 16_384 + rate / 50);
    },
  );
});

describe('whatever the path is like', () => {
  const anyPath = fc.record({
    mbit: fc.constantFrom(1, 5, 20, 100, 500, 2_000),
    roundTripMs: fc.constantFrom(0, 0.1, 2, 15, 80, 250),
    jitterMs: fc.constantFrom(0, 0, 3, 20),
    acknowledgementsEachMs: fc.constantFrom(0, 0, 5, 30),
  });

  it('the window stays within its limits, in flight is at most a frame more, and it never stops', () => {
    fc.assert(
      fc.property(fc.array(anyPath, { minLength: 1, maxLength: 4 }), (stages) => {
        const path = new SimulatedPath({ maxInFlightBytes: 4_194_304 });
        for (const { mbit, ...stage } of stages) {
          Object.assign(path.conditions, { ...stage, bytesPerSecond: mbit * MBIT });
          for (let second = 0; second < 3; second += 1) {
            const seen = path.run(1_000);
            const { limitBytes, deliveryRateBytesPerSecond: rate, minRoundTripMs } = path.window;
            expect(limitBytes).toBeGreaterThanOrEqual(8_192);
            expect(limitBytes).toBeLessThanOrEqual(4_194_304);
            expect(seen.inFlightBytes).toBeLessThanOrEqual(4_194_304 + 262_144 + 8);
            expect(rate >= 0 && Number.isFinite(rate)).toBe(true);
            expect(minRoundTripMs > 0).toBe(true);
          }
          expect(path.run(3_000).bytesPerSecond).toBeGreaterThan(0);
        }
      }),
      { numRuns: 40 },
    );
  });
});
