import { LimitError, MessageFlag, ProtocolError, WireError } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SendPolicy } from '../../../src/engine/sending/send-policy.ts';
import { OutgoingChannel, type OutgoingChannelOptions } from '../../../src/engine/sending/outgoing-channel.ts';
import { OutputBatch } from '../../../src/engine/sending/output-batch.ts';
import { PackBuffer } from '../../../src/engine/sending/pack-buffer.ts';
import { errorOf } from '../error-of.ts';
import { describeFrame, FrameReader, joinBytes, type SeenFrame } from '../frames.ts';
import { PromiseLedger } from '../promise-ledger.ts';

function createChannel(options: Partial<OutgoingChannelOptions> = {}): OutgoingChannel {
  return new OutgoingChannel({
    policy: new SendPolicy('normal'),
    number: 3,
    packBuffer: new PackBuffer(),
    maxMessageBytes: 1_000_000,
    windowBytes: 65_536,
    maxQueuedBytes: 200_000,
    ...options,
  });
}

/** All frames that leave while the channel is ready. */
function takeFrames(channel: OutgoingChannel, maxPayloadBytes = 16_384): SeenFrame[] {
  const batch = new OutputBatch();
  while (channel.isReady) expect(channel.takeFrame(maxPayloadBytes, batch)).toBeGreaterThan(0);
  return new FrameReader().read(joinBytes(...batch.finish()));
}

function frameBytesOf(frames: readonly SeenFrame[]): number {
  return frames.reduce((sum, frame) => sum + frame.frameBytes, 0);
}

describe('a queue', () => {
  it('counts each message as its bytes and a header, until it has left', () => {
    const channel = createChannel();
    channel.enqueue(new Uint8Array(0), false);
    channel.enqueue(testBytes(100), false);
    channel.enqueue(testBytes(20_000), false);
    expect(channel.queuedBytes).toBe(8 + 108 + 20_008);
    expect([channel.hasQueued, channel.acceptedMessages, channel.sentMessages]).toEqual([true, 3, 0]);
    channel.takeFrame(16_384, new OutputBatch());
    expect([channel.queuedBytes, channel.sentMessages]).toEqual([20_008, 2]);
    channel.takeFrame(16_384, new OutputBatch());
    expect([channel.queuedBytes, channel.sentMessages]).toEqual([20_008 - 16_384, 2]);
    channel.takeFrame(16_384, new OutputBatch());
    expect([channel.hasQueued, channel.sentFrameBytes]).toEqual([false, 8 + 108 + 20_008 + 8]);
    expect([channel.queuedBytes, channel.isReady, channel.sentMessages]).toEqual([0, false, 3]);
  });

  it('refuses a message larger than the peer takes, and says both sizes', () => {
    const channel = createChannel({ maxMessageBytes: 500 });
    channel.enqueue(new Uint8Array(500), false);
    const error = errorOf(() => channel.enqueue(new Uint8Array(501), false));
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({
      limitName: 'maxMessageBytes',
      limit: 500,
      actual: 501,
      message: "message of 501 bytes exceeds the peer's maxMessageBytes 500",
    });
    expect(channel.acceptedMessages).toBe(1);
  });

  it('refuses what it has no room for, and says what to await', () => {
    const channel = createChannel({ maxQueuedBytes: 1000 });
    channel.enqueue(new Uint8Array(592), false);
    channel.enqueue(new Uint8Array(392), false);
    expect(channel.queuedBytes).toBe(1000);
    expect(errorOf(() => channel.enqueue(new Uint8Array(0), false))).toMatchObject({
      limitName: 'maxQueuedBytes',
      limit: 1000,
      actual: 1008,
      message: '1000 bytes wait on channel 3, 8 more exceed maxQueuedBytes 1000; await what send returns',
    });
    takeFrames(channel);
    channel.enqueue(new Uint8Array(0), false);
  });

  it('lets one message in, however large', () => {
    const channel = createChannel({ maxQueuedBytes: 1000 });
    channel.enqueue(new Uint8Array(5000), false);
    expect(() => channel.enqueue(new Uint8Array(0), false)).toThrow(LimitError);
  });

  it('copies a message of up to 2 KiB, and refers to a larger one', () => {
    const channel = createChannel();
    const [small, large] = [new Uint8Array(2048), new Uint8Array(2049)];
    channel.enqueue(small, false);
    channel.enqueue(large, false);
    small.fill(1);
    large.fill(1);
    const frames = takeFrames(channel);
    expect(frames.map((frame) => frame.payload[0])).toEqual([0, 1]);
  });

  it('puts CONFIRM on the messages that ask for it, at their last frame', () => {
    const channel = createChannel();
    channel.enqueue(new Uint8Array(1), true);
    channel.enqueue(new Uint8Array(1), false);
    channel.enqueue(new Uint8Array(5000), true);
    expect(takeFrames(channel, 4096).map(describeFrame)).toEqual([
      'MESSAGE 3 FIN CONFIRM 1',
      'MESSAGE 3 FIN 1',
      'MESSAGE 3 4096',
      'MESSAGE 3 FIN CONFIRM 904',
    ]);
  });
});

describe('credit', () => {
  it('is used up and no byte more is sent, until there is more', () => {
    const channel = createChannel({ windowBytes: 10_000 });
    channel.enqueue(testBytes(50_000), false);
    expect(frameBytesOf(takeFrames(channel, 4096))).toBeLessThanOrEqual(10_000);
    expect(channel.isReady).toBe(false);
    channel.handleCredit(30_000, 0);
    expect(channel.isReady).toBe(true);
  });

  it('is not waited for beyond 4 KiB: with that much a large message goes on', () => {
    const channel = createChannel({ windowBytes: 4104 });
    channel.enqueue(testBytes(50_000), false);
    expect(takeFrames(channel).map(describeFrame)).toEqual(['MESSAGE 3 4096']);
    channel.handleCredit(4104 + 4103, 0);
    expect(channel.isReady).toBe(false);
    channel.handleCredit(4104 + 4104, 0);
    expect(channel.isReady).toBe(true);
  });

  it('is never exceeded, nor a message cut wrongly, whatever is queued and granted', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('send' as const), bytes: fc.oneof(fc.nat(100), fc.nat(3000), fc.nat(20_000)) }),
      fc.record({ kind: fc.constant('credit' as const), bytes: fc.nat(30_000) }),
      fc.record({ kind: fc.constant('take' as const), maxPayloadBytes: fc.integer({ min: 1, max: 20_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const channel = createChannel({ windowBytes: 5000, maxQueuedBytes: Infinity });
        const reader = new FrameReader();
        const messages: Uint8Array[] = [];
        const arrived: SeenFrame[] = [];
        let limitBytes = 5000;
        const take = (maxPayloadBytes: number) => {
          if (!channel.isReady) return;
          const batch = new OutputBatch();
          const taken = channel.takeFrame(maxPayloadBytes, batch);
          expect(taken).toBe(batch.byteLength);
          arrived.push(...reader.read(joinBytes(...batch.finish())));
          expect(frameBytesOf(arrived)).toBeLessThanOrEqual(limitBytes);
        };
        for (const action of steps) {
          if (action.kind === 'send') {
            messages.push(testBytes(action.bytes, messages.length + 1));
            channel.enqueue(messages.at(-1)!, false);
          } else if (action.kind === 'credit') {
            limitBytes += action.bytes;
            channel.handleCredit(limitBytes, 0);
          } else take(action.maxPayloadBytes);
        }
        limitBytes = 1e9;
        channel.handleCredit(limitBytes, 0);
        while (channel.isReady) take(16_384);
        expect(Buffer.from(joinBytes(...arrived.map(({ payload }) => payload))).equals(joinBytes(...messages))).toBe(
          true,
        );
        expect(arrived.filter(({ flags }) => (flags & MessageFlag.FIN) !== 0)).toHaveLength(messages.length);
        expect(channel.queuedBytes).toBe(0);
      }),
    );
  });

  it.each([
    ['less than before', 65_535, 0, 'CREDIT of 65535 bytes on channel 3 is below the 65536 granted before'],
    ['fewer consumed than before', 70_000, 0, 'CREDIT for 0 messages on channel 3, expected between 1 and 2'],
    ['more consumed than were sent', 70_000, 3, 'CREDIT for 3 messages on channel 3, expected between 1 and 2'],
  ])('of %s is refused', (_what, limitBytes, consumed, message) => {
    const channel = createChannel();
    for (let count = 0; count < 2; count += 1) channel.enqueue(new Uint8Array(1), false);
    takeFrames(channel);
    channel.enqueue(new Uint8Array(1), false);
    channel.handleCredit(65_536, 1);
    const error = errorOf(() => channel.handleCredit(limitBytes, consumed));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ wireError: WireError.INVALID_ACKNOWLEDGEMENT, message });
  });

  it('that says the same again is harmless', () => {
    const channel = createChannel();
    channel.enqueue(new Uint8Array(1), false);
    takeFrames(channel);
    channel.handleCredit(70_000, 1);
    channel.handleCredit(70_000, 1);
    expect(channel.consumedMessages).toBe(1);
  });

  it('does not count a message as sent before its last frame has left', () => {
    const channel = createChannel();
    channel.enqueue(testBytes(20_000), false);
    channel.takeFrame(16_384, new OutputBatch());
    expect(() => channel.handleCredit(70_000, 1)).toThrow('expected between 0 and 0');
    channel.takeFrame(16_384, new OutputBatch());
    channel.handleCredit(70_000, 1);
  });
});

describe('the promises', () => {
  it('below mark: resolve once the queue, without what came later, has shrunk to it', async () => {
    const channel = createChannel();
    const ledger = new PromiseLedger();
    channel.enqueue(testBytes(20_000), false);
    ledger.add('at once', channel.whenBelowMark(20_008));
    ledger.add('when a frame has left', channel.whenBelowMark(20_007));
    ledger.add('when all has left', channel.whenBelowMark(0));
    channel.enqueue(testBytes(20_000), false);
    expect(await ledger.resolved()).toEqual(['at once']);
    channel.takeFrame(16_384, new OutputBatch());
    expect(await ledger.pending()).toEqual(['when all has left']);
    channel.takeFrame(16_384, new OutputBatch());
    expect(await ledger.pending()).toEqual([]);
  });

  it('below mark: where the queue is below it, all share one promise', () => {
    const channel = createChannel();
    channel.enqueue(new Uint8Array(1), false);
    expect(channel.whenBelowMark(100)).toBe(channel.whenBelowMark(1000));
  });

  it('consumed: resolve in order, as the peer says', async () => {
    const channel = createChannel();
    const ledger = new PromiseLedger();
    for (const name of ['1', '2', '3']) {
      channel.enqueue(testBytes(10), true);
      ledger.add(name, channel.whenConsumed());
    }
    takeFrames(channel);
    channel.handleCredit(70_000, 2);
    expect(await ledger.resolved()).toEqual(['1', '2']);
  });

  it('reject when they are aborted; the message goes all the same', async () => {
    const channel = createChannel();
    const controller = new AbortController();
    const ledger = new PromiseLedger();
    channel.enqueue(testBytes(10), true);
    ledger.add('mark', channel.whenBelowMark(0, controller.signal));
    ledger.add('consumed', channel.whenConsumed(controller.signal));
    controller.abort();
    expect(await ledger.rejected()).toEqual(['mark', 'consumed']);
    expect(takeFrames(channel)).toHaveLength(1);
  });

  it('reject with the reason when sending stops, but for what the peer may still have consumed', async () => {
    const packBuffer = new PackBuffer();
    const channel = createChannel({ packBuffer });
    const ledger = new PromiseLedger();
    const reason = new Error('over');
    channel.enqueue(testBytes(10), true);
    ledger.add('consumed', channel.whenConsumed());
    takeFrames(channel);
    channel.enqueue(testBytes(10), false);
    channel.enqueue(testBytes(50_000), false);
    ledger.add('mark', channel.whenBelowMark(0));
    channel.stopSending(reason);
    expect([channel.queuedBytes, channel.isReady]).toEqual([0, false]);
    expect(await ledger.rejected()).toEqual(['mark']);
    expect(await ledger.errors()).toEqual([reason]);
    // What was taken may still be on its way to the kernel.
    expect(packBuffer.slab.liveBytes).toBe(36);
    channel.stop(reason);
    expect(await ledger.pending()).toEqual([]);
  });
});

it('a message counts as written when all of it is with the kernel, not when it leaves, and once', () => {
  const channel = createChannel();
  for (const bytes of [10, 3000, 20_000]) channel.enqueue(testBytes(bytes), false);
  expect(channel.handleWritten()).toBe(0);
  takeFrames(channel, 16_384);
  expect([channel.handleWritten(), channel.handleWritten()]).toEqual([3, 0]);
  channel.enqueue(testBytes(20_000), false);
  channel.takeFrame(16_384, new OutputBatch());
  expect(channel.handleWritten()).toBe(0);
  channel.takeFrame(16_384, new OutputBatch());
  expect(channel.handleWritten()).toBe(1);
});
