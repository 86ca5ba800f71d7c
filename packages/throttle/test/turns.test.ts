import { describe, expect, it, vi } from 'vitest';
import { TokenBucket } from '../src/index.ts';
import { Reservoir } from '../src/reservoir.ts';
import { expectAbout, RATE, startSender, startSenders } from './backlogged-senders.ts';
import { runUntil } from './virtual-senders.ts';

describe('who waits', () => {
  it('has its turn kept until 20 ms after it was to come back, and not longer', () => {
    const parent = new TokenBucket({ bytesPerSecond: RATE, burstBytes: 100_000 });
    const [absent, present] = [1, 1].map((weight) => new TokenBucket({ bytesPerSecond: Infinity, parent, weight }));
    present!.spend(101_000, 0);
    expect(absent!.delayMs(1, 0)).toBe(1.001);
    expect(present!.delayMs(1, 21)).toBeGreaterThan(0);
    expect(present!.delayMs(1, 21.002)).toBe(0);
  });

  it('is left what it needs to catch up, and no more', () => {
    const parent = new TokenBucket({ bytesPerSecond: RATE, burstBytes: 100_000 });
    const [absent, present] = [1, 1].map((weight) => new TokenBucket({ bytesPerSecond: Infinity, parent, weight }));
    parent.spend(101_000, 0);
    expect(absent!.delayMs(1, 0)).toBe(1.001);
    const sender = startSender(present!);
    runUntil(21, [sender]);
    expectAbout(sender.bytesBetween(0, 21), 10_000);
  });

  it('for others is told a millisecond at least: what they leave is not known to the byte', () => {
    const parent = new TokenBucket({ bytesPerSecond: RATE, burstBytes: 1000 });
    const [first, second] = [1, 1].map((weight) => new TokenBucket({ bytesPerSecond: Infinity, parent, weight }));
    second!.spend(500, 0);
    parent.spend(500, 0);
    expect(first!.delayMs(1, 0)).toBe(0.001);
    expect(second!.delayMs(1, 0.1)).toBe(1);
  });

  it('is told at most 10 ms more than the rate alone takes', () => {
    const { parent, senders } = startSenders(1, 1, 1, 1, 1, 1, 1, 1);
    runUntil(1000, senders);
    for (const { bucket } of senders) {
      bucket.spend(50_000, 1000);
      const aloneMs = parent.delayMs(1, 1000);
      expect(bucket.delayMs(1, 1000)).toBeGreaterThan(aloneMs);
      expect(bucket.delayMs(1, 1000)).toBeLessThanOrEqual(aloneMs + 10);
    }
  });

  it('and is let pass, but has nothing to send any more, gives up its turn', () => {
    const parent = new TokenBucket({ bytesPerSecond: RATE, burstBytes: 1000 });
    const [first, second] = [1, 1].map((weight) => new TokenBucket({ bytesPerSecond: Infinity, parent, weight }));
    second!.spend(1000, 0);
    expect(first!.delayMs(1, 0)).toBeGreaterThan(0);
    expect(second!.delayMs(1, 0.5)).toBeGreaterThan(0);
    expect(first!.delayMs(1, 0.5)).toBe(0);
    expect(second!.delayMs(1, 0.5)).toBe(0);
  });

  it('waits behind those that wait already and have passed as much', () => {
    const parent = new TokenBucket({ bytesPerSecond: RATE });
    const [first, second, third] = [1, 1, 1].map(() => new TokenBucket({ bytesPerSecond: Infinity, parent }));
    third!.spend(21_000, 0);
    for (const bucket of [first, second]) expect(bucket!.delayMs(1, 0)).toBeGreaterThan(0);
    expect(second!.delayMs(1, 2)).toBeGreaterThan(0);
    expect(first!.delayMs(1, 2)).toBe(0);
  });

  it('lets what is above it wait too, until the last one below it has passed', () => {
    const total = new TokenBucket({ bytesPerSecond: RATE });
    const session = new TokenBucket({ bytesPerSecond: Infinity, parent: total });
    const [first, second] = [1, 1].map(() => new TokenBucket({ bytesPerSecond: Infinity, parent: session }));
    const other = new TokenBucket({ bytesPerSecond: Infinity, parent: total });
    other.spend(50_000, 0);
    for (const bucket of [first, second]) expect(bucket!.delayMs(1, 0)).toBeGreaterThan(0);
    expect(first!.take(1, 31)).toBe(true);
    expect(other.delayMs(1, 31)).toBeGreaterThan(0);
    expect(second!.take(1, 31)).toBe(true);
    expect(other.delayMs(1, 31)).toBe(0);
  });

  it('and is in debt at its own rate takes nothing of what is kept for others', () => {
    const total = new TokenBucket({ bytesPerSecond: RATE });
    const session = new TokenBucket({ bytesPerSecond: 1000, parent: total, weight: 1000 });
    const [first, second] = [1, 1].map(() => new TokenBucket({ bytesPerSecond: Infinity, parent: session }));
    const [present, absent] = [1, 1].map(() => new TokenBucket({ bytesPerSecond: Infinity, parent: total }));
    total.spend(20_000, 0);
    present!.spend(5000, 0);
    for (const bucket of [first, absent]) expect(bucket!.delayMs(1, 0)).toBeGreaterThan(0);
    second!.spend(10_000, 0);
    expect(total.delayMs(1, 17)).toBe(0);
    expect(present!.delayMs(1, 17)).toBeGreaterThan(0);
  });

  it('in a crowd is told more, so that no more than ten a millisecond look', () => {
    const { parent, senders } = startSenders(...Array<number>(400).fill(1));
    runUntil(1000, senders);
    expect(senders[0]!.bucket.delayMs(1, 1000)).toBeLessThanOrEqual(parent.delayMs(1, 1000) + 40);
    runUntil(2000, senders);
    const askCount = senders.reduce((sum, sender) => sum + sender.askCount, 0);
    // And two for each of 2,000 frames: one that lets it pass, and one after it.
    expect(askCount).toBeLessThan(20_000 + 4000);
  });

  it('holds nobody up once the parent is full: more tokens would be lost', () => {
    const parent = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 100 });
    const [first, second] = [1, 1].map((weight) => new TokenBucket({ bytesPerSecond: Infinity, parent, weight }));
    second!.spend(150, 0);
    expect(first!.delayMs(100, 0)).toBe(150);
    expect(second!.delayMs(1, 149)).toBeGreaterThan(0);
    expect(second!.delayMs(1, 150)).toBe(0);
  });

  it('for its own rate is not waited for', () => {
    const parent = new TokenBucket({ bytesPerSecond: RATE });
    const slow = new TokenBucket({ bytesPerSecond: 1000, parent, weight: 1000 });
    slow.spend(5000, 0);
    expect(slow.delayMs(1, 0)).toBeGreaterThan(900);
    const sender = startSender(new TokenBucket({ bytesPerSecond: Infinity, parent }));
    runUntil(100, [sender]);
    expectAbout(sender.bytesBetween(-1, 100), 115_000);
  });
});

describe('a bucket that is detached', () => {
  it('leaves its share to the others, even if it was its turn', () => {
    const { parent, senders } = startSenders(1, 1);
    runUntil(1000, senders);
    const [leaving, staying] = senders.map(({ bucket }) => bucket);
    staying!.spend(10_000, 1000);
    parent.spend(10_000, 1000);
    leaving!.delayMs(1, 1000);
    const aloneMs = parent.delayMs(1, 1000);
    expect(staying!.delayMs(1, 1000)).toBeGreaterThan(aloneMs);
    leaving!.detach(1000);
    expect(staying!.delayMs(1, 1000)).toBe(aloneMs);
  });

  it('is limited by its own rate alone, and charges nobody', () => {
    const parent = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 100 });
    const bucket = new TokenBucket({ bytesPerSecond: 10_000, burstBytes: 500, parent });
    const below = new TokenBucket({ bytesPerSecond: Infinity, parent: bucket });
    expect(bucket.parent).toBe(parent);
    bucket.detach(0);
    bucket.detach(0);
    expect(bucket.parent).toBeUndefined();
    expect(below.take(500, 0)).toBe(true);
    expect(below.delayMs(100, 0)).toBe(10);
    expect(parent.take(100, 0)).toBe(true);
    bucket.setWeight(2, 0);
    expect(bucket.weight).toBe(2);
  });

  it('takes what waits below it along', () => {
    const total = new TokenBucket({ bytesPerSecond: RATE });
    const session = new TokenBucket({ bytesPerSecond: Infinity, parent: total });
    const outgoing = new TokenBucket({ bytesPerSecond: Infinity, parent: session });
    const other = new TokenBucket({ bytesPerSecond: Infinity, parent: total });
    total.spend(20_000, 0);
    other.spend(10_000, 0);
    expect(outgoing.delayMs(1, 0)).toBe(10.001);
    expect(other.delayMs(1, 0)).toBeGreaterThan(10.001);
    session.detach(0);
    expect(other.delayMs(1, 0)).toBe(10.001);
    expect(outgoing.delayMs(1, 0)).toBe(0);
  });
});

describe('10,000 buckets that want nothing', () => {
  const idlers: [string, (bucket: TokenBucket) => void][] = [
    ['and never did', () => {}],
    ['and once did', (bucket) => bucket.spend(10, 0)],
    ['and waited in vain', (bucket) => bucket.delayMs(1_000_000, 0)],
  ];

  it.each(idlers)('%s, add no burst and cost no look at them', (_name, use) => {
    const parent = new TokenBucket({ bytesPerSecond: RATE, burstBytes: 20_000 });
    parent.spend(19_000, 0);
    const idle = Array.from({ length: 10_000 }, () => new TokenBucket({ bytesPerSecond: Infinity, parent }));
    for (const bucket of idle) use(bucket);
    const bucket = new TokenBucket({ bytesPerSecond: Infinity, parent });
    const nowMs = 1_000_000;
    let passedBytes = 0;
    while (bucket.take(100, nowMs)) passedBytes += 100;
    expect(passedBytes).toBe(20_000);

    const looks = vi.spyOn(Reservoir.prototype, 'refill');
    bucket.delayMs(100, nowMs + 1);
    // Its own reservoir and its parent's.
    expect(looks).toHaveBeenCalledTimes(2);
    looks.mockRestore();
  });
});
