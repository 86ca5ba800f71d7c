import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../src/index.ts';
import { expectAbout, RATE, startSender, startSenders } from './backlogged-senders.ts';
import { leaf, node, type TrafficNode } from './traffic-tree.ts';
import { lateBy, runUntil, sendersOf, VirtualSender } from './virtual-senders.ts';

describe('a rate is shared', () => {
  const small = leaf({ demand: 50_000, frameBytes: 500 });
  it.each<[string, TrafficNode, number[]]>([
    ['by one alone', node(RATE, [leaf()]), [1_000_000]],
    ['in equal parts', node(RATE, [leaf(), leaf(), leaf(), leaf()]), [250_000, 250_000, 250_000, 250_000]],
    ['by weights', node(RATE, [leaf({ weight: 3 }), leaf(), leaf({ weight: 0.5 })]), [666_667, 222_222, 111_111]],
    [
      'whatever the size of frames',
      node(RATE, [leaf({ frameBytes: 8000 }), leaf({ frameBytes: 64 })]),
      [500_000, 500_000],
    ],
    [
      'beside one that sends nothing',
      node(RATE, [leaf({ demand: 0, weight: 9 }), leaf(), leaf()]),
      [0, 500_000, 500_000],
    ],
    ['beside some that send little', node(RATE, [small, small, leaf(), leaf()]), [50_000, 50_000, 450_000, 450_000]],
    [
      'beside one of a rate of its own',
      node(RATE, [leaf({ bytesPerSecond: 100_000, weight: 5 }), leaf(), leaf({ weight: 2 })]),
      [100_000, 300_000, 600_000],
    ],
    [
      'by two directions of an unlimited session',
      node(RATE, [node(Infinity, [leaf(), leaf()]), leaf()]),
      [250_000, 250_000, 500_000],
    ],
    [
      'below a limited session',
      node(RATE, [node(300_000, [leaf(), leaf({ weight: 2 })]), leaf()]),
      [100_000, 200_000, 700_000],
    ],
    [
      'below an unlimited total',
      node(Infinity, [node(300_000, [leaf(), leaf()]), node(RATE, [leaf()])]),
      [150_000, 150_000, 1_000_000],
    ],
    [
      'on three levels',
      node(RATE, [
        node(Infinity, [node(200_000, [leaf(), leaf()]), leaf({ weight: 2 })], 3),
        node(500_000, [small, leaf()]),
      ]),
      [100_000, 100_000, 550_000, 50_000, 200_000],
    ],
  ])('%s, with exact timers and with late ones', (_name, tree, expected) => {
    for (const latenessMs of [0, 3]) {
      const senders = sendersOf(tree, lateBy(latenessMs));
      runUntil(5500, senders);
      for (const [index, bytesPerSecond] of expected.entries()) {
        expectAbout(senders[index]?.bytesBetween(500, 5500) ?? 0, 5 * bytesPerSecond);
      }
    }
  });
});

it('nothing of a rate is lost, even if all timers are late: what is kept for one is no more than it may take', () => {
  const limited = node(300_000, [leaf(), leaf(), leaf()], 8);
  const small = Array.from({ length: 4 }, () => leaf({ demand: 1000, frameBytes: 50 }));
  const senders = sendersOf(node(RATE, [limited, leaf(), ...small]), lateBy(15));
  runUntil(21_000, senders);
  const passed = senders.map((sender) => sender?.bytesBetween(1000, 21_000) ?? 0);
  expectAbout(
    passed.reduce((sum, bytes) => sum + bytes),
    20 * RATE,
  );
});

describe('a share', () => {
  it('goes to the others as soon as it is not wanted any more', () => {
    const { senders } = startSenders(1, 1, 2);
    runUntil(1000, senders);
    senders[2]!.isStopped = true;
    runUntil(2050, senders);
    for (const sender of senders.slice(0, 2)) expectAbout(sender.bytesBetween(1050, 2050), 500_000);
  });

  it('is there as soon as it is wanted', () => {
    const { parent, senders } = startSenders(1, 1);
    runUntil(1000, senders);
    senders.push(startSender(new TokenBucket({ bytesPerSecond: Infinity, parent, weight: 2 }), 1000));
    runUntil(2050, senders);
    expectAbout(senders[2]!.bytesBetween(1050, 2050), 500_000);
    expect(senders[2]!.passages[0]!.atMs).toBeLessThan(1010);
  });

  it('is there beside one that waits for its own rate all the time', () => {
    const { parent, senders } = startSenders(1);
    senders.push(startSender(new TokenBucket({ bytesPerSecond: 1000, burstBytes: 1, parent })));
    runUntil(3000, senders);
    senders.push(startSender(new TokenBucket({ bytesPerSecond: Infinity, parent }), 3000));
    runUntil(4000, senders);
    expectAbout(senders[0]!.bytesBetween(3000, 4000), 499_500);
    expectAbout(senders[2]!.bytesBetween(3000, 4000), 499_500);
  });

  it('is not saved up: a long pause earns a few milliseconds of the rate, and no burst beside that of the parent', () => {
    const { parent, senders } = startSenders(1);
    const resting = startSender(new TokenBucket({ bytesPerSecond: Infinity, parent }), 60_000);
    runUntil(59_000, senders);
    runUntil(60_100, [...senders, resting]);
    expect(resting.bytesBetween(0, 60_100)).toBeLessThan(50_000 + 5000 + 2000);
    expectAbout(resting.bytesBetween(0, 60_100) + senders[0]!.bytesBetween(60_000, 60_100), 100_000);
  });

  it('is not saved up below a small share either', () => {
    const parent = new TokenBucket({ bytesPerSecond: RATE, burstBytes: 400_000 });
    const [small, large] = [1, 9].map((weight) => new TokenBucket({ bytesPerSecond: Infinity, parent, weight }));
    const [first, second] = [0, 5000].map((startMs) =>
      startSender(new TokenBucket({ bytesPerSecond: Infinity, parent: small! }), startMs),
    );
    runUntil(6000, [startSender(large!), first!, second!]);
    // The one that comes later may catch up on a quarter of the burst of the small share, 10,000 bytes at most.
    expect(first!.bytesBetween(5000, 6000)).toBeGreaterThan(50_000 - 10_000);
  });

  it('is kept over the short pauses of a sender that is busy with what it has sent', () => {
    const parent = new TokenBucket({ bytesPerSecond: 100 * RATE });
    const [bucket, otherBucket] = [1, 1].map(() => new TokenBucket({ bytesPerSecond: Infinity, parent }));
    const lateMs = lateBy(1.5);
    const other = new VirtualSender(otherBucket!, leaf({ frameBytes: 16_384 }), 0, lateMs);
    let passedBytes = 0;
    for (let nowMs = 0; nowMs < 2000;) {
      runUntil(nowMs, [other]);
      let delayMs = 0;
      for (let frames = 0; frames < 4 && delayMs === 0; frames += 1) {
        delayMs = bucket!.delayMs(1, nowMs);
        if (delayMs > 0) break;
        bucket!.spend(16_384, nowMs);
        passedBytes += 16_384;
      }
      // After four frames it does not say that it wants more, for 1 ms.
      nowMs += delayMs > 0 ? delayMs + lateMs() : 1;
    }
    expectAbout(passedBytes, 100_000_000);
  });

  it('is charged for what was taken without asking', () => {
    const { senders } = startSenders(1, 1);
    senders[0]!.bucket.spend(200_000, 0);
    runUntil(1000, senders);
    // With the burst, 1,020,000 bytes have passed.
    expectAbout(senders[0]!.bytesBetween(-1, 1000), 310_000);
    expectAbout(senders[1]!.bytesBetween(-1, 1000), 510_000);
  });

  it('is not charged any more for what is paid: the parent has been full since', () => {
    const { senders } = startSenders(1, 10);
    senders[0]!.bucket.spend(64_000, 0);
    // 64,000 bytes of the one would be 640,000 of the other, and so 640 ms.
    senders[0]!.nextMs = 201;
    senders[1]!.nextMs = 200;
    runUntil(1201, senders);
    expectAbout(senders[0]!.bytesBetween(200, 1201), 1_000_000 / 11);
  });

  it('of bytes that come in, and are only counted, is a share like any other', () => {
    const total = new TokenBucket({ bytesPerSecond: RATE });
    const session = new TokenBucket({ bytesPerSecond: Infinity, parent: total });
    const outgoing = startSender(new TokenBucket({ bytesPerSecond: Infinity, parent: session }));
    const incoming = new TokenBucket({ bytesPerSecond: Infinity, parent: session });
    for (let nowMs = 0; nowMs < 2000; nowMs += 10) {
      runUntil(nowMs, [outgoing]);
      incoming.spend(3000, nowMs);
    }
    expectAbout(outgoing.bytesBetween(0, 2000), 1_400_000);
    expect(total.delayMs(1, 2000)).toBeLessThan(5);
  });
});

describe('a change', () => {
  it('of weights holds from then on', () => {
    const { senders } = startSenders(1, 1);
    runUntil(1000, senders);
    senders[0]!.bucket.setWeight(3, 1000);
    expect(senders[0]!.bucket.weight).toBe(3);
    runUntil(3000, senders);
    expectAbout(senders[0]!.bytesBetween(1000, 3000), 1_500_000);
    expectAbout(senders[1]!.bytesBetween(1000, 3000), 500_000);
  });

  it('of weights leaves what was taken before as many bytes as it was', () => {
    const { senders } = startSenders(1, 1);
    senders[0]!.bucket.spend(100_000, 0);
    senders[0]!.bucket.setWeight(100, 0);
    runUntil(1000, senders);
    expectAbout(senders[0]!.bytesBetween(0, 1000), (1_020_000 * 100) / 101 - 100_000);
  });

  it.each([0, -1, NaN, Infinity])('to a weight of %d is refused', (weight) => {
    const bucket = new TokenBucket({ bytesPerSecond: 1000, weight: 2 });
    const message = `weight must be a number from 0.000001 to 1000000, got ${weight}`;
    expect(() => bucket.setWeight(weight, 0)).toThrow(new RangeError(message));
    expect(bucket.weight).toBe(2);
  });

  it('of the parent holds for all below, at once', () => {
    const { parent, senders } = startSenders(1, 1);
    runUntil(1000, senders);
    parent.setRate(4_000_000, 1000);
    runUntil(2000, senders);
    for (const sender of senders) expectAbout(sender.bytesBetween(1010, 2000), 1_980_000);
    parent.setRate(100_000, 2000);
    runUntil(3000, senders);
    for (const sender of senders) expectAbout(sender.bytesBetween(2000, 3000), 52_000);
  });

  it('of one of them leaves the rest to the others', () => {
    const { senders } = startSenders(1, 1);
    runUntil(1000, senders);
    senders[0]!.bucket.setRate(100_000, 1000);
    runUntil(2000, senders);
    expectAbout(senders[0]!.bytesBetween(1000, 2000), 100_000);
    expectAbout(senders[1]!.bytesBetween(1000, 2000), 900_000);
  });

  it('to no limit and back keeps the shares', () => {
    const { parent, senders } = startSenders(1, 3);
    runUntil(1000, senders);
    parent.setRate(Infinity, 1000);
    for (const { bucket } of senders) {
      for (let count = 0; count < 1000; count += 1) expect(bucket.take(1_000_000, 1001)).toBe(true);
    }
    parent.setRate(RATE, 1002);
    for (const sender of senders) sender.nextMs = 1002;
    runUntil(3052, senders);
    expectAbout(senders[0]!.bytesBetween(1052, 3052), 500_000);
    expectAbout(senders[1]!.bytesBetween(1052, 3052), 1_500_000);
  });
});
