import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../src/index.ts';
import { fairShares, leaf, leavesOf, node, plantBuckets, type TrafficNode } from './traffic-tree.ts';
import { lateBy, type Passage, runUntil, sendersOf, sumOf, VirtualSender } from './virtual-senders.ts';

/** What an access may be off by: fewer missing bytes than this count as none. */
const TOLERANCE_BYTES = 0.5;

const weight = fc.constantFrom(0.5, 1, 1, 2, 3, 4);

/** A tree of two to four levels below a total, with rates as a part of it. */
function trafficTree(totalBytesPerSecond: number): fc.Arbitrary<TrafficNode> {
  const part = (min: number, max: number) =>
    fc.double({ min, max, noNaN: true }).map((factor) => factor * totalBytesPerSecond);
  const ownRate = fc.option(part(0.1, 1), { nil: Infinity, freq: 1 });
  const { tree } = fc.letrec<{ leaf: TrafficNode; inner: TrafficNode; tree: TrafficNode }>((tie) => ({
    leaf: fc.record({
      bytesPerSecond: ownRate,
      weight,
      children: fc.constant([]),
      demand: fc.oneof({ weight: 3, arbitrary: fc.constant(Infinity) }, fc.constant(0), part(0.02, 0.6)),
      frameBytes: fc.integer({ min: 200, max: 1000 }),
    }),
    inner: fc
      .tuple(ownRate, fc.array(tie('tree'), { minLength: 1, maxLength: 4 }), weight)
      .map(([bytesPerSecond, children, ownWeight]) => node(bytesPerSecond, children, ownWeight)),
    tree: fc.oneof({ maxDepth: 2 }, tie('leaf'), tie('inner')),
  }));
  return fc
    .array(tree, { minLength: 2, maxLength: 4 })
    .map((children) => node(totalBytesPerSecond, children))
    .filter((root) => leavesOf(root).some(({ demand }) => demand > 0));
}

describe('any tree', () => {
  it('is divided as the reference divides it, within 2 % and two frames, with timers up to 3 ms late', () => {
    const property = fc.property(trafficTree(1_000_000), fc.constantFrom(0, 1, 3), (tree, latenessMs) => {
      const senders = sendersOf(tree, lateBy(latenessMs));
      runUntil(4500, senders);
      const leaves = leavesOf(tree);
      for (const [index, bytesPerSecond] of fairShares(tree).entries()) {
        const expected = 4 * bytesPerSecond;
        const passed = senders[index]?.bytesBetween(500, 4500) ?? 0;
        const allowed = 0.02 * expected + 2 * leaves[index]!.frameBytes;
        expect(Math.abs(passed - expected), `leaf ${index}: ${passed} instead of ${expected}`).toBeLessThan(allowed);
      }
    });
    fc.assert(property, { numRuns: 40 });
  });

  it('does not make its callers spin: who waits as long as told gets further', () => {
    const property = fc.property(trafficTree(1_000_000), (tree) => {
      const senders = sendersOf(tree).filter((sender) => sender !== undefined);
      const asksInVain = new Map<VirtualSender, number>();
      let passedMs = 0;
      for (;;) {
        const sender = senders.reduce((first, other) => (other.nextMs < first.nextMs ? other : first));
        const { nextMs: nowMs, askCount, passages } = sender;
        if (nowMs > 500) return;
        const passageCount = passages.length;
        sender.act();
        expect(sender.nextMs).toBeGreaterThan(nowMs);
        if (passages.length > passageCount) {
          passedMs = nowMs;
          asksInVain.clear();
        } else if (sender.askCount > askCount) {
          const count = (asksInVain.get(sender) ?? 0) + 1;
          asksInVain.set(sender, count);
          expect(count).toBeLessThanOrEqual(5 + (nowMs - passedMs) / 8);
        }
      }
    });
    fc.assert(property, { numRuns: 40 });
  });
});

describe('no bucket of a tree lets more pass, in any interval, than its rate and its burst', () => {
  const step = fc.record({
    leaf: fc.nat(20),
    bytes: fc.integer({ min: 1, max: 20_000 }),
    pauseMs: fc.oneof(fc.constant(0), fc.nat(30)),
  });
  const ways: [string, number, (bucket: TokenBucket, bytes: number, nowMs: number) => boolean][] = [
    ['by take', 0, (bucket, bytes, nowMs) => bucket.take(bytes, nowMs)],
    [
      'and one frame more, by frames that leave when it is out of debt',
      1,
      (bucket, bytes, nowMs) => {
        const mayPass = bucket.delayMs(1, nowMs) === 0;
        if (mayPass) bucket.spend(bytes, nowMs);
        return mayPass;
      },
    ],
  ];
  it.each(ways)('%s', (_way, extraFrames, pass) => {
    const property = fc.property(
      trafficTree(100_000),
      fc.array(step, { minLength: 1, maxLength: 60 }),
      (tree, steps) => {
        const { leaves } = plantBuckets(tree);
        const passagesOf = new Map<TokenBucket, Passage[]>();
        let nowMs = 0;
        for (const { leaf: number, bytes, pauseMs } of steps) {
          nowMs += pauseMs;
          const bucket = leaves[number % leaves.length]!;
          if (!pass(bucket, bytes, nowMs)) continue;
          for (const above of pathOf(bucket)) {
            passagesOf.set(above, [...(passagesOf.get(above) ?? []), { atMs: nowMs, bytes }]);
          }
        }
        const largest = Math.max(...steps.map(({ bytes }) => bytes));
        for (const [{ bytesPerSecond, burstBytes }, passages] of passagesOf) {
          if (bytesPerSecond === Infinity) continue;
          const atOnce = extraFrames === 0 ? Math.max(burstBytes, largest) : burstBytes + largest;
          expectBound(passages, bytesPerSecond, atOnce + TOLERANCE_BYTES + 1e-6);
        }
      },
    );
    fc.assert(property, { numRuns: 100 });
  });
});

it('one alone among idle ones gets the rate to 0.1 %, whatever its weight, with timers up to 15 ms late', () => {
  const property = fc.property(
    fc.integer({ min: 50_000, max: 100_000_000 }),
    fc.double({ min: 0.01, max: 100, noNaN: true }),
    fc.double({ min: 0.05, max: 0.5, noNaN: true }),
    fc.nat(3),
    fc.integer(),
    (bytesPerSecond, ownWeight, frameShare, depth, seed) => {
      const top = new TokenBucket({ bytesPerSecond });
      let bucket = top;
      for (let level = 0; level <= depth; level += 1) {
        const parent = bucket;
        const siblings = Array.from({ length: 3 }, () => new TokenBucket({ bytesPerSecond: Infinity, parent }));
        siblings[0]!.spend(100, 0);
        siblings[1]!.delayMs(1, 0);
        bucket = new TokenBucket({ bytesPerSecond: Infinity, parent, weight: ownWeight });
      }
      const frameBytes = Math.ceil(frameShare * top.burstBytes);
      const sender = new VirtualSender(bucket, leaf({ frameBytes }), 0, lateBy(15, seed));
      runUntil(120_000, [sender]);
      const expected = 120 * bytesPerSecond;
      expect(Math.abs(sumOf(sender.passages) - expected)).toBeLessThan(0.001 * expected);
    },
  );
  fc.assert(property, { numRuns: 20 });
});

/** A bucket and all that are above it. */
function* pathOf(start: TokenBucket): Generator<TokenBucket> {
  for (let bucket: TokenBucket | undefined = start; bucket !== undefined; bucket = bucket.parent) yield bucket;
}

function expectBound(passages: readonly Passage[], bytesPerSecond: number, atOnceBytes: number): void {
  for (const [first, { atMs: fromMs }] of passages.entries()) {
    let bytes = 0;
    for (const { atMs, bytes: passed } of passages.slice(first)) {
      bytes += passed;
      expect(bytes).toBeLessThanOrEqual(atOnceBytes + (bytesPerSecond * (atMs - fromMs)) / 1000);
    }
  }
}
