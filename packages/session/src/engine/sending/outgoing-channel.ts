import {
  FRAME_HEADER_BYTES,
  FrameType,
  LimitError,
  MessageFlag,
  ProtocolError,
  WireError,
  writeFrameHeader,
} from '@tcpcomm/protocol';
import { Fifo } from '../fifo.ts';
import { LargeSegment, type MessageSegment, PackedSegment } from './message-segment.ts';
import type { OutputBatch } from './output-batch.ts';
import type { PackBuffer } from './pack-buffer.ts';
import { PositionWaiters } from '../position-waiters.ts';
import type { FrameSource } from './scheduler.ts';
import { SendPolicy } from './send-policy.ts';

/** Messages up to this size are copied into the pack buffer; larger ones are referred to until they are written. */
const MAX_PACKED_MESSAGE_BYTES = 2048;
/** A message is not cut for less credit than this: the receiver grants by half windows, so more is on its way. */
const MIN_FRAGMENT_BYTES = 4096;

export interface OutgoingChannelOptions {
  readonly number: number;
  readonly packBuffer: PackBuffer;
  /** The peer's `maxMessageBytes`. */
  readonly maxMessageBytes: number;
  /** The peer's `channelWindowBytes`. */
  readonly windowBytes: number;
  /** Bytes in the queue above which a message is refused; one message is always let in. */
  readonly maxQueuedBytes: number;
}

/**
 * The sending half of a channel: its queue, the peer's credit, and those who wait for either.
 *
 * Positions count a message as its payload and 8 bytes, so that empty messages weigh something too. Credit counts the
 * bytes of frames, which is the same but for a header more with every further fragment.
 */
export class OutgoingChannel implements FrameSource {
  readonly policy = new SendPolicy('normal');
  readonly number: number;

  readonly #packBuffer: PackBuffer;
  readonly #maxMessageBytes: number;
  readonly #maxQueuedBytes: number;
  readonly #queue = new Fifo<MessageSegment>();

  #acceptedMessages = 0;
  #enqueuedPosition = 0;
  /** Up to where messages have left the queue. */
  readonly #taken = new PositionWaiters();
  /** How many messages the peer's application has consumed. */
  readonly #consumed = new PositionWaiters();

  #sentFrameBytes = 0;
  #sentMessages = 0;
  #writtenMessages = 0;
  #creditLimitBytes: number;

  constructor(options: OutgoingChannelOptions) {
    this.number = options.number;
    this.#packBuffer = options.packBuffer;
    this.#maxMessageBytes = options.maxMessageBytes;
    this.#maxQueuedBytes = options.maxQueuedBytes;
    this.#creditLimitBytes = options.windowBytes;
  }

  get queuedBytes(): number {
    return this.#enqueuedPosition - this.#taken.reached;
  }

  get hasQueued(): boolean {
    return !this.#queue.isEmpty;
  }

  /** Messages accepted for sending since the session began. */
  get acceptedMessages(): number {
    return this.#acceptedMessages;
  }

  /** Of those, the ones that have left the queue. */
  get sentMessages(): number {
    return this.#sentMessages;
  }

  get sentFrameBytes(): number {
    return this.#sentFrameBytes;
  }

  get consumedMessages(): number {
    return this.#consumed.reached;
  }

  get isReady(): boolean {
    const segment = this.#queue.first;
    return (
      segment !== undefined &&
      segment.nextFrameBytes(MIN_FRAGMENT_BYTES) <= this.#creditLimitBytes - this.#sentFrameBytes
    );
  }

  /**
   * Puts a message into the queue. Up to 2 KiB are copied; a larger one is not, and must stay as it is until it is sent.
   *
   * @throws LimitError if the message is larger than the peer takes, or the queue is full
   */
  enqueue(payload: Uint8Array, confirm: boolean): void {
    if (payload.length > this.#maxMessageBytes) {
      throw new LimitError(
        'maxMessageBytes',
        this.#maxMessageBytes,
        payload.length,
        `message of ${payload.length} bytes exceeds the peer's maxMessageBytes ${this.#maxMessageBytes}`,
      );
    }
    const size = payload.length + FRAME_HEADER_BYTES;
    if (this.queuedBytes > 0 && this.queuedBytes + size > this.#maxQueuedBytes) {
      throw new LimitError(
        'maxQueuedBytes',
        this.#maxQueuedBytes,
        this.queuedBytes + size,
        `${this.queuedBytes} bytes wait on channel ${this.number}, ${size} more exceed maxQueuedBytes ${this.#maxQueuedBytes}; await what send returns`,
      );
    }
    const flags = confirm ? MessageFlag.CONFIRM : 0;
    if (payload.length <= MAX_PACKED_MESSAGE_BYTES) this.#pack(payload, MessageFlag.FIN | flags);
    else this.#queue.push(new LargeSegment(this.#packBuffer, this.number, payload, flags));
    this.#enqueuedPosition += size;
    this.#acceptedMessages += 1;
  }

  /** Resolves when the queue, without what is enqueued from now on, is at the mark or below. */
  whenBelowMark(highWaterMark: number, signal?: AbortSignal): Promise<void> {
    return this.#taken.wait(this.#enqueuedPosition - highWaterMark, signal);
  }

  /** Resolves when all messages enqueued so far have been consumed by the peer's application. */
  whenConsumed(signal?: AbortSignal): Promise<void> {
    return this.#consumed.wait(this.#acceptedMessages, signal);
  }

  takeFrame(maxPayloadBytes: number, batch: OutputBatch): number {
    const segment = this.#queue.first;
    if (segment === undefined) return 0;
    const creditBytes = this.#creditLimitBytes - this.#sentFrameBytes;
    const { remainingBytes, remainingMessages } = segment;
    const frameBytes = segment.takeFrame(maxPayloadBytes, creditBytes, batch);
    this.#sentFrameBytes += frameBytes;
    this.#sentMessages += remainingMessages - segment.remainingMessages;
    this.#taken.advanceTo(this.#taken.reached + remainingBytes - segment.remainingBytes);
    if (segment.remainingBytes === 0) this.#queue.removeFirst();
    return frameBytes;
  }

  /** What has left is with the kernel; returns how many messages that completes. */
  handleWritten(): number {
    const messages = this.#sentMessages - this.#writtenMessages;
    this.#writtenMessages = this.#sentMessages;
    return messages;
  }

  /**
   * Takes the peer's credit.
   *
   * @throws ProtocolError for counters that move backwards or count what was not sent
   */
  handleCredit(limitBytes: number, consumedMessages: number): void {
    if (limitBytes < this.#creditLimitBytes) {
      throw new ProtocolError(
        WireError.INVALID_ACKNOWLEDGEMENT,
        `CREDIT of ${limitBytes} bytes on channel ${this.number} is below the ${this.#creditLimitBytes} granted before`,
      );
    }
    if (consumedMessages < this.#consumed.reached || consumedMessages > this.#sentMessages) {
      throw new ProtocolError(
        WireError.INVALID_ACKNOWLEDGEMENT,
        `CREDIT for ${consumedMessages} messages on channel ${this.number}, expected between ${this.#consumed.reached} and ${this.#sentMessages}`,
      );
    }
    this.#creditLimitBytes = limitBytes;
    this.#consumed.advanceTo(consumedMessages);
  }

  /** Drops what is left in the queue; those who wait for it to be sent are told. */
  stopSending(reason: Error): void {
    for (let segment = this.#queue.removeFirst(); segment; segment = this.#queue.removeFirst()) segment.discard();
    this.#enqueuedPosition = this.#taken.reached;
    this.#taken.stop(reason);
  }

  /** Nothing more will be sent or heard of: every promise that waits rejects. */
  stop(reason: Error): void {
    this.stopSending(reason);
    this.#consumed.stop(reason);
  }

  #pack(payload: Uint8Array, flags: number): void {
    const frameBytes = FRAME_HEADER_BYTES + payload.length;
    const start = this.#packBuffer.reserve(frameBytes);
    const { slab } = this.#packBuffer;
    writeFrameHeader(slab.bytes, start, payload.length, FrameType.MESSAGE, this.number, flags, 0);
    slab.bytes.set(payload, start + FRAME_HEADER_BYTES);
    const last = this.#queue.last;
    if (last instanceof PackedSegment && last.tryExtend(slab, start, start + frameBytes)) return;
    this.#queue.push(new PackedSegment(this.#packBuffer, start, start + frameBytes));
  }
}
