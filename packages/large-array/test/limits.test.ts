import { letTurnsPass } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { LargeArrayTransfer, type LargeArrayTransferOptions } from '../src/index.ts';
import { deliverAll, deliverSome, DirectPort, TestPort } from './port-pair.ts';
import { transferPair, watch } from './transfer-pair.ts';

async function takeOne(transfer: LargeArrayTransfer): Promise<unknown> {
  const iteration = transfer[Symbol.asyncIterator]();
  const { value } = await iteration.next();
  await iteration.return?.();
  return value;
}

describe('a sender waits', () => {
  it('for a peer that does not take arrays yet', async () => {
    const [leftPort, rightPort] = TestPort.pair();
    const left = new LargeArrayTransfer(leftPort);
    const sent = watch(left.send(Uint8Array.of(1)));
    await deliverAll(leftPort, rightPort);
    expect(sent.outcome).toBe('pending');
    const right = new LargeArrayTransfer(rightPort);
    const taken = takeOne(right);
    await deliverAll(leftPort, rightPort);
    expect(sent.outcome).toBe('resolved');
    expect(await taken).toEqual(Uint8Array.of(1));
  });

  it.each<[string, LargeArrayTransferOptions]>([
    ['arrays', { maxArrays: 2 }],
    ['bytes', { maxBytes: 1500, maxBufferedBytes: 2500 }],
  ])('while the peer has as many %s as it takes; others begin in the order of sending', async (_name, options) => {
    const { left, right, deliverAll } = await transferPair({ right: options });
    // The last one would fit beside those that were sent first.
    const sends = [1000, 1000, 1500, 100].map((byteLength) => watch(left.transfer.send(new Uint8Array(byteLength))));
    await deliverAll();
    const lengths = [];
    for (const [index, sent] of sends.entries()) {
      // One more begins for each that is taken.
      expect(left.port.sentMessages).toBe(1 + Math.min(2 + index, sends.length));
      lengths.push(((await takeOne(right.transfer)) as Uint8Array).length);
      await deliverAll();
      expect(sent.outcome).toBe('resolved');
    }
    expect(lengths).toEqual([1000, 1000, 1500, 100]);
    expect(right.failures).toEqual([]);
  });

  it('no longer when one before it is given up', async () => {
    const { left, right, deliverAll } = await transferPair({ right: { maxArrays: 1 } });
    const controllers = [new AbortController(), new AbortController()];
    const given = controllers.map(({ signal }) => watch(left.transfer.send(new Uint8Array(9), { signal })));
    const sent = watch(left.transfer.send(Uint8Array.of(3)));
    await deliverAll();
    controllers[1]!.abort();
    await deliverAll();
    expect(given.map(({ outcome }) => outcome)).toEqual(['pending', 'rejected']);
    controllers[0]!.abort();
    await deliverAll();
    right.collect();
    await deliverAll();
    expect(right.taken).toEqual([Uint8Array.of(3)]);
    expect(sent.outcome).toBe('resolved');
  });

  it('for ever where the peer takes none, until it is aborted', async () => {
    const { left, deliverAll } = await transferPair({ right: { maxArrays: 0 } });
    const controller = new AbortController();
    const sent = watch(left.transfer.send(Uint8Array.of(1), { signal: controller.signal }));
    await deliverAll();
    expect(sent.outcome).toBe('pending');
    controller.abort('enough');
    await deliverAll();
    expect(sent).toEqual({ outcome: 'rejected', reason: 'enough' });
  });
});

describe('an array that is larger than the peer takes', () => {
  const refusal = {
    name: 'ArrayTransferError',
    code: 'ERR_TCPCOMM_ARRAY_TOO_LARGE',
    number: 112,
    side: 'local',
    message: 'array of 1001 bytes, the peer takes at most 1000',
  };

  it('rejects at once, also behind others that wait, and nothing of it is sent', async () => {
    const { left, right, deliverAll } = await transferPair({ right: { maxBytes: 1000, maxArrays: 1 } });
    void left.transfer.send(new Uint8Array(1));
    void left.transfer.send(new Uint8Array(1));
    await expect(left.transfer.send(new Uint8Array(1001))).rejects.toMatchObject(refusal);
    await deliverAll();
    expect(left.port.sentMessages).toBe(1 + 1);
    right.collect();
    await deliverAll();
    expect(right.taken.length).toBe(2);
  });

  it('rejects when that is known', async () => {
    const [leftPort, rightPort] = TestPort.pair();
    const left = new LargeArrayTransfer(leftPort);
    const refused = expect(left.send(new Uint8Array(1001))).rejects.toMatchObject(refusal);
    void left.send(new Uint8Array(1000));
    const right = new LargeArrayTransfer(rightPort, { maxBytes: 1000 });
    const taken = takeOne(right);
    await deliverAll(leftPort, rightPort);
    await refused;
    expect(((await taken) as Uint8Array).length).toBe(1000);
  });
});

it('arrays that have begun take turns, a piece each, and a small one overtakes', async () => {
  const { left, right, deliverAll } = await transferPair();
  right.collect();
  const order: string[] = [];
  const onProgress =
    (name: string) =>
    ({ movedBytes }: { movedBytes: number }) =>
      order.push(`${name} ${movedBytes}`);
  void left.transfer.send(new Uint8Array(1_900_000), { label: 'a', onProgress: onProgress('a') });
  void left.transfer.send(new Uint8Array(700_000), { label: 'b', onProgress: onProgress('b') });
  void left.transfer.send(new Uint8Array(1), { label: 'c', onProgress: onProgress('c') });
  await deliverSome(left.port, 1 + 2 * 8 + 1 + 2 * 3 + 1);
  await deliverAll();
  expect(order).toEqual([
    // What was given to the port before the others were sent.
    ...['a 0', 'a 262144', 'a 524288', 'a 786432', 'a 1048576'],
    ...['b 0', 'c 1', 'a 1310720', 'b 262144', 'a 1572864', 'b 524288', 'a 1835008', 'b 700000', 'a 1900000'],
  ]);
  expect(right.taken.map((array) => right.transfer.descriptionOf(array)!.label)).toEqual(['c', 'b', 'a']);
});

it.each([1, 2, 3])(
  'large arrays keep their turns while small ones come and go, with %i messages at a time',
  async (messages) => {
    const { left, right, deliverAll } = await transferPair();
    right.collect();
    const send = (byteLength: number) => watch(left.transfer.send(new Uint8Array(byteLength)));
    const sends = Array.from({ length: 8 }, () => send(2_000_000));
    for (let step = 0; step < 100; step += 1) {
      sends.push(send(1));
      for (let message = 0; message < messages; message += 1) left.port.deliver();
      right.port.deliver();
      await letTurnsPass(1);
    }
    await deliverAll();
    expect(sends.map(({ outcome }) => outcome)).toEqual(sends.map(() => 'resolved'));
  },
);

describe('the port', () => {
  it('is given no more than it has room for, whatever number of arrays is under way', async () => {
    const { left, right, deliverAll } = await transferPair();
    right.collect();
    const array = new Uint8Array(1_000_000);
    const sends = Array.from({ length: 20 }, () => left.transfer.send(array));
    for (let step = 0; step < 100; step += 1) {
      const waitingBytes = left.port.waiting.reduce((sum, { length }) => sum + length, 0);
      expect(waitingBytes).toBeLessThan(1_048_576 + 2 * 262_144);
      left.port.deliver();
      await Promise.resolve();
    }
    await deliverAll();
    await Promise.all(sends);
  });

  it('is given no more small arrays either', async () => {
    const { left } = await transferPair();
    for (let count = 0; count < 1000; count += 1) void left.transfer.send(new Uint8Array(1900));
    expect(left.port.waiting.length).toBeLessThan(600);
  });

  it('is given no more empty ones either', async () => {
    const { left, right, deliverAll } = await transferPair({ right: { maxArrays: 2 ** 32 - 1 } });
    const sends = Array.from({ length: 20_000 }, () => left.transfer.send(new Uint8Array(0)));
    expect(left.port.waiting.length).toBeLessThan(17_000);
    right.collect();
    await deliverAll();
    await Promise.all(sends);
  });

  it('may hand over at once what it is given: no number of arrays goes deeper', async () => {
    const [leftPort, rightPort] = DirectPort.pair();
    const sender = new LargeArrayTransfer(leftPort);
    const receiver = new LargeArrayTransfer(rightPort, { onFailure: (error) => expect.unreachable(error.message) });
    leftPort.receiver!.handleReset(new Error('reset'));
    const sends = Array.from({ length: 20_000 }, (_, index) => sender.send(new Uint8Array(index % 2000)));
    const iteration = receiver[Symbol.asyncIterator]();
    const taken = sends.map(() => iteration.next());
    // All of them are waited for at both ends when the limits are said.
    rightPort.receiver!.handleReset(new Error('reset'));
    await Promise.all(sends);
    const arrays = await Promise.all(taken);
    expect(arrays.map(({ value }) => value!.byteLength)).toEqual(sends.map((_, index) => index % 2000));
  });

  it('is given pieces in place, and always the header and the piece together', async () => {
    const { left, right } = await transferPair();
    right.collect();
    const array = new Uint8Array(600_000);
    const other = new Uint8Array(600_000);
    void left.transfer.send(array.subarray(100));
    void left.transfer.send(other);
    for (let delivered = 0; delivered < 12;) {
      const [header, piece] = left.port.waiting;
      if (header?.length === 8 && header[0] === 2) {
        expect([array.buffer, other.buffer]).toContain(piece?.buffer);
        left.port.deliver();
        delivered += 1;
      }
      if (left.port.deliver()) delivered += 1;
      await Promise.resolve();
      await Promise.resolve();
    }
  });

  it('is given no piece that is larger than it carries', async () => {
    const { left, right, deliverAll } = await transferPair();
    right.collect();
    left.port.maxMessageBytes = 1000.5;
    const sent = Promise.all([left.transfer.send(new Uint8Array(4000)), left.transfer.send(new Uint8Array(1900))]);
    const sizes = new Set<number>();
    for (let step = 0; step < 200; step += 1) {
      for (const { length } of left.port.waiting) sizes.add(length);
      left.port.deliver();
      await Promise.resolve();
    }
    await deliverAll();
    await sent;
    expect([...sizes].sort((a, b) => a - b)).toEqual([8, 24, 900, 1000]);
  });

  it.each([0, NaN, -1])(
    'is not asked for the impossible where it says that it carries %d bytes',
    async (maxMessageBytes) => {
      const { left, right, deliverAll } = await transferPair();
      right.collect();
      left.port.maxMessageBytes = maxMessageBytes;
      const sent = left.transfer.send(new Uint8Array(5000));
      await deliverAll();
      await sent;
    },
  );
});

it('ten thousand small arrays that are sent at once all arrive, in their order', async () => {
  const { left, right, deliverAll } = await transferPair();
  right.collect();
  const sends = Array.from({ length: 10_000 }, (_, index) => left.transfer.send(Uint32Array.of(index)));
  await deliverAll();
  await Promise.all(sends);
  expect(right.taken.map((array) => (array as Uint32Array)[0])).toEqual(sends.map((_, index) => index));
});
