import { describe, expect, it, vi } from 'vitest';
import type { ArrayProgress, LargeArray } from '../src/index.ts';
import { deliverSome } from './port-pair.ts';
import { transferPair, watch } from './transfer-pair.ts';

describe('iterations', () => {
  it('of which there are several share the arrays, each of which goes to one', async () => {
    const { left, right, deliverAll } = await transferPair();
    const taken: [string, LargeArray][] = [];
    const iterate = async (name: string) => {
      for await (const array of right.transfer) {
        taken.push([name, array]);
        if (taken.length > 2) return;
      }
    };
    void iterate('a');
    void iterate('b');
    for (let value = 0; value < 4; value += 1) void left.transfer.send(Uint8Array.of(value));
    await deliverAll();
    expect(taken.map(([, array]) => (array as Uint8Array)[0])).toEqual([0, 1, 2, 3]);
    expect(new Set(taken.map(([name]) => name))).toEqual(new Set(['a', 'b']));
  });

  it('that are left take nothing with them', async () => {
    const { left, right, deliverAll } = await transferPair();
    const sends = [1, 2, 3].map((value) => watch(left.transfer.send(Uint8Array.of(value))));
    await deliverAll();
    for await (const array of right.transfer) {
      expect(array).toEqual(Uint8Array.of(1));
      break;
    }
    await deliverAll();
    expect(sends.map(({ outcome }) => outcome)).toEqual(['resolved', 'pending', 'pending']);
    right.collect();
    await deliverAll();
    expect(right.taken).toEqual([Uint8Array.of(2), Uint8Array.of(3)]);
  });

  it('that are left while they wait end, and what comes then goes to another', async () => {
    const { left, right, deliverAll } = await transferPair();
    const iteration = right.transfer[Symbol.asyncIterator]();
    expect(iteration[Symbol.asyncIterator]()).toBe(iteration);
    const waits = [iteration.next(), iteration.next()];
    expect(await iteration.return!()).toEqual({ done: true, value: undefined });
    expect(await Promise.all(waits)).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
    expect(await iteration.next()).toEqual({ done: true, value: undefined });
    right.collect();
    void left.transfer.send(Uint8Array.of(1));
    await deliverAll();
    expect(right.taken).toEqual([Uint8Array.of(1)]);
  });

  it('may send from within, to a peer that does the same', async () => {
    const { left, right, deliverAll } = await transferPair();
    const counted: number[] = [];
    const echo = async () => {
      for await (const array of right.transfer) await right.transfer.send(array);
    };
    const count = async () => {
      await left.transfer.send(Uint8Array.of(1));
      for await (const array of left.transfer) {
        const [value] = array as Uint8Array;
        counted.push(value!);
        if (value === 5) return;
        await left.transfer.send(Uint8Array.of(value! + 1));
      }
    };
    void echo();
    const done = watch(count());
    await deliverAll();
    expect(done.outcome).toBe('resolved');
    expect(counted).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('progress', () => {
  it('is told of at both ends, for each piece', async () => {
    const told: ArrayProgress[] = [];
    const { left, right, deliverAll } = await transferPair({
      right: { onProgress: (progress) => told.push(progress) },
    });
    right.collect();
    const sent: ArrayProgress[] = [];
    const onProgress = (progress: ArrayProgress) => sent.push(progress);
    void left.transfer.send(new Uint8Array(600_000), { label: 'x', onProgress });
    await deliverSome(left.port, 1 + 3 * 2);
    await deliverAll();
    const moved = (movedBytes: number, direction: string) => ({
      id: 1,
      label: 'x',
      byteLength: 600_000,
      movedBytes,
      direction,
    });
    expect(told).toEqual([262_144, 524_288, 600_000].map((bytes) => moved(bytes, 'incoming')));
    expect(sent).toEqual([0, 262_144, 524_288, 600_000].map((bytes) => moved(bytes, 'outgoing')));
  });

  it('of a small or empty array is told of once, before it is taken', async () => {
    const order: unknown[] = [];
    const { left, right, deliverAll } = await transferPair({
      right: { onProgress: ({ movedBytes }) => order.push(['in', movedBytes, right.taken.length]) },
    });
    right.collect();
    const onProgress = ({ movedBytes }: ArrayProgress) => order.push(['out', movedBytes]);
    void left.transfer.send(new Uint8Array(0), { onProgress }).then(() => order.push('sent'));
    await deliverAll();
    void left.transfer.send(new Uint8Array(9), { onProgress }).then(() => order.push('sent'));
    await deliverAll();
    expect(order).toEqual([['in', 0, 0], ['out', 0], 'sent', ['in', 9, 1], ['out', 9], 'sent']);
  });
});

it('what a callback throws is thrown on its own, and disturbs no array', async () => {
  const thrown: unknown[] = [];
  vi.stubGlobal('queueMicrotask', (run: () => void) => {
    try {
      run();
    } catch (error) {
      thrown.push((error as Error).message);
    }
  });
  const fail = (name: string) => () => {
    throw new Error(name);
  };
  try {
    const { left, right, deliverAll } = await transferPair({
      right: { onProgress: fail('incoming'), onFailure: fail('failure') },
    });
    right.collect();
    const sent = watch(left.transfer.send(new Uint8Array(9), { onProgress: fail('outgoing') }));
    right.port.take(new Uint8Array(3));
    await deliverAll();
    expect(sent.outcome).toBe('resolved');
    expect(right.taken.length).toBe(1);
  } finally {
    vi.unstubAllGlobals();
  }
  expect(thrown.sort()).toEqual(['failure', 'incoming', 'outgoing']);
});
