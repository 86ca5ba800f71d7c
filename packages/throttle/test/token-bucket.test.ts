import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenBucket, type TokenBucketOptions } from '../src/index.ts';

/** What an access may be off by: fewer missing bytes than this count as none. */
const TOLERANCE_BYTES = 0.5;

interface Passage {
  readonly atMs: number;
  readonly bytes: number;
}

/** A sender that always has something to send and waits exactly as long as it is told. */
function sendThrough(bucket: TokenBucket, sizes: Iterable<number>, startMs: number, untilMs: number): Passage[] {
  const passages: Passage[] = [];
  let nowMs = startMs;
  for (const bytes of sizes) {
    nowMs += bucket.delayMs(bytes, nowMs);
    if (nowMs > untilMs) break;
    expect(bucket.take(bytes, nowMs)).toBe(true);
    passages.push({ atMs: nowMs, bytes });
  }
  return passages;
}

function* repeat<T>(...values: T[]): Generator<T, never> {
  for (;;) yield* values;
}

function sum(passages: readonly Passage[]): number {
  return passages.reduce((bytes, passage) => bytes + passage.bytes, 0);
}

describe('a new bucket', () => {
  it('is full: its burst passes at once, one byte more does not', () => {
    const bucket = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 500 });
    expect(bucket.take(500, 0)).toBe(true);
    expect(bucket.take(1, 0)).toBe(false);
    expect(bucket.delayMs(1, 0)).toBe(1);
  });

  it.each([
    [1, 4096],
    [204_800, 4096],
    [1_000_000, 20_000],
    [9_000_000, 180_000],
    [Infinity, Infinity],
  ])('of %d B/s has a burst of %d', (bytesPerSecond, burstBytes) => {
    const bucket = new TokenBucket({ bytesPerSecond });
    expect({ bytesPerSecond: bucket.bytesPerSecond, burstBytes: bucket.burstBytes }).toEqual({
      bytesPerSecond,
      burstBytes,
    });
  });

  it.each<[string, object]>([
    ['bytesPerSecond must be a number from 1 to Infinity, got 0', { bytesPerSecond: 0 }],
    ['bytesPerSecond must be a number from 1 to Infinity, got 0.99', { bytesPerSecond: 0.99 }],
    ['bytesPerSecond must be a number from 1 to Infinity, got -1', { bytesPerSecond: -1 }],
    ['bytesPerSecond must be a number from 1 to Infinity, got NaN', { bytesPerSecond: NaN }],
    ['bytesPerSecond must be a number from 1 to Infinity, got undefined', {}],
    ['bytesPerSecond must be a number from 1 to Infinity, got null', { bytesPerSecond: null }],
    ['bytesPerSecond must be a number from 1 to Infinity, got a string', { bytesPerSecond: '5' }],
    ['bytesPerSecond must be a number from 1 to Infinity, got an object', { bytesPerSecond: [5] }],
    ['burstBytes must be a finite number greater than 0, got 0', { bytesPerSecond: 1, burstBytes: 0 }],
    ['burstBytes must be a finite number greater than 0, got NaN', { bytesPerSecond: 1, burstBytes: NaN }],
    ['burstBytes must be a finite number greater than 0, got Infinity', { bytesPerSecond: 1, burstBytes: Infinity }],
    ['weight must be a number from 0.000001 to 1000000, got 0', { bytesPerSecond: 1, weight: 0 }],
    ['weight must be a number from 0.000001 to 1000000, got NaN', { bytesPerSecond: 1, weight: NaN }],
    ['weight must be a number from 0.000001 to 1000000, got Infinity', { bytesPerSecond: 1, weight: Infinity }],
    ['weight must be a number from 0.000001 to 1000000, got a string', { bytesPerSecond: 1, weight: '1' }],
  ])('is refused: %s', (message, options) => {
    expect(() => new TokenBucket(options as TokenBucketOptions)).toThrow(new RangeError(message));
  });
});

describe('bytes that are none are refused, and change nothing', () => {
  const methods = ['take', 'spend', 'delayMs'] as const;
  it.each(methods.flatMap((method) => [-1, NaN, Infinity, '5'].map((bytes) => [method, bytes] as const)))(
    '%s(%s)',
    (method, bytes) => {
      const bucket = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 100 });
      expect(() => bucket[method](bytes as number, 0)).toThrow(RangeError);
      expect(bucket.delayMs(100, 0)).toBe(0);
    },
  );
});

describe('the rate', () => {
  it.each([
    { bytesPerSecond: 4096, sizes: [1000] },
    { bytesPerSecond: 65_536, sizes: [1, 4096, 333] },
    { bytesPerSecond: 9_000_000, sizes: [65_536] },
    { bytesPerSecond: 9_000_000, sizes: [1_000_000, 7] },
    { bytesPerSecond: 100_000_000, sizes: [262_144, 8] },
  ])('is exact over a long run at $bytesPerSecond B/s with sizes $sizes', ({ bytesPerSecond, sizes }) => {
    const bucket = new TokenBucket({ bytesPerSecond });
    const seconds = 60;
    const passed = sum(sendThrough(bucket, repeat(...sizes), 0, seconds * 1000));
    const earned = bytesPerSecond * seconds;
    const largest = Math.max(...sizes);
    expect(passed).toBeLessThanOrEqual(earned + Math.max(bucket.burstBytes, largest) + TOLERANCE_BYTES);
    expect(passed).toBeGreaterThan(earned - largest);
  });

  it('is never exceeded by more than the burst, in any interval, whatever the sizes and pauses', () => {
    const step = fc.record({ bytes: fc.integer({ min: 1, max: 3000 }), pauseMs: fc.oneof(fc.constant(0), fc.nat(50)) });
    const property = fc.property(
      fc.integer({ min: 100, max: 1_000_000 }),
      fc.integer({ min: 1, max: 2000 }),
      fc.array(step, { minLength: 1, maxLength: 60 }),
      (bytesPerSecond, burstBytes, steps) => {
        const bucket = new TokenBucket({ bytesPerSecond, burstBytes });
        const passages: Passage[] = [];
        let nowMs = 0;
        for (const { bytes, pauseMs } of steps) {
          nowMs += pauseMs;
          if (bucket.take(bytes, nowMs)) passages.push({ atMs: nowMs, bytes });
        }
        const largest = Math.max(...steps.map(({ bytes }) => bytes));
        const allowance = Math.max(burstBytes, largest) + TOLERANCE_BYTES;
        for (const [first, { atMs: fromMs }] of passages.entries()) {
          for (let last = first; last < passages.length; last += 1) {
            const interval = passages.slice(first, last + 1);
            const ms = passages[last]!.atMs - fromMs;
            expect(sum(interval)).toBeLessThanOrEqual(allowance + (bytesPerSecond * ms) / 1000 + 1e-6);
          }
        }
      },
    );
    fc.assert(property);
  });

  it('holds back nothing for longer than needed: a millisecond before its time nothing passes, at its time it does', () => {
    const property = fc.property(
      fc.double({ min: 100, max: 400_000, noNaN: true }),
      fc.integer({ min: 1, max: 100_000 }),
      (bytesPerSecond, bytes) => {
        const bucket = new TokenBucket({ bytesPerSecond, burstBytes: 1000 });
        bucket.spend(2000, 0);
        const delayMs = bucket.delayMs(bytes, 0);
        expect(bucket.take(bytes, delayMs - (1000 * 0.6) / bytesPerSecond)).toBe(false);
        expect(bucket.take(bytes, delayMs)).toBe(true);
      },
    );
    fc.assert(property);
  });

  it('does not grow by rests: a long pause earns one burst and no more', () => {
    const bucket = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 100 });
    bucket.spend(100, 0);
    expect(bucket.take(100, 1e9)).toBe(true);
    expect(bucket.take(1, 1e9)).toBe(false);
  });
});

it('after waiting exactly as long as told, the bytes pass, whatever the clock says', () => {
  const property = fc.property(
    fc.double({ min: 1, max: 1e9, noNaN: true }),
    fc.option(fc.integer({ min: 1, max: 1_000_000 }), { nil: undefined }),
    // Up to the milliseconds since 1970, where the clock's own digits are as coarse as a fast bucket's delays.
    fc.oneof(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.double({ min: 1e12, max: 2e12, noNaN: true })),
    fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 50 }),
    (bytesPerSecond, burstBytes, startMs, sizes) => {
      const parent = new TokenBucket({ bytesPerSecond: bytesPerSecond * 1.5 });
      const options = burstBytes === undefined ? {} : { burstBytes };
      const bucket = new TokenBucket({ bytesPerSecond, parent, ...options });
      expect(sendThrough(bucket, sizes, startMs, Infinity)).toHaveLength(sizes.length);
    },
  );
  fc.assert(property, { numRuns: 500 });
});

it('what counts as nothing stays in the books: a million roundings do not add up', () => {
  const bucket = new TokenBucket({ bytesPerSecond: 1_000_000 / 3, burstBytes: 10 });
  let nowMs = 0;
  let passed = 0;
  for (let i = 0; i < 1_000_000; i += 1) {
    nowMs += Math.max(0, bucket.delayMs(1, nowMs) - 0.0014); // always too early by what is just tolerated
    if (bucket.take(1, nowMs)) passed += 1;
  }
  expect(passed).toBeGreaterThan(900_000);
  expect(passed).toBeLessThanOrEqual(10 + TOLERANCE_BYTES + (bucket.bytesPerSecond * nowMs) / 1000);
});

describe('something larger than the burst', () => {
  it('passes when the bucket is full, and what follows waits for the debt', () => {
    const bucket = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 100 });
    expect(bucket.take(1000, 0)).toBe(true);
    expect(bucket.delayMs(1, 0)).toBe(901);
    expect(bucket.take(1, 900)).toBe(false);
    expect(bucket.take(1, 901)).toBe(true);
  });

  it('waits until the bucket is full', () => {
    const bucket = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 100 });
    bucket.spend(40, 0);
    expect(bucket.delayMs(1_000_000, 0)).toBe(40);
  });
});

it('spend takes what has passed already, into debt if need be', () => {
  const bucket = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 100 });
  bucket.spend(600, 0);
  expect(bucket.delayMs(100, 0)).toBe(600);
  expect(bucket.delayMs(100, 250)).toBe(350);
});

it('a refused take takes nothing', () => {
  const bucket = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 100 });
  bucket.spend(50, 0);
  for (let i = 0; i < 10; i += 1) expect(bucket.take(60, 0)).toBe(false);
  expect(bucket.take(50, 0)).toBe(true);
});

it('a clock that stands still or a time that is past earns nothing', () => {
  const bucket = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 100 });
  bucket.spend(100, 1000);
  expect(bucket.delayMs(100, 1000)).toBe(100);
  expect(bucket.delayMs(100, 500)).toBe(100);
  expect(bucket.delayMs(100, 1100)).toBe(0);
});

describe('a parent', () => {
  it('must have enough as well, and a refusal takes nothing from either', () => {
    const parent = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 100 });
    const bucket = new TokenBucket({ bytesPerSecond: 1_000_000, burstBytes: 1000, parent });
    parent.spend(50, 0);
    expect(bucket.take(80, 0)).toBe(false);
    expect(bucket.delayMs(80, 0)).toBe(30);
    expect(parent.delayMs(50, 0)).toBe(0);
    expect(bucket.take(50, 0)).toBe(true);
    expect(parent.delayMs(1, 0)).toBe(1);
  });

  it('is not charged for what the child refuses', () => {
    const parent = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 100 });
    const bucket = new TokenBucket({ bytesPerSecond: 1, burstBytes: 10, parent });
    bucket.spend(10, 0);
    expect(bucket.take(5, 0)).toBe(false);
    expect(parent.delayMs(90, 0)).toBe(0);
    expect(parent.delayMs(91, 0)).toBe(1);
  });

  it('of a parent is charged too, and the longest delay counts', () => {
    const top = new TokenBucket({ bytesPerSecond: 10, burstBytes: 100 });
    const middle = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 100, parent: top });
    const bucket = new TokenBucket({ bytesPerSecond: 100, burstBytes: 100, parent: middle });
    bucket.spend(100, 0);
    expect([bucket, middle, top].map((level) => level.delayMs(10, 0))).toEqual([1000, 1000, 1000]);
    expect(bucket.delayMs(50, 1000)).toBe(4000);
  });

  it('bounds its children together', () => {
    const parent = new TokenBucket({ bytesPerSecond: 100_000, burstBytes: 1000 });
    const children = Array.from({ length: 3 }, () => new TokenBucket({ bytesPerSecond: 80_000, parent }));
    let passed = 0;
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 1) {
      for (const child of children) while (child.take(100, nowMs)) passed += 100;
    }
    expect(passed).toBeLessThanOrEqual(1_001_000 + TOLERANCE_BYTES);
    expect(passed).toBeGreaterThan(1_001_000 - 400);
  });
});

describe('setRate', () => {
  it('holds from its time on: what was earned before is earned at the old rate', () => {
    const bucket = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 1000 });
    bucket.spend(1000, 0);
    bucket.setRate(100, 500);
    expect(bucket.bytesPerSecond).toBe(100);
    expect(bucket.take(500, 500)).toBe(true);
    expect(bucket.delayMs(100, 500)).toBe(1000);
  });

  it('lets a debt stay, to be paid at the new rate', () => {
    const bucket = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 100 });
    bucket.spend(1100, 0);
    bucket.setRate(10_000, 0);
    expect(bucket.delayMs(100, 0)).toBe(110);
  });

  it('adapts a burst that follows the rate, and cuts the tokens to it', () => {
    const bucket = new TokenBucket({ bytesPerSecond: 9_000_000 });
    bucket.setRate(1_000_000, 0);
    expect(bucket.burstBytes).toBe(20_000);
    expect(bucket.take(20_000, 0)).toBe(true);
    expect(bucket.take(1, 0)).toBe(false);
    bucket.setRate(1, 0);
    expect(bucket.burstBytes).toBe(4096);
  });

  it('leaves a burst that was given', () => {
    const bucket = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 7 });
    bucket.setRate(9_000_000, 0);
    expect(bucket.burstBytes).toBe(7);
  });

  it.each([0, 0.5, -5, NaN])('refuses %d and leaves the rate as it was', (rate) => {
    const bucket = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 100 });
    bucket.spend(100, 0);
    expect(() => bucket.setRate(rate, 0)).toThrow(
      new RangeError(`bytesPerSecond must be a number from 1 to Infinity, got ${rate}`),
    );
    expect(bucket.bytesPerSecond).toBe(1000);
    expect(bucket.delayMs(100, 0)).toBe(100);
  });
});

describe('Infinity', () => {
  it('lets everything through at once', () => {
    const bucket = new TokenBucket({ bytesPerSecond: Infinity });
    for (let i = 0; i < 1000; i += 1) expect(bucket.take(1e12, 0)).toBe(true);
    expect(bucket.delayMs(1e15, 0)).toBe(0);
  });

  it('with a burst lets everything through as well', () => {
    const bucket = new TokenBucket({ bytesPerSecond: Infinity, burstBytes: 10 });
    for (let i = 0; i < 1000; i += 1) expect(bucket.take(1e12, 0)).toBe(true);
  });

  it('still leaves the parent its say', () => {
    const parent = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 100 });
    const bucket = new TokenBucket({ bytesPerSecond: Infinity, parent });
    expect(bucket.take(100, 0)).toBe(true);
    expect(bucket.delayMs(50, 0)).toBe(50);
  });

  it('can be left and entered: a limit holds from then on, and no number turns into NaN', () => {
    const bucket = new TokenBucket({ bytesPerSecond: Infinity });
    bucket.spend(1e9, 0);
    bucket.setRate(1_000_000, 5);
    expect(bucket.take(20_000, 5)).toBe(true);
    expect(bucket.delayMs(20_000, 5)).toBe(20);
    bucket.setRate(Infinity, 6);
    expect(bucket.take(1e9, 6)).toBe(true);
    bucket.setRate(1_000_000, 7);
    expect(bucket.take(20_000, 7)).toBe(true);
    expect(bucket.delayMs(20_000, 7)).toBe(20);
  });
});
