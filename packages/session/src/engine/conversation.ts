import type { ReceiveLimits } from '@tcpcomm/protocol';
import { type ChannelDelivery, type ChannelLoss, ChannelTable, type ChannelTableOptions } from './channel-table.ts';
import type { IncomingChannelHost } from './receiving/incoming-channel.ts';
import type { CreditSource } from './sending/control-queue.ts';
import type { ChannelPosition, OutgoingChannel } from './sending/outgoing-channel.ts';
import { PackBuffer } from './sending/pack-buffer.ts';
import type { SendPolicy, SendPolicyOptions } from './sending/send-policy.ts';

/** The engine of the connection that carries a conversation now. */
export interface ConversationCarrier extends IncomingChannelHost {
  /** The channel has something to send. */
  activate(channel: OutgoingChannel): void;
  /** A channel is treated differently from now on: what was held back may go now. */
  reconsider(): void;
}

/** How far the messages of each lane have come, by its number. */
export type ChannelPositions = ReadonlyMap<number, ChannelPosition>;

/**
 * What both ends of a session tell each other: its channels, with all that waits, that is under way, and that has not been consumed. It
 * outlives connections. While one carries it, the engine of that connection moves the messages; when that is lost they wait for the next
 * one, and both ends go on from where the other stands (docs/PROTOCOL.md §5.1).
 */
export class Conversation implements IncomingChannelHost {
  readonly options: ChannelTableOptions;
  readonly packBuffer = new PackBuffer();
  readonly channels: ChannelTable;
  #remoteLimits: ReceiveLimits;
  #carrier: ConversationCarrier | undefined;
  /** How often it has begun again: what was received before belongs to another session. */
  #epoch = 0;

  constructor(options: ChannelTableOptions) {
    this.options = options;
    this.#remoteLimits = options.remoteLimits;
    this.channels = new ChannelTable(this, this.packBuffer, options);
  }

  get remoteLimits(): ReceiveLimits {
    return this.#remoteLimits;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get queuedBytes(): number {
    return this.channels.queuedBytes;
  }

  /** What became of the messages that this side was given, as far as it is known without the peer's goodbye. */
  get deliveries(): ChannelDelivery[] {
    return this.channels.deliveries(undefined);
  }

  /**
   * Queues a message.
   *
   * @param head what it begins with, in front of the payload; then both are copied
   * @throws LimitError if it is larger than the peer takes or the queue is full
   */
  send(channel: OutgoingChannel, payload: Uint8Array, confirm: boolean, head?: Uint8Array): void {
    channel.enqueue(payload, confirm, head);
    this.#carrier?.activate(channel);
  }

  /**
   * The application has consumed the oldest message of the channel.
   *
   * @param epoch that of when the message was received
   */
  consume(channel: number, creditBytes: number, epoch: number): void {
    if (epoch === this.#epoch) this.channels.incoming(channel).handleConsumed(creditBytes);
  }

  /** Lends the messages of a channel to the application from now on, to use their memory again, or gives them to it for good. */
  setLending(channel: number, lends: boolean): void {
    this.channels.incoming(channel).lendsMessages = lends;
  }

  /** Treats a channel differently from now on. */
  changePolicy(policy: SendPolicy, options: SendPolicyOptions, nowMs: number): void {
    policy.change(options, nowMs);
    this.#carrier?.reconsider();
  }

  /** A connection carries it from now on; goes on with what waits. */
  carryBy(carrier: ConversationCarrier): void {
    this.#carrier = carrier;
    for (const channel of this.channels.resume()) carrier.activate(channel);
  }

  /** The connection is lost. All stays as it is until another one carries it, or it is stopped. */
  handleLost(): void {
    this.#carrier = undefined;
    this.channels.dropPartialFrames();
  }

  /** How far the peer's messages have come. */
  get positions(): ChannelPositions {
    return this.channels.positions;
  }

  /**
   * Before another connection carries it: goes back to what the peer has received.
   *
   * @throws ProtocolError for positions that cannot be
   */
  rewind(received: ChannelPositions): void {
    this.channels.rewind(received);
  }

  /** Before a connection carries it to a peer that knows nothing of it: begins again. Returns what is lost. */
  restart(remoteLimits: ReceiveLimits, reason: Error): ChannelLoss[] {
    this.#epoch += 1;
    this.#remoteLimits = remoteLimits;
    return this.channels.restart(remoteLimits, reason);
  }

  /** It is over: all that waits is told. */
  stop(reason: Error): void {
    this.#carrier = undefined;
    this.channels.stop(reason);
  }

  handleMessage(channel: number, bytes: Uint8Array, creditBytes: number, isView: boolean): void {
    this.#carrier?.handleMessage(channel, bytes, creditBytes, isView);
  }

  keepReceived(): void {
    this.#carrier?.keepReceived();
  }

  handleCreditDue(source: CreditSource): void {
    this.#carrier?.handleCreditDue(source);
  }
}
