import { MessageFlag, ProtocolError } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageQueue } from '../../../src/engine/sending/message-queue.ts';
import { OutputBatch } from '../../../src/engine/sending/output-batch.ts';
import { PackBuffer } from '../../../src/engine/sending/pack-buffer.ts';
import { FrameReader, joinBytes, type SeenFrame } from '../frames.ts';

const CHANNEL = 4;

/** The next frames, written at once. */
function takeFrames(
  queue: MessageQueue,
  maxPayloadBytes: number,
  most = Infinity,
  packBuffer?: PackBuffer,
): SeenFrame[] {
  const batch = new OutputBatch();
  for (let taken = 0; taken < most && queue.waitingBytes > 0; taken += 1) {
    queue.takeFrame(maxPayloadBytes, Infinity, batch);
  }
  const bytes = joinBytes(...batch.finish());
  if (packBuffer) batch.releasePacked(packBuffer);
  return new FrameReader().read(bytes);
}

/** A receiver that loses its connection now and then: what it has whole stays, also of a message that is not whole. */
class Receiver {
  readonly messages: Uint8Array[] = [];
  #fragments: Uint8Array[] = [];

  receive(frame: SeenFrame): void {
    this.#fragments.push(frame.payload);
    if ((frame.flags & MessageFlag.FIN) === 0) return;
    this.messages.push(joinBytes(...this.#fragments));
    this.#fragments = [];
  }

  get fragmentBytes(): number {
    return joinBytes(...this.#fragments).length;
  }
}

describe('a queue of messages', () => {
  it('loses nothing and repeats nothing, wherever its connections end, and keeps no memory of what has arrived', () => {
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          push: fc.oneof(fc.nat(100), fc.integer({ min: 2000, max: 9000 }), fc.constantFrom(65_528, 65_529, 100_000)),
          head: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
        }),
      },
      {
        weight: 5,
        arbitrary: fc.record({ take: fc.integer({ min: 1, max: 6 }), maxPayload: fc.constantFrom(50, 3000) }),
      },
      { weight: 3, arbitrary: fc.record({ arrive: fc.nat(8), acknowledge: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ lose: fc.constant(true) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const packBuffer = new PackBuffer();
        const queue = new MessageQueue(CHANNEL, packBuffer);
        const receiver = new Receiver();
        const sent: Uint8Array[] = [];
        let onTheWay: SeenFrame[] = [];
        const arrive = (count: number, isAcknowledged: boolean): void => {
          const frames = onTheWay.splice(0, count);
          for (const frame of frames) receiver.receive(frame);
          if (isAcknowledged) queue.acknowledge(frames.reduce((sum, { frameBytes }) => sum + frameBytes, 0));
        };
        const lose = (): void => {
          onTheWay = [];
          queue.rewind(receiver.messages.length, receiver.fragmentBytes);
        };
        let isAcknowledging = true;
        for (const next of steps) {
          if ('push' in next) {
            const head = next.head === undefined ? undefined : testBytes(next.head, 99);
            const payload = testBytes(next.push, sent.length);
            sent.push(joinBytes(head ?? new Uint8Array(0), payload));
            queue.push(payload, 0, head);
            // With a head it is not needed any more.
            if (head) for (const memory of [head, payload]) memory.fill(0);
          } else if ('take' in next) onTheWay.push(...takeFrames(queue, next.maxPayload, next.take, packBuffer));
          else if ('arrive' in next) {
            // Acknowledgements come in order: once one is lost with its connection, so are those behind it.
            isAcknowledging &&= next.acknowledge;
            arrive(next.arrive, isAcknowledging);
          } else {
            lose();
            isAcknowledging = true;
          }
        }
        lose();
        onTheWay.push(...takeFrames(queue, 3000, Infinity, packBuffer));
        arrive(Infinity, true);
        expect(receiver.messages).toEqual(sent);
        expect([queue.sentMessages, queue.waitingBytes]).toEqual([sent.length, 0]);
        expect(packBuffer.slab.liveBytes).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  const impossible: [string, number, number][] = [
    ['more messages than were sent', 4, 0],
    ['fewer than had arrived before', 0, 0],
    ['more of the next message than was sent of it', 2, 4001],
    ['a part of a message that is never cut', 1, 5],
    ['a part of a message behind the last', 3, 1],
    ['all bytes of a message that was sent whole, and not the message', 2, 9000],
  ];
  it.each(impossible)('refuses a receiver that says to have %s', (_what, messages, fragmentBytes) => {
    const queue = new MessageQueue(CHANNEL, new PackBuffer());
    queue.push(testBytes(5000), 0);
    queue.acknowledge(takeFrames(queue, 10_000).reduce((sum, { frameBytes }) => sum + frameBytes, 0));
    queue.push(testBytes(10), 0);
    queue.push(testBytes(9000), 0);
    const isAllSent = messages === 3 || fragmentBytes === 9000;
    takeFrames(queue, isAllSent ? 10_000 : 4000, isAllSent ? Infinity : 2);
    expect(() => {
      queue.rewind(messages, fragmentBytes);
    }).toThrow(ProtocolError);
  });

  it('begins anew with what was not sent whole, and drops what has become too large', () => {
    const queue = new MessageQueue(CHANNEL, new PackBuffer());
    for (const size of [10, 20, 9000, 5000, 30]) queue.push(testBytes(size), 0);
    takeFrames(queue, 28, 1);
    takeFrames(queue, 4000, 2);
    expect(queue.sentMessages).toBe(2);
    expect(queue.restart(6000)).toEqual({ waiting: 2, dropped: 1 });
    expect([queue.sentMessages, queue.waitingBytes]).toEqual([0, 5008 + 38]);
    expect(takeFrames(queue, 10_000).map(({ payload }) => payload.length)).toEqual([5000, 30]);
  });
});
