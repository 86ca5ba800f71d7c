import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { SharedRate, TokenBucket } from '../src/index.ts';
import { expectAbout, RATE, startSender } from './backlogged-senders.ts';
import { fairShares, leaf, leavesOf, node, plantBuckets, type TrafficNode } from './traffic-tree.ts';
import { lateBy, runUntil, VirtualSender } from './virtual-senders.ts';

/** The same with a root that threads share: its children are dealt out to them in turn. */
function sendersOnThreads(tree: TrafficNode, threads: number, latenessMs: () => number): VirtualSender[] {
  const { bytesPerSecond } = tree;
  const { memory } = SharedRate.create({ bytesPerSecond, threads });
  const buckets = Array.from({ length: threads }, (_, thread) => SharedRate.of(memory).bucketOf(thread));
  const leaves = tree.children.flatMap((child, index) => plantBuckets(child, buckets[index % threads]).leaves);
  return leavesOf(tree).map((traffic, index) => new VirtualSender(leaves[index]!, traffic, index * 0.1, latenessMs));
}

describe.each([2, 3])('a rate that %i threads share', (threads) => {
  const small = leaf({ demand: 50_000, frameBytes: 500 });
  it.each<[string, TrafficNode]>([
    ['by one on each', node(RATE, [leaf(), leaf(), leaf()])],
    ['by many on one and few on another', node(RATE, [leaf(), leaf(), node(Infinity, [leaf(), leaf()], 2), leaf()])],
    ['by weights', node(RATE, [leaf({ weight: 3 }), leaf(), leaf({ weight: 0.5 }), leaf({ weight: 2 })])],
    ['whatever the size of frames', node(RATE, [leaf({ frameBytes: 8000 }), leaf({ frameBytes: 64 })])],
    ['beside some that send little', node(RATE, [small, leaf(), small, leaf(), small])],
    ['beside one of a rate of its own', node(RATE, [leaf({ bytesPerSecond: 100_000, weight: 5 }), leaf(), leaf()])],
    ['below limited sessions', node(RATE, [node(300_000, [leaf(), leaf({ weight: 2 })]), leaf(), leaf()])],
    ['without a limit', node(Infinity, [node(300_000, [leaf(), leaf()]), node(RATE, [leaf()])])],
  ])('is divided as on one thread: %s', (_name, tree) => {
    for (const latenessMs of [0, 3]) {
      const senders = sendersOnThreads(tree, threads, lateBy(latenessMs));
      runUntil(5500, senders);
      const shares = fairShares(tree);
      for (const [index, sender] of senders.entries()) expectAbout(sender.bytesBetween(500, 5500), 5 * shares[index]!);
    }
  });
});

it('threads whose clocks begin at different times have the same time', () => {
  const { memory } = SharedRate.create({ bytesPerSecond: RATE, threads: 2 });
  const one = SharedRate.of(memory).bucketOf(0);
  const other = SharedRate.of(memory, 5000).bucketOf(1);
  const senders = [one, other].map((parent) => new TokenBucket({ bytesPerSecond: Infinity, parent }));
  const [first, second] = senders.map((bucket, index) => startSender(bucket, 6000 - index * 5000));
  for (let nowMs = 6000; nowMs < 8000; nowMs += 1) {
    runUntil(nowMs, [first]);
    runUntil(nowMs - 5000, [second]);
  }
  expectAbout(first!.bytesBetween(6500, 7500), 500_000);
  expectAbout(second!.bytesBetween(1500, 2500), 500_000);
});

it('what a thread that has ended waited for goes to the others at once, and another one may take its place', () => {
  const rate = SharedRate.create({ bytesPerSecond: RATE, threads: 2 });
  const senders = [0, 1].map((thread) =>
    startSender(new TokenBucket({ bytesPerSecond: Infinity, parent: rate.bucketOf(thread) })),
  );
  runUntil(1000, senders);
  expectAbout(senders[0]!.bytesBetween(500, 1000), 250_000);
  senders[1]!.isStopped = true;
  rate.release(1);
  runUntil(1500, senders);
  expectAbout(senders[0]!.bytesBetween(1000, 1500), 500_000);
  const next = startSender(new TokenBucket({ bytesPerSecond: Infinity, parent: rate.bucketOf(1) }), 1500);
  runUntil(2500, [senders[0], next]);
  expectAbout(next.bytesBetween(1600, 2500), 450_000);
});

it('a lock whose holder has ended is free again', () => {
  const rate = SharedRate.create({ bytesPerSecond: RATE, threads: 2 });
  new Int32Array(rate.memory)[0] = 2;
  rate.release(0);
  expect(new Int32Array(rate.memory)[0]).toBe(2);
  rate.release(1);
  expect(new Int32Array(rate.memory)[0]).toBe(0);
  rate.bucketOf(0).spend(1, 0);
});

it('a new rate holds for all threads', () => {
  const rate = SharedRate.create({ bytesPerSecond: Infinity, threads: 2 });
  const buckets = [0, 1].map((thread) => SharedRate.of(rate.memory).bucketOf(thread));
  expect(buckets.map((bucket) => bucket.delayMs(1e9, 0))).toEqual([0, 0]);
  rate.setRate(RATE, 0);
  for (const bucket of buckets) expect(bucket.bytesPerSecond).toBe(RATE);
  buckets[0]!.spend(RATE, 0);
  expect(buckets[1]!.delayMs(1, 0)).toBeGreaterThan(900);
  expect(() => {
    rate.setRate(0, 0);
  }).toThrow(RangeError);
  expect(() => SharedRate.create({ bytesPerSecond: NaN, threads: 2 })).toThrow(RangeError);
});

it('threads that take at the same moment are all counted, to the byte', async () => {
  const threads = 3;
  const { memory } = SharedRate.create({ bytesPerSecond: RATE, threads: threads + 1 });
  const spent = await Promise.all(
    Array.from({ length: threads }, async (_, thread) => {
      const workerData = { memory, thread, times: 300_000 };
      const worker = new Worker(new URL('spending-worker.ts', import.meta.url), { workerData });
      const bytes = await new Promise<number>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
      await worker.terminate();
      return bytes;
    }),
  );
  const total = spent.reduce((sum, bytes) => sum + bytes);
  const bucket = SharedRate.of(memory).bucketOf(threads);
  // It was full, and is in debt for all that was taken beyond that.
  expect(bucket.delayMs(1, 0)).toBeCloseTo(((total + 1 - bucket.burstBytes) / RATE) * 1000, 6);
});
