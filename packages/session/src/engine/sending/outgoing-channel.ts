import {
  FRAME_HEADER_BYTES,
  laneName,
  LimitError,
  MessageFlag,
  ProtocolError,
  type ReceiveLimits,
  WireError,
} from '@tcpcomm/protocol';
import { MessageQueue } from './message-queue.ts';
import type { OutputBatch } from './output-batch.ts';
import type { PackBuffer } from './pack-buffer.ts';
import { PositionWaiters } from '../position-waiters.ts';
import type { FrameSource } from './scheduler.ts';
import type { SendPolicy } from './send-policy.ts';

/** A message is not cut for less credit than this: the receiver grants by half windows, so more is on its way. */
const MIN_FRAGMENT_BYTES = 4096;

export interface OutgoingChannelOptions {
  /** @see laneNumber */
  readonly number: number;
  readonly policy: SendPolicy;
  readonly packBuffer: PackBuffer;
  /** The peer's `maxMessageBytes`. */
  readonly maxMessageBytes: number;
  /** The peer's `channelWindowBytes`. */
  readonly windowBytes: number;
  /** Bytes in the queue above which a message is refused; one message is always let in. */
  readonly maxQueuedBytes: number;
}

/** How far the peer has received what was sent on a channel. */
export interface ChannelPosition {
  /** Whole messages. */
  readonly messages: number;
  /** Frame bytes of whole frames. */
  readonly frameBytes: number;
  /** Of the payload of the message that is not whole. */
  readonly fragmentBytes: number;
}

/**
 * The sending half of a lane of a channel: its queue, the peer's credit, and those who wait for either.
 *
 * Positions count a message as its payload and 8 bytes, so that empty messages weigh something too. Credit counts the
 * bytes of frames, which is the same but for a header more with every further fragment.
 */
export class OutgoingChannel implements FrameSource {
  readonly policy: SendPolicy;
  readonly number: number;

  #maxMessageBytes: number;
  readonly #maxQueuedBytes: number;
  readonly #queue: MessageQueue;

  #acceptedMessages = 0;
  #enqueuedPosition = 0;
  /** Up to where messages have left the queue; what has to be sent once more does not count as waiting again. */
  readonly #taken = new PositionWaiters();
  /** How many messages the peer's application has consumed. */
  readonly #consumed = new PositionWaiters();

  #sentFrameBytes = 0;
  #writtenMessages = 0;
  #creditLimitBytes: number;

  constructor(options: OutgoingChannelOptions) {
    this.number = options.number;
    this.policy = options.policy;
    this.#queue = new MessageQueue(options.number, options.packBuffer);
    this.#maxMessageBytes = options.maxMessageBytes;
    this.#maxQueuedBytes = options.maxQueuedBytes;
    this.#creditLimitBytes = options.windowBytes;
  }

  get queuedBytes(): number {
    return this.#queue.waitingBytes;
  }

  /** Of all that was ever enqueued, what has left the queue: messages counted as they are there. */
  get takenBytes(): number {
    return this.#taken.reached;
  }

  get hasQueued(): boolean {
    return this.#queue.waitingBytes > 0;
  }

  /** Messages accepted for sending since the session began. */
  get acceptedMessages(): number {
    return this.#acceptedMessages;
  }

  /** Of those, the ones that have left the queue. */
  get sentMessages(): number {
    return this.#queue.sentMessages;
  }

  get sentFrameBytes(): number {
    return this.#sentFrameBytes;
  }

  get consumedMessages(): number {
    return this.#consumed.reached;
  }

  get isReady(): boolean {
    const frameBytes = this.#queue.nextFrameBytes(MIN_FRAGMENT_BYTES);
    return frameBytes !== undefined && frameBytes <= this.#creditLimitBytes - this.#sentFrameBytes;
  }

  /**
   * Puts a message into the queue. Up to 2 KiB are copied; a larger one is not, and must stay as it is until it has arrived.
   *
   * @param head what it begins with, in front of the payload; then both are copied, whatever their size
   * @throws LimitError if the message is larger than the peer takes, or the queue is full
   */
  enqueue(payload: Uint8Array, confirm: boolean, head?: Uint8Array): void {
    const messageBytes = payload.length + (head?.length ?? 0);
    requireRoom(this, messageBytes, this.#maxMessageBytes, this.#maxQueuedBytes);
    this.#queue.push(payload, confirm ? MessageFlag.CONFIRM : 0, head);
    this.#enqueuedPosition += messageBytes + FRAME_HEADER_BYTES;
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
    const creditBytes = this.#creditLimitBytes - this.#sentFrameBytes;
    const frameBytes = this.#queue.takeFrame(maxPayloadBytes, creditBytes, batch);
    this.#sentFrameBytes += frameBytes;
    this.#taken.advanceTo(this.#enqueuedPosition - this.#queue.waitingBytes);
    return frameBytes;
  }

  handleAcknowledged(frameBytes: number): void {
    this.#queue.acknowledge(frameBytes);
  }

  /**
   * Goes back to what the peer has received: the rest is sent again, over another connection.
   *
   * @throws ProtocolError for a position that cannot be
   */
  rewind({ messages, frameBytes, fragmentBytes }: ChannelPosition): void {
    if (frameBytes > this.#sentFrameBytes || messages < this.#consumed.reached) {
      throw new ProtocolError(
        WireError.INVALID_ACKNOWLEDGEMENT,
        `${messages} messages in ${frameBytes} bytes cannot have arrived on ${laneName(this.number)}, where ${this.#consumed.reached} are consumed and ${this.#sentFrameBytes} bytes were sent`,
      );
    }
    this.#queue.rewind(messages, fragmentBytes);
    this.#sentFrameBytes = frameBytes;
  }

  /**
   * Begins again with a peer that knows nothing of what was before. What was not sent whole is sent to it.
   *
   * @returns how many messages are lost: given to be sent, and neither known to have been consumed nor sent now
   */
  restart(limits: ReceiveLimits, reason: Error): number {
    const sentMessages = this.#queue.sentMessages;
    const lostMessages = sentMessages - this.#consumed.reached;
    const { waiting, dropped } = this.#queue.restart(limits.maxMessageBytes);
    this.#consumed.rebase(sentMessages + dropped, reason);
    this.#acceptedMessages = waiting;
    this.#sentFrameBytes = 0;
    this.#writtenMessages = 0;
    this.#maxMessageBytes = limits.maxMessageBytes;
    this.#creditLimitBytes = limits.channelWindowBytes;
    this.#taken.advanceTo(this.#enqueuedPosition - this.#queue.waitingBytes);
    return lostMessages + dropped;
  }

  /** What has left is with the kernel; returns how many messages that completes. */
  handleWritten(): number {
    const messages = this.sentMessages - this.#writtenMessages;
    // What is sent for the second time was counted the first time.
    if (messages > 0) this.#writtenMessages = this.sentMessages;
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
        `CREDIT of ${limitBytes} bytes on ${laneName(this.number)} is below the ${this.#creditLimitBytes} granted before`,
      );
    }
    if (consumedMessages < this.#consumed.reached || consumedMessages > this.sentMessages) {
      throw new ProtocolError(
        WireError.INVALID_ACKNOWLEDGEMENT,
        `CREDIT for ${consumedMessages} messages on ${laneName(this.number)}, expected between ${this.#consumed.reached} and ${this.sentMessages}`,
      );
    }
    this.#creditLimitBytes = limitBytes;
    this.#consumed.advanceTo(consumedMessages);
  }

  /** Drops what is left in the queue; those who wait for it to be sent are told. */
  stopSending(reason: Error): void {
    this.#queue.clear();
    this.#taken.stop(reason);
  }

  /** Nothing more will be sent or heard of: every promise that waits rejects. */
  stop(reason: Error): void {
    this.stopSending(reason);
    this.#consumed.stop(reason);
  }
}

/** @throws LimitError if a message is larger than the peer takes, or the queue is full */
export function requireRoom(
  { number, queuedBytes }: Pick<OutgoingChannel, 'number' | 'queuedBytes'>,
  messageBytes: number,
  maxMessageBytes: number,
  maxQueuedBytes: number,
): void {
  if (messageBytes > maxMessageBytes) {
    throw new LimitError(
      'maxMessageBytes',
      maxMessageBytes,
      messageBytes,
      `message of ${messageBytes} bytes exceeds the peer's maxMessageBytes ${maxMessageBytes}`,
    );
  }
  const size = messageBytes + FRAME_HEADER_BYTES;
  if (queuedBytes === 0 || queuedBytes + size <= maxQueuedBytes) return;
  throw new LimitError(
    'maxQueuedBytes',
    maxQueuedBytes,
    queuedBytes + size,
    `${queuedBytes} bytes wait on ${laneName(number)}, ${size} more exceed maxQueuedBytes ${maxQueuedBytes}; await what send returns`,
  );
}
