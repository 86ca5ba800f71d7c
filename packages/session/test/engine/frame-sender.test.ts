import { TokenBucket } from '@tcpcomm/throttle';
import { FrameType } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { ControlQueue } from '../../src/engine/control-queue.ts';
import { FrameSender } from '../../src/engine/frame-sender.ts';
import { OutgoingChannel } from '../../src/engine/outgoing-channel.ts';
import { PackBuffer } from '../../src/engine/pack-buffer.ts';
import { Receipt } from '../../src/engine/receipt.ts';
import { describeFrame, FrameReader, joinBytes } from './frames.ts';

class Sending {
  readonly packBuffer = new PackBuffer();
  readonly control = new ControlQueue(this.packBuffer);
  readonly receipt = new Receipt();
  readonly sender: FrameSender;
  readonly channel: OutgoingChannel;

  constructor(bytesPerSecond = Infinity, inFlightBytes = 1e9) {
    this.sender = new FrameSender({
      packBuffer: this.packBuffer,
      control: this.control,
      receipt: this.receipt,
      throttle: new TokenBucket({ bytesPerSecond }),
      inFlightBytes,
      maxFramePayloadBytes: 10_000,
    });
    const [maxMessageBytes, windowBytes, maxQueuedBytes] = [1e9, 1e9, 1e9];
    this.channel = new OutgoingChannel({
      number: 1,
      packBuffer: this.packBuffer,
      maxMessageBytes,
      windowBytes,
      maxQueuedBytes,
    });
  }

  send(bytes: number): void {
    this.channel.enqueue(testBytes(bytes), false);
    this.sender.activate(this.channel);
  }

  take(nowMs: number): string[] {
    const batch = this.sender.take(nowMs);
    return new FrameReader().read(joinBytes(...(batch?.finish() ?? []))).map(describeFrame);
  }
}

describe('a write', () => {
  it('is of about 64 KiB, so that priorities are looked at again soon', () => {
    const sending = new Sending();
    sending.send(1_000_000);
    expect(sending.take(0)).toHaveLength(7);
  });

  it('begins with control, and ends with an acknowledgement if there is news', () => {
    const sending = new Sending();
    sending.send(5);
    sending.control.queueMessage(FrameType.FILE_REQUEST, 1, { path: 'f' });
    sending.receipt.handleReceived(100, 0);
    expect(sending.take(0)).toEqual(['FILE_REQUEST #1', 'MESSAGE 1 FIN 5', 'ACK 100']);
  });

  it('of an acknowledgement alone waits until it is due', () => {
    const sending = new Sending();
    sending.receipt.handleReceived(100, 0);
    expect([sending.take(9), sending.sender.deadlineMs]).toEqual([[], 10]);
    expect(sending.take(10)).toEqual(['ACK 100']);
  });

  it('under way puts off every deadline of sending: its end comes first', () => {
    const sending = new Sending(1000);
    sending.send(10_000);
    expect(sending.take(0)).toHaveLength(1);
    sending.receipt.handleReceived(100, 0);
    expect(sending.sender.deadlineMs).toBe(Infinity);
    sending.sender.handleWritten();
    expect(sending.sender.deadlineMs).toBe(10);
  });

  it('that is done gives its memory back', () => {
    const sending = new Sending();
    sending.send(100);
    sending.receipt.handleReceived(100, 0);
    sending.take(0);
    expect(sending.packBuffer.reserve(8)).toBeGreaterThan(0);
    sending.sender.handleWritten();
    sending.packBuffer.release(8);
    expect(sending.packBuffer.reserve(8)).toBe(0);
  });
});

it('the throttle sets a deadline only for what it holds back itself', () => {
  const sending = new Sending(1000, 100);
  expect(sending.sender.deadlineMs).toBe(Infinity);
  sending.send(50_000);
  expect(sending.take(0)).toHaveLength(1);
  sending.sender.handleWritten();
  // The window is closed: time alone will not open it.
  expect([sending.take(1), sending.sender.deadlineMs]).toEqual([[], Infinity]);
  sending.sender.handleAck(10_008);
  expect(sending.take(1)).toEqual([]);
  // 10,008 bytes against a full bucket of 4,096, and one byte to be able to go on.
  expect(sending.sender.deadlineMs).toBeCloseTo(10_008 - 4096 + 1, 0);
});
