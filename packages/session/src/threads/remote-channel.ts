import { FRAME_HEADER_BYTES } from '@tcpcomm/protocol';
import type { ChannelDelivery } from '../engine/channel-table.ts';
import { PositionWaiters } from '../engine/position-waiters.ts';
import type { QueueReport } from './thread-messages.ts';

/** A channel of a session on another thread: how much was given to it, and how much of that has left its queue. Bytes as in `MessageQueue`. */
export class RemoteChannel {
  readonly number: number;
  highWaterMark: number;
  #postedMessages = 0;
  #postedBytes = 0;
  /** What has crossed, and what of that waits; as of the last report. */
  #acceptedMessages = 0;
  #acceptedBytes = 0;
  #waitingBytes = 0;
  #consumedMessages = 0;
  readonly #taken = new PositionWaiters();

  constructor(number: number, highWaterMark: number) {
    this.number = number;
    this.highWaterMark = highWaterMark;
  }

  get queuedBytes(): number {
    return this.#postedBytes - this.#acceptedBytes + this.#waitingBytes;
  }

  /** Messages of which it is not known that they have crossed: when the session has ended they were not sent. */
  get lostMessages(): number {
    return this.#postedMessages - this.#acceptedMessages;
  }

  /** What became of all that was posted, as far as it is known when the other thread tells no more. */
  get delivery(): ChannelDelivery {
    const deliveredMessages = this.#consumedMessages;
    return { channel: this.number, deliveredMessages, undeliveredMessages: this.#postedMessages - deliveredMessages };
  }

  get hasPosted(): boolean {
    return this.#postedMessages > 0;
  }

  handlePosted(messageBytes: number): void {
    this.#postedMessages += 1;
    this.#postedBytes += messageBytes + FRAME_HEADER_BYTES;
  }

  handleReport({ acceptedMessages, acceptedBytes, takenBytes, queuedBytes, consumedMessages }: QueueReport): void {
    this.#acceptedMessages = acceptedMessages;
    this.#acceptedBytes = acceptedBytes;
    this.#waitingBytes = queuedBytes;
    this.#consumedMessages = consumedMessages;
    this.#taken.advanceTo(takenBytes);
  }

  /** Resolves when the queue, without what is given from now on, is at the mark or below. */
  whenBelowMark(signal: AbortSignal | undefined): Promise<void> {
    return this.#taken.wait(this.#postedBytes - this.highWaterMark, signal);
  }

  stop(reason: Error): void {
    this.#taken.stop(reason);
  }
}
