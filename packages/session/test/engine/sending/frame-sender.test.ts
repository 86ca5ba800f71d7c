import { FrameType } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { ControlQueue } from '../../../src/engine/sending/control-queue.ts';
import { FrameSender } from '../../../src/engine/sending/frame-sender.ts';
import { SendPolicy } from '../../../src/engine/sending/send-policy.ts';
import { OutgoingChannel } from '../../../src/engine/sending/outgoing-channel.ts';
import { PackBuffer } from '../../../src/engine/sending/pack-buffer.ts';
import { Receipt } from '../../../src/engine/receiving/receipt.ts';
import { SessionThrottle } from '../../../src/engine/session-throttle.ts';
import { inFlightOf } from '../engine-options.ts';
import { describeFrame, FrameReader, joinBytes } from '../frames.ts';

class Sending {
  readonly packBuffer = new PackBuffer();
  readonly control = new ControlQueue(this.packBuffer);
  readonly throttle: SessionThrottle;
  readonly receipt: Receipt;
  readonly sender: FrameSender;
  readonly channel = this.createChannel(1);

  constructor(bytesPerSecond = Infinity, inFlightBytes = 1e9) {
    this.throttle = new SessionThrottle({ bytesPerSecond });
    this.receipt = new Receipt(this.throttle);
    this.sender = new FrameSender({
      packBuffer: this.packBuffer,
      control: this.control,
      receipt: this.receipt,
      throttle: this.throttle,
      settings: { ...inFlightOf(inFlightBytes), writeStallTimeoutMs: 30_000 },
      maxFrameBytes: 1_048_576,
      blockSizeBytes: 10_000,
    });
  }

  createChannel(number: number): OutgoingChannel {
    const { packBuffer } = this;
    return new OutgoingChannel({
      policy: new SendPolicy('normal'),
      number,
      packBuffer,
      maxMessageBytes: 1e9,
      windowBytes: 1e9,
      maxQueuedBytes: 1e9,
    });
  }

  send(bytes: number, channel = this.channel): void {
    channel.enqueue(testBytes(bytes), false);
    this.sender.activate(channel);
  }

  receive(bytes: number, nowMs: number): void {
    this.receipt.handleReceived(bytes);
    this.receipt.settle(nowMs);
  }

  /** One write, which is not done yet. */
  take(nowMs: number): string[] {
    const batch = this.sender.take(nowMs);
    return new FrameReader().read(joinBytes(...(batch?.finish() ?? []))).map(describeFrame);
  }

  /** All writes there are, each done at once. */
  takeAll(nowMs: number): string[] {
    const frames: string[] = [];
    for (let taken = this.take(nowMs); taken.length > 0; taken = this.take(nowMs)) {
      frames.push(...taken);
      this.sender.handleWritten();
    }
    return frames;
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
    sending.receive(100, 0);
    expect(sending.take(0)).toEqual(['FILE_REQUEST #1', 'MESSAGE 1 FIN 5', 'ACK 100']);
  });

  it('of an acknowledgement alone waits until it is due', () => {
    const sending = new Sending();
    sending.receive(100, 0);
    expect([sending.take(9), sending.sender.deadlineMs]).toEqual([[], 10]);
    expect(sending.take(10)).toEqual(['ACK 100']);
  });

  it('under way puts off every deadline of sending: its end comes first', () => {
    const sending = new Sending(1000);
    sending.send(10_000);
    expect(sending.take(0)).toHaveLength(1);
    sending.receive(100, 0);
    expect(sending.sender.deadlineMs).toBe(Infinity);
    sending.sender.handleWritten();
    expect(sending.sender.deadlineMs).toBeLessThan(Infinity);
  });

  it('that is done gives the memory of what answers the peer back, and of messages when they have arrived', () => {
    const sending = new Sending();
    sending.send(100);
    sending.receive(100, 0);
    expect(sending.take(0)).toEqual(['MESSAGE 1 FIN 100', 'ACK 100']);
    const { slab } = sending.packBuffer;
    expect(slab.liveBytes).toBe(108 + 16);
    sending.sender.handleWritten();
    expect(slab.liveBytes).toBe(108);
    sending.sender.handleAck(107, 1);
    expect(slab.liveBytes).toBe(108);
    sending.sender.handleAck(108, 2);
    expect(sending.packBuffer.reserve(8)).toBe(0);
  });

  it('that is acknowledged before it is done gives its memory back once', () => {
    const sending = new Sending();
    sending.send(100);
    sending.take(0);
    sending.sender.handleAck(108, 1);
    sending.sender.handleWritten();
    expect([sending.packBuffer.reserve(8), sending.packBuffer.slab.liveBytes]).toEqual([0, 8]);
  });

  it('counts the bytes of messages and files as sent, and no others', () => {
    const sending = new Sending();
    sending.send(5);
    sending.control.queueMessage(FrameType.FILE_REQUEST, 1, { path: 'f' });
    sending.takeAll(0);
    expect([sending.sender.sentBytes, sending.sender.window.inFlightBytes]).toEqual([13, 13]);
  });
});

describe('the size of a frame', () => {
  it.each([
    ['100 KB/s', 100_000, 4096],
    ['3 MB/s', 3_000_000, 6000],
    ['1 GB/s: what the peer takes', 1_000_000_000, 10_000],
  ])('at a rate of %s', (_what, bytesPerSecond, payloadBytes) => {
    const sending = new Sending(bytesPerSecond);
    // The link is measured: it delivers more than any of these rates.
    sending.sender.blockSizeBytes = 1000;
    sending.send(4_000_000);
    for (let nowMs = 0; nowMs < 50; nowMs += 1) {
      sending.takeAll(nowMs);
      sending.sender.handleAck(sending.sender.sentBytes, nowMs + 0.001);
    }
    sending.sender.blockSizeBytes = 10_000;
    sending.send(50_000);
    expect(sending.takeAll(10_000)[0]).toBe(`MESSAGE 1 ${payloadBytes}`);
  });

  it('on a link that was not measured yet is what the peer takes, 16 KiB at most, and less under a low rate', () => {
    const sending = new Sending();
    sending.sender.blockSizeBytes = 1_000_000;
    sending.send(20_000);
    expect(sending.take(0)).toEqual(['MESSAGE 1 16384', 'MESSAGE 1 FIN 3616']);
    const slow = new Sending(100_000);
    slow.send(20_000);
    expect(slow.take(0)[0]).toBe('MESSAGE 1 4096');
  });
});

describe('what bounds sending', () => {
  it('is nothing, while there is nothing to send', () => {
    const sending = new Sending();
    expect(sending.sender.bound).toBe('nothing-to-send');
    sending.send(100);
    sending.takeAll(0);
    expect([sending.sender.bound, sending.sender.deadlineMs]).toEqual(['nothing-to-send', Infinity]);
  });

  it('is the throttle, with a deadline', () => {
    const sending = new Sending(1000);
    sending.send(50_000);
    expect(sending.takeAll(0)).toHaveLength(1);
    expect(sending.sender.bound).toBe('throttle');
    const { deadlineMs } = sending.sender;
    expect([sending.takeAll(deadlineMs - 1), sending.takeAll(deadlineMs).length]).toEqual([[], 1]);
  });

  it('is the link when what is in flight is all that it takes: time alone will not change that', () => {
    const sending = new Sending(1000, 100);
    sending.send(50_000);
    expect(sending.takeAll(0)).toHaveLength(1);
    expect([sending.sender.bound, sending.sender.deadlineMs]).toEqual(['link', Infinity]);
    sending.sender.handleAck(4104, 1);
    expect(sending.takeAll(1)).toEqual([]);
    // 4,104 bytes against a full bucket of 4,096, and one byte to be able to go on.
    expect(sending.sender.bound).toBe('throttle');
    expect(sending.sender.deadlineMs).toBeCloseTo(4104 - 4096 + 1, 0);
  });

  it('is the link while a write is all that goes into one', () => {
    const sending = new Sending();
    sending.send(1_000_000);
    sending.take(0);
    expect(sending.sender.bound).toBe('link');
  });

  it('is a throttle when all that waits has a rate of its own that holds it back', () => {
    const sending = new Sending();
    sending.channel.policy.change({ bytesPerSecond: 1000 }, 0);
    sending.send(50_000);
    expect(sending.takeAll(0)).toHaveLength(1);
    expect(sending.sender.bound).toBe('throttle');
    const { deadlineMs } = sending.sender;
    // A frame of 4,104 bytes out of a full bucket of 4,096, and one byte to be able to go on.
    expect(deadlineMs).toBeCloseTo(9, 0);
    const other = sending.createChannel(2);
    sending.send(10, other);
    expect(sending.takeAll(1)).toEqual(['MESSAGE 2 FIN 10']);
    expect(sending.sender.deadlineMs).toBe(deadlineMs);
    expect(sending.takeAll(deadlineMs)).toHaveLength(1);
  });
});

it('a rate that is raised holds from the next look on: the one of a channel when told to reconsider', () => {
  const sending = new Sending(1000);
  sending.send(50_000);
  sending.takeAll(0);
  sending.throttle.setRate(Infinity, 1);
  expect(sending.takeAll(1).at(-1)).toMatch(/^MESSAGE 1 FIN/);
  sending.channel.policy.change({ bytesPerSecond: 1000 }, 1);
  sending.send(50_000);
  sending.takeAll(1);
  sending.channel.policy.change({ bytesPerSecond: 0 }, 2);
  sending.sender.reconsider();
  expect(sending.takeAll(2).at(-1)).toMatch(/^MESSAGE 1 FIN/);
});

it('credit is held back from a peer that is overdrawn, and given when the throttle has caught up', () => {
  const sending = new Sending(1_000_000);
  sending.receive(1_100_000, 0);
  expect(sending.receipt.isOverdrawn).toBe(true);
  sending.control.queueCredit({ channel: 5, stream: 0, takeLimit: () => 100, consumedCount: 3 });
  expect(sending.takeAll(0).map((frame) => frame.split(' ')[0])).toEqual(['ACK']);
  let nowMs = 0;
  let frames: string[] = [];
  while (!frames.includes('CREDIT 5 100 3')) {
    expect(nowMs).toBeLessThan(1000);
    nowMs = sending.sender.deadlineMs;
    frames = sending.takeAll(nowMs);
  }
  expect(nowMs).toBeGreaterThan(20);
  expect(nowMs).toBeLessThan(200);
});

it('a peer owes an acknowledgement from the first byte in flight on, and gets its time again with each one', () => {
  const sending = new Sending();
  expect(sending.sender.stallDeadlineMs).toBe(Infinity);
  sending.send(100);
  sending.takeAll(50);
  sending.send(100);
  sending.takeAll(60);
  expect(sending.sender.stallDeadlineMs).toBe(30_050);
  sending.sender.handleAck(0, 70);
  expect(sending.sender.stallDeadlineMs).toBe(30_050);
  sending.sender.handleAck(1, 80);
  expect(sending.sender.stallDeadlineMs).toBe(30_080);
  sending.sender.handleAck(216, 90);
  expect(sending.sender.stallDeadlineMs).toBe(Infinity);
});
