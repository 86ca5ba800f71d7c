import { channelOfLane, Lane, laneOf, type ReceiveLimits } from '@tcpcomm/protocol';
import { AssemblyBudget } from './receiving/assembly-budget.ts';
import type { EngineSettings } from './engine-settings.ts';
import { LaneMap } from './lane-map.ts';
import { IncomingChannel, type IncomingChannelHost } from './receiving/incoming-channel.ts';
import type { AllocateBytes } from './receiving/message-memory.ts';
import type { SessionEvents } from './session-engine-options.ts';
import { type ChannelPosition, OutgoingChannel } from './sending/outgoing-channel.ts';
import type { PackBuffer } from './sending/pack-buffer.ts';
import { SendPolicy } from './sending/send-policy.ts';

/** What became of the messages that one channel was given to send. */
export interface ChannelDelivery {
  readonly channel: number;
  /** Messages that the peer received whole. */
  readonly deliveredMessages: number;
  /** Messages that were accepted for sending and are not known to have arrived. */
  readonly undeliveredMessages: number;
}

/** Messages that one channel was given to send and that will never arrive, as far as it is known. */
export interface ChannelLoss {
  readonly channel: number;
  readonly messages: number;
}

export interface ChannelTableOptions {
  /** What this side announced that it takes, and what the peer announced. */
  readonly localLimits: ReceiveLimits;
  readonly remoteLimits: ReceiveLimits;
  readonly settings: EngineSettings;
  /** Where memory for messages comes from that did not arrive in one piece. */
  readonly allocate: AllocateBytes;
}

/** A position before the first byte. */
const NOTHING_RECEIVED: ChannelPosition = { messages: 0, frameBytes: 0, fragmentBytes: 0 };

/** The lanes of all channels of a session by their numbers, both halves of each, made when first used. */
export class ChannelTable {
  readonly #host: IncomingChannelHost;
  readonly #packBuffer: PackBuffer;
  readonly #localLimits: ReceiveLimits;
  #remoteLimits: ReceiveLimits;
  readonly #settings: EngineSettings;
  #budget: AssemblyBudget | undefined;
  readonly #allocate: AllocateBytes;
  readonly #outgoing = new LaneMap<OutgoingChannel>();
  #incoming = new LaneMap<IncomingChannel>();
  /** The outgoing ones once more: each write goes through them. */
  #usedOutgoing: OutgoingChannel[] = [];

  constructor(host: IncomingChannelHost, packBuffer: PackBuffer, options: ChannelTableOptions) {
    this.#host = host;
    this.#packBuffer = packBuffer;
    this.#localLimits = options.localLimits;
    this.#remoteLimits = options.remoteLimits;
    this.#settings = options.settings;
    this.#allocate = options.allocate;
  }

  outgoing(lane: number): OutgoingChannel {
    return this.#outgoing.get(lane) ?? this.#createOutgoing(lane);
  }

  incoming(lane: number): IncomingChannel {
    return this.#incoming.get(lane) ?? this.#createIncoming(lane);
  }

  /** Where the next bytes of a message may be read to; the lane may be none, for its number has not been looked at yet. */
  roomForMessage(lane: number, missingBytes: number, maxBytes: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#incoming.get(lane)?.roomFor(missingBytes, maxBytes);
  }

  /** The lanes that something was done with: messages first, each kind in the order of the channels. */
  get usedNumbers(): number[] {
    const numbers = new Set([...this.#outgoing.numbers, ...this.#incoming.numbers]);
    return [...numbers].sort((one, other) => one - other);
  }

  /** Bytes that wait in all channels. */
  get queuedBytes(): number {
    return this.#usedOutgoing.reduce((sum, channel) => sum + channel.queuedBytes, 0);
  }

  /** How many whole messages have arrived on each channel that had any. */
  get receivedMessages(): Record<string, number> {
    const used = this.#incoming.values.filter(isMessages);
    return Object.fromEntries(used.map((incoming) => [String(incoming.number), incoming.receivedMessages]));
  }

  /**
   * What was delivered of the messages of each channel that was sent on. What is on its other lanes answers for itself.
   *
   * @param received what the peer says it received; what its application is known to have consumed counts in any case
   */
  deliveries(received: Readonly<Record<string, number>> | undefined): ChannelDelivery[] {
    const channels = this.#usedOutgoing.filter((channel) => channel.acceptedMessages > 0 && isMessages(channel));
    return channels
      .sort((one, other) => one.number - other.number)
      .map((channel) => {
        const { number, acceptedMessages, consumedMessages } = channel;
        // What the peer says is a lower bound where it was still receiving, and only its word.
        const delivered = Math.min(acceptedMessages, Math.max(consumedMessages, received?.[String(number)] ?? 0));
        return { channel: number, deliveredMessages: delivered, undeliveredMessages: acceptedMessages - delivered };
      });
  }

  /** What has left is with the kernel: tells of each channel whose messages that completes. */
  handleWritten(events: Pick<SessionEvents, 'onMessagesWritten'>): void {
    for (const channel of this.#usedOutgoing) {
      if (!isMessages(channel)) continue;
      const messages = channel.handleWritten();
      if (messages > 0) events.onMessagesWritten(channel.number, messages);
    }
  }

  /** Keeps no memory for messages to come. */
  trim(): void {
    for (const incoming of this.#incoming.values) incoming.trim();
  }

  /** How far the peer's messages have come on each lane that had any. */
  get positions(): Map<number, ChannelPosition> {
    return new Map(this.#incoming.values.map(({ number, position }) => [number, position]));
  }

  /** The connection is lost: what has come of a frame comes again. */
  dropPartialFrames(): void {
    for (const incoming of this.#incoming.values) incoming.dropPartialFrame();
  }

  /**
   * Goes back to what the peer has received.
   *
   * @throws ProtocolError for positions that cannot be
   */
  rewind(received: ReadonlyMap<number, ChannelPosition>): void {
    // Also of a channel that nothing was sent on: a position there is a fault as any other.
    for (const lane of received.keys()) this.outgoing(lane);
    for (const channel of this.#usedOutgoing) channel.rewind(received.get(channel.number) ?? NOTHING_RECEIVED);
  }

  /** Another connection carries the session: tells the peer its credit anew, and returns the channels that have something to send. */
  resume(): OutgoingChannel[] {
    for (const incoming of this.#incoming.values) incoming.resume();
    return this.#usedOutgoing.filter(({ hasQueued }) => hasQueued);
  }

  /**
   * Begins again with a peer that knows nothing of what was before; returns which messages are lost. Requests and arrays are over, what waits of them is
   * not sent: one end alone has no use for it.
   */
  restart(remoteLimits: ReceiveLimits, reason: Error): ChannelLoss[] {
    this.#remoteLimits = remoteLimits;
    this.#incoming = new LaneMap();
    this.#budget = undefined;
    for (const lane of this.#usedOutgoing) if (!isMessages(lane)) lane.stop(reason);
    this.#outgoing.keepMessages();
    this.#usedOutgoing = this.#usedOutgoing.filter(isMessages);
    const losses = this.#usedOutgoing.map((channel) => ({
      channel: channel.number,
      messages: channel.restart(remoteLimits, reason),
    }));
    return losses.filter(({ messages }) => messages > 0).sort((one, other) => one.channel - other.channel);
  }

  /** Drops what waits to be sent. The peer may still say what it has consumed. */
  stopSending(reason: Error): void {
    for (const channel of this.#usedOutgoing) channel.stopSending(reason);
  }

  /** Nothing more will be sent or heard. */
  stop(reason: Error): void {
    for (const channel of this.#usedOutgoing) channel.stop(reason);
  }

  #createIncoming(lane: number): IncomingChannel {
    this.#budget ??= new AssemblyBudget(this.#settings.assemblyBudgetBytes);
    const incoming = new IncomingChannel(lane, this.#host, this.#localLimits, this.#budget, this.#allocate);
    this.#incoming.set(lane, incoming);
    return incoming;
  }

  #createOutgoing(lane: number): OutgoingChannel {
    const outgoing = new OutgoingChannel({
      number: lane,
      policy: this.#policyOf(lane),
      packBuffer: this.#packBuffer,
      maxMessageBytes: this.#remoteLimits.maxMessageBytes,
      windowBytes: this.#remoteLimits.channelWindowBytes,
      maxQueuedBytes: this.#settings.maxQueuedBytes,
    });
    this.#outgoing.set(lane, outgoing);
    this.#usedOutgoing.push(outgoing);
    return outgoing;
  }

  /** A channel's messages, requests and replies are treated alike, and have its rate together; its arrays give way to them. */
  #policyOf(lane: number): SendPolicy {
    if (laneOf(lane) === Lane.ARRAYS) return new SendPolicy('low');
    return isMessages({ number: lane }) ? new SendPolicy('normal') : this.outgoing(channelOfLane(lane)).policy;
  }
}

/** Whether it is the lane of a channel's messages. */
function isMessages({ number }: { readonly number: number }): boolean {
  return laneOf(number) === Lane.MESSAGES;
}
