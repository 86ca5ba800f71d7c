import { letTurnsPass, testBytes } from '@tcpcomm/test-support';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { resetBoth } from './port-pair.ts';
import { rawFailure, rawHeader } from './raw-messages.ts';
import { transferPair, type Watched, watch } from './transfer-pair.ts';

describe('a sender that aborts', () => {
  it('before it has begun sends nothing', async () => {
    const { left, deliverAll } = await transferPair();
    const reason = new Error('changed my mind');
    const sent = left.transfer.send(new Uint8Array(1), { signal: AbortSignal.abort(reason) });
    await expect(sent).rejects.toBe(reason);
    await deliverAll();
    expect(left.port.sentMessages).toBe(1);
  });

  it('on the way rejects at once, and the receiver is told', async () => {
    const { left, right, deliverAll } = await transferPair();
    const controller = new AbortController();
    const sent = watch(left.transfer.send(new Uint8Array(1_000_000), { label: 'x', signal: controller.signal }));
    for (let step = 0; step < 5; step += 1) {
      left.port.deliver();
      await Promise.resolve();
      await Promise.resolve();
    }
    expect(right.transfer.incoming.length).toBe(1);
    controller.abort();
    await deliverAll();
    expect(sent).toMatchObject({ outcome: 'rejected', reason: { name: 'AbortError' } });
    expect(right.transfer.incoming).toEqual([]);
    expect(right.failures).toMatchObject([
      {
        error: { code: 'ERR_TCPCOMM_ARRAY_ABORTED', number: 114, side: 'remote', message: 'the sender has aborted it' },
        description: { id: 1, label: 'x', byteLength: 1_000_000 },
      },
    ]);
  });

  it('when all of it is there takes it back, as long as nobody has it', async () => {
    const { left, right, deliverAll } = await transferPair();
    const controller = new AbortController();
    const sent = watch(left.transfer.send(new Uint8Array(10), { signal: controller.signal }));
    const other = watch(left.transfer.send(Uint8Array.of(2)));
    await deliverAll();
    controller.abort();
    await deliverAll();
    right.collect();
    await deliverAll();
    expect(right.taken).toEqual([Uint8Array.of(2)]);
    expect(right.failureCodes).toEqual(['ERR_TCPCOMM_ARRAY_ABORTED']);
    expect([sent.outcome, other.outcome]).toEqual(['rejected', 'resolved']);
  });

  it('while the receiver takes it, or refuses it, is no failure of the receiver', async () => {
    for (const answer of [rawHeader(5, 1), rawFailure(4, 1, 114)]) {
      const { left, right, deliverAll } = await transferPair();
      const controller = new AbortController();
      left.transfer.send(new Uint8Array(10), { signal: controller.signal }).catch(() => {});
      right.collect();
      left.port.deliver();
      controller.abort();
      left.port.take(answer);
      await deliverAll();
      expect([left.failures, right.failures]).toEqual([[], []]);
      expect(right.taken.length).toBe(1);
    }
  });

  it('while it waits for its turn is told of once, and counts no more', async () => {
    const { left, right, deliverAll } = await transferPair({
      right: { maxBytes: 600_000, maxBufferedBytes: 4_800_000 },
    });
    const controller = new AbortController();
    const { signal } = controller;
    const sends = Array.from({ length: 8 }, () => watch(left.transfer.send(new Uint8Array(600_000), { signal })));
    for (let step = 0; step < 8; step += 1) {
      left.port.deliver();
      await letTurnsPass(1);
    }
    controller.abort();
    await deliverAll();
    expect(sends.map(({ outcome }) => outcome)).toEqual(sends.map(() => 'rejected'));
    expect(right.failures.map(({ description }) => description?.id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const messagesBefore = left.port.sentMessages;
    const more = Array.from({ length: 9 }, () => watch(left.transfer.send(new Uint8Array(600_000))));
    await deliverAll();
    // Eight may be there at once, each an announcement and three pieces.
    expect(left.port.sentMessages - messagesBefore).toBe(8 * (1 + 2 * 3));
    right.collect();
    await deliverAll();
    expect(more.map(({ outcome }) => outcome)).toEqual(more.map(() => 'resolved'));
  });

  it('leaves no listener behind, however it ends', async () => {
    const { left, right, deliverAll } = await transferPair();
    const { signal } = new AbortController();
    const listeners = new Set<unknown>();
    vi.spyOn(signal, 'addEventListener').mockImplementation((_type, listener) => void listeners.add(listener));
    vi.spyOn(signal, 'removeEventListener').mockImplementation((_type, listener) => void listeners.delete(listener));
    const send = () => watch(left.transfer.send(new Uint8Array(10), { signal }));
    const taken = send();
    right.collect();
    await deliverAll();
    const lost = send();
    expect(listeners.size).toBe(1);
    resetBoth(left.port, right.port, new Error('reset'));
    await deliverAll();
    left.transfer.close();
    const late = send();
    await deliverAll();
    expect([taken.outcome, lost.outcome, late.outcome]).toEqual(['resolved', 'rejected', 'rejected']);
    expect(listeners.size).toBe(0);
  });
});

describe('memory that goes while it is sent', () => {
  const gone = { code: 'ERR_TCPCOMM_ARRAY_SOURCE_GONE', number: 116, side: 'local', cause: expect.any(Error) };

  it.each<[string, (buffer: ArrayBuffer) => void]>([
    ['transferred', (buffer) => void structuredClone(buffer, { transfer: [buffer] })],
    ['shrunk', (buffer) => buffer.resize(300_000)],
  ])('%s: aborts the array at both ends', async (_name, take) => {
    const { left, right, deliverAll } = await transferPair();
    right.collect();
    const buffer = new ArrayBuffer(2_000_000, { maxByteLength: 2_000_000 });
    const sent = watch(left.transfer.send(buffer));
    await letTurnsPass(1);
    while (left.port.deliver());
    take(buffer);
    await deliverAll();
    expect(sent).toMatchObject({ outcome: 'rejected', reason: gone });
    expect(right.failures).toMatchObject([
      { error: { code: gone.code, number: 116, side: 'remote' }, description: { id: 1 } },
    ]);
    expect(right.transfer.incoming).toEqual([]);
  });

  it('before it has begun: the peer hears nothing of it', async () => {
    const { left, right, deliverAll } = await transferPair({ right: { maxArrays: 1 } });
    const array = new Uint8Array(10);
    void left.transfer.send(new Uint8Array(1));
    const sent = watch(left.transfer.send(array));
    void left.transfer.send(new Uint8Array(3));
    structuredClone(array.buffer, { transfer: [array.buffer] });
    right.collect();
    await deliverAll();
    expect(sent).toMatchObject({ outcome: 'rejected', reason: gone });
    expect(right.failures).toEqual([]);
    expect(right.taken.map(({ byteLength }) => byteLength)).toEqual([1, 3]);
  });

  it.each([new Uint8Array(8), new Float64Array(1), new DataView(new ArrayBuffer(8)), new ArrayBuffer(8)])(
    'before it was sent: %o',
    async (array) => {
      const { left } = await transferPair();
      const buffer = ArrayBuffer.isView(array) ? array.buffer : array;
      structuredClone(buffer, { transfer: [buffer] });
      await expect(left.transfer.send(array)).rejects.toMatchObject(gone);
    },
  );

  it('of a view that is out of bounds when it is sent', async () => {
    const { left } = await transferPair();
    const buffer = new ArrayBuffer(16, { maxByteLength: 16 });
    const views = [new Uint8Array(buffer, 8, 8), new DataView(buffer, 8, 8)];
    buffer.resize(8);
    for (const view of views) await expect(left.transfer.send(view)).rejects.toMatchObject(gone);
  });
});

describe('a receiver that aborts', () => {
  it('frees the memory at once, and the sender is told why', async () => {
    const { left, right, deliverAll } = await transferPair();
    const sent = watch(left.transfer.send(new Uint8Array(3_000_000), { label: 'x' }));
    for (let step = 0; step < 6; step += 1) {
      left.port.deliver();
      await Promise.resolve();
      await Promise.resolve();
    }
    const [incoming] = right.transfer.incoming;
    const freed = vi.spyOn(ArrayBuffer.prototype, 'transfer');
    expect(incoming!.description).toMatchObject({ id: 1, label: 'x', byteLength: 3_000_000 });
    expect(incoming!.receivedBytes).toBeGreaterThan(0);
    incoming!.abort('no room on the screen');
    expect(right.transfer.incoming).toEqual([]);
    expect(freed.mock.calls).toEqual([[0]]);
    freed.mockRestore();
    incoming!.abort('again');
    right.collect();
    await deliverAll();
    expect(sent).toMatchObject({
      outcome: 'rejected',
      reason: { code: 'ERR_TCPCOMM_ARRAY_ABORTED', side: 'remote', message: 'no room on the screen' },
    });
    expect(right.failures).toMatchObject([
      {
        error: { code: 'ERR_TCPCOMM_ARRAY_ABORTED', side: 'local', message: 'no room on the screen' },
        description: { id: 1 },
      },
    ]);
    expect([right.taken, left.failures]).toEqual([[], []]);
    expect(left.port.sentMessages).toBeLessThan(1 + 1 + 2 * 8);
  });

  it('needs to give no reason, and may do so when it is told of progress', async () => {
    const { left, right, deliverAll } = await transferPair({
      right: { onProgress: () => right.transfer.incoming[0]?.abort() },
    });
    const sent = watch(left.transfer.send(new Uint8Array(1_000_000)));
    await deliverAll();
    expect(sent).toMatchObject({ outcome: 'rejected', reason: { message: 'the receiver has aborted it' } });
    expect(right.failureCodes).toEqual(['ERR_TCPCOMM_ARRAY_ABORTED']);
  });

  it('does nothing to an array that has come to its end, or to a later one of its number', async () => {
    const { left, right, deliverAll } = await transferPair();
    const sent = watch(left.transfer.send(new Uint8Array(1_000_000)));
    left.port.deliver();
    const [incoming] = right.transfer.incoming;
    right.collect();
    await deliverAll();
    incoming!.abort();
    await deliverAll();
    expect(sent.outcome).toBe('resolved');
    expect([right.failures, left.failures]).toEqual([[], []]);
  });
});

/** What a test does at some moment to one of the arrays. */
interface Step {
  readonly deliverLeft: boolean;
  readonly abort: 'none' | 'sender' | 'receiver';
  readonly which: number;
  readonly takes: boolean;
}

const steps = fc.array(
  fc.record<Step>({
    deliverLeft: fc.boolean(),
    abort: fc.constantFrom('none', 'none', 'none', 'sender', 'receiver'),
    which: fc.nat(4),
    takes: fc.boolean(),
  }),
  { maxLength: 60 },
);

it('aborted at either end at any moment: every array ends once at each end, and nothing is left of any', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 900_000 }), { minLength: 1, maxLength: 5 }),
      steps,
      async (lengths, moments) => {
        const { left, right, deliverAll } = await transferPair({ right: { maxArrays: 3, maxBytes: 1_000_000 } });
        const controllers = lengths.map(() => new AbortController());
        const sends: Watched[] = lengths.map((length, index) => {
          const { signal } = controllers[index]!;
          return watch(left.transfer.send(testBytes(length, index + 1), { label: `${index}`, signal }));
        });
        const iteration = right.transfer[Symbol.asyncIterator]();
        for (const { deliverLeft, abort, which, takes } of moments) {
          (deliverLeft ? left : right).port.deliver();
          await Promise.resolve();
          if (takes) void iteration.next().then(({ value }) => value && right.taken.push(value));
          if (abort === 'sender') controllers[which % controllers.length]!.abort();
          const { incoming } = right.transfer;
          if (abort === 'receiver') incoming[which % Math.max(1, incoming.length)]?.abort();
        }
        right.collect();
        await deliverAll();
        expect(sends.map(({ outcome }) => outcome)).not.toContain('pending');
        expect(right.transfer.incoming).toEqual([]);
        // Whatever was told of to the receiver is taken or has failed, and that once.
        const ended = [
          ...right.taken.map((array) => right.transfer.descriptionOf(array)!.label),
          ...right.failures.map(({ description }) => description!.label),
        ];
        expect(new Set(ended).size).toBe(ended.length);
        for (const [index, { outcome }] of sends.entries()) {
          if (outcome === 'resolved') expect(ended).toContain(`${index}`);
        }
        for (const array of right.taken) {
          const index = Number(right.transfer.descriptionOf(array)!.label);
          expect(Buffer.from(array as Uint8Array).equals(testBytes(lengths[index]!, index + 1))).toBe(true);
        }
        expect(left.failures).toEqual([]);
        // The limits count none of them any more: as many as there may be at once arrive.
        right.taken.length = 0;
        const more = [1, 2, 3].map(() => watch(left.transfer.send(new Uint8Array(300_000))));
        await deliverAll();
        expect(more.map(({ outcome }) => outcome)).toEqual(['resolved', 'resolved', 'resolved']);
        expect(right.taken.length).toBe(3);
      },
    ),
    { numRuns: 150 },
  );
});
