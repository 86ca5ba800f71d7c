import { FrameType, WireError } from '@tcpcomm/protocol';
import { describe, expect, it } from 'vitest';
import { ControlQueue, type CreditSource } from '../../../src/engine/sending/control-queue.ts';
import { OutputBatch } from '../../../src/engine/sending/output-batch.ts';
import { PackBuffer } from '../../../src/engine/sending/pack-buffer.ts';
import { describeFrame, FrameReader, joinBytes, type SeenFrame } from '../frames.ts';

function takeFrames(queue: ControlQueue, holdsCredit = false): SeenFrame[] {
  const batch = new OutputBatch();
  queue.takeInto(batch, holdsCredit);
  return new FrameReader().read(joinBytes(...batch.finish()));
}

function creditSource(channel: number, stream = 0): CreditSource & { limitBytes: number; consumedCount: number } {
  const source = { channel, stream, limitBytes: 100, consumedCount: 1, takeLimit: () => source.limitBytes };
  return source;
}

describe('what repeats is merged', () => {
  it('a source has one credit pending, with the numbers of when it leaves', () => {
    const queue = new ControlQueue(new PackBuffer());
    const [channel, transfer] = [creditSource(3), creditSource(252, 7)];
    for (let count = 0; count < 100; count += 1) {
      queue.queueCredit(channel);
      queue.queueCredit(transfer);
    }
    channel.limitBytes = 5000;
    channel.consumedCount = 42;
    expect(takeFrames(queue).map(describeFrame)).toEqual(['CREDIT 3 5000 42', 'CREDIT #7 100 1']);
    expect(takeFrames(queue)).toEqual([]);
  });

  it('of several pings only the last is answered', () => {
    const queue = new ControlQueue(new PackBuffer());
    for (let count = 0; count < 1000; count += 1) queue.queuePong(new Uint8Array(8).fill(count));
    const frames = takeFrames(queue);
    expect(frames.map(describeFrame)).toEqual(['PONG']);
    expect(frames[0]?.payload).toEqual(new Uint8Array(8).fill(999));
  });
});

it('the order is: answers to pings, pings, credit, and control messages in the order of queueing', () => {
  const queue = new ControlQueue(new PackBuffer());
  queue.queueMessage(FrameType.FILE_REQUEST, 1, { path: 'a' });
  queue.queueMessage(FrameType.GOAWAY, 0, { code: 0, message: '', received: {} });
  queue.queueCredit(creditSource(3));
  queue.queuePing(new Uint8Array(8));
  queue.queuePong(new Uint8Array(8));
  expect(takeFrames(queue).map(describeFrame)).toEqual([
    'PONG',
    'PING',
    'CREDIT 3 100 1',
    'FILE_REQUEST #1',
    'GOAWAY 0',
  ]);
});

it('credit can be held back, and nothing else with it; it goes with the numbers of when it leaves', () => {
  const queue = new ControlQueue(new PackBuffer());
  const source = creditSource(3);
  queue.queueCredit(source);
  queue.queuePing(new Uint8Array(8));
  queue.queueMessage(FrameType.FILE_REQUEST, 1, { path: 'a' });
  expect(takeFrames(queue, true).map(describeFrame)).toEqual(['PING', 'FILE_REQUEST #1']);
  source.limitBytes = 7000;
  expect(takeFrames(queue, true)).toEqual([]);
  expect(takeFrames(queue).map(describeFrame)).toEqual(['CREDIT 3 7000 1']);
  expect(takeFrames(queue)).toEqual([]);
});

it('an acknowledgement is added where it is asked for', () => {
  const queue = new ControlQueue(new PackBuffer());
  const batch = new OutputBatch();
  queue.takeAck(2 ** 40, batch);
  const frames = new FrameReader().read(joinBytes(...batch.finish()));
  expect(frames.map(describeFrame)).toEqual([`ACK ${2 ** 40}`]);
});

it('a peer that asks and does not read is found out at 1 MiB of answers', () => {
  const queue = new ControlQueue(new PackBuffer());
  const answer = { code: 65, message: 'x'.repeat(1000) };
  let bytes = 0;
  while (queue.flood === undefined) {
    queue.queueMessage(FrameType.FILE_ABORT, 1, answer);
    bytes += 8 + JSON.stringify(answer).length;
  }
  expect(bytes).toBeGreaterThanOrEqual(1_048_576);
  expect(bytes).toBeLessThan(1_048_576 + 2000);
  expect(queue.flood).toMatchObject({ wireError: WireError.CONTROL_FLOOD });
  takeFrames(queue);
  expect(queue.flood).toBeUndefined();
});

it('cleared, it has nothing to say', () => {
  const queue = new ControlQueue(new PackBuffer());
  queue.queueMessage(FrameType.FILE_REQUEST, 1, { path: 'a' });
  queue.queueCredit(creditSource(3));
  queue.queuePing(new Uint8Array(8));
  queue.queuePong(new Uint8Array(8));
  queue.clear();
  expect(takeFrames(queue)).toEqual([]);
});
