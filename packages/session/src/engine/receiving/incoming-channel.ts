import {
  channelOfLane,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  laneName,
  laneOf,
  MessageFlag,
  PayloadCollector,
  ProtocolError,
  type ReceiveLimits,
  WireError,
} from '@tcpcomm/protocol';
import type { AssemblyBudget, AssemblyHolder } from './assembly-budget.ts';
import type { CreditSource } from '../sending/control-queue.ts';
import { Fifo } from '../fifo.ts';
import type { ChannelPosition } from '../sending/outgoing-channel.ts';
import { type AllocateBytes, MessageMemory } from './message-memory.ts';

/** What a channel tells the engine. */
export interface IncomingChannelHost {
  /**
   * A message is whole. `creditBytes` is what it costs of the window until it is consumed.
   *
   * @param lane its number
   * @param isView whether its bytes lie in the memory that they were received in, which then belongs to the message
   */
  handleMessage(lane: number, bytes: Uint8Array, creditBytes: number, isView: boolean): void;
  /** A message that lies in the memory that it was received in was lent, and needs it longer than this call. */
  keepReceived(): void;
  /** It is time to send this channel's credit. */
  handleCreditDue(source: CreditSource): void;
}

/**
 * The receiving half of a lane of a channel: puts fragments together and keeps account of the credit that the peer has.
 *
 * Credit comes back when the application has consumed a message, so what waits for a slow consumer is bounded by the
 * window. A message larger than the window could never arrive that way; for its fragments the limit is extended as they come, up
 * to `maxMessageBytes` and as far as the assembly budget of the session allows.
 */
export class IncomingChannel implements AssemblyHolder, CreditSource {
  /** @see laneNumber */
  readonly number: number;
  readonly #host: IncomingChannelHost;
  readonly #limits: ReceiveLimits;
  readonly #budget: AssemblyBudget;
  readonly #memory: MessageMemory;
  #collector: PayloadCollector | undefined;

  #receivedFrameBytes = 0;
  #receivedMessages = 0;
  /** Frame bytes of the message that is not whole yet. */
  #unfinishedFrameBytes = 0;
  /** The payload of the frame that has come in part, 0 if there is none, and how much of it has come. */
  #partialFrameLength = 0;
  #partialFrameBytes = 0;
  #consumedFrameBytes = 0;
  #consumedMessages = 0;
  /** The messages whose senders wait for their consumption, each as how many have been received up to it. */
  readonly #confirms = new Fifo<number>();

  /** How far the peer may send, and what of that it has been told. */
  #limitBytes: number;
  #grantedBytes: number;
  #isExtended = false;
  /** Whether it is in the line of the budget. */
  #hasAskedForMore = false;

  constructor(
    number: number,
    host: IncomingChannelHost,
    limits: ReceiveLimits,
    budget: AssemblyBudget,
    allocate: AllocateBytes,
  ) {
    this.#memory = new MessageMemory(allocate, limits.channelWindowBytes);
    this.number = number;
    this.#host = host;
    this.#limits = limits;
    this.#budget = budget;
    this.#limitBytes = limits.channelWindowBytes;
    this.#grantedBytes = limits.channelWindowBytes;
  }

  get channel(): number {
    return channelOfLane(this.number);
  }

  get stream(): number {
    return laneOf(this.number);
  }

  /** Whole messages received since the session began. */
  get receivedMessages(): number {
    return this.#receivedMessages;
  }

  get receivedFrameBytes(): number {
    return this.#receivedFrameBytes;
  }

  /** Whether messages are lent to the application, and their memory is used again when they are consumed. */
  set lendsMessages(lends: boolean) {
    this.#memory.lends = lends;
  }

  /** Messages that the application has taken. */
  get consumedCount(): number {
    return this.#consumedMessages;
  }

  /**
   * Takes a piece of a MESSAGE frame.
   *
   * @throws ProtocolError for a frame beyond the credit, a message beyond `maxMessageBytes`, an empty fragment
   */
  handlePiece(header: FrameHeader, piece: Uint8Array, position: number): void {
    if (position === 0) this.#handleHeader(header);
    const isFrameWhole = position + piece.length === header.length;
    const isFinal = (header.flags & MessageFlag.FIN) !== 0;
    if (isFrameWhole && isFinal && (this.#collector === undefined || this.#collector.byteLength === 0)) {
      this.#completeView(header, piece);
      return;
    }
    this.#collector ??= new PayloadCollector(this.#memory.take);
    this.#collector.append(piece, header.length - position - piece.length);
    this.#partialFrameLength = isFrameWhole ? 0 : header.length;
    this.#partialFrameBytes = position + piece.length;
    if (!isFrameWhole) return;
    if (isFinal) this.#completeGathered(header, this.#collector);
    else this.#extend();
  }

  /** Where the next bytes of a frame that has begun to come may be read to; undefined if nothing of it has been gathered. */
  roomFor(missingBytes: number, maxBytes: number): Uint8Array<ArrayBuffer> | undefined {
    const collector = this.#collector;
    return collector && collector.byteLength > 0 ? collector.roomFor(missingBytes, maxBytes) : undefined;
  }

  /** The application has consumed the oldest message that it had not consumed yet. */
  handleConsumed(creditBytes: number): void {
    this.#consumedFrameBytes += creditBytes;
    this.#consumedMessages += 1;
    this.#memory.handleConsumed(this.#consumedMessages);
    const regularLimitBytes = this.#consumedFrameBytes + this.#limits.channelWindowBytes;
    if (regularLimitBytes > this.#limitBytes) this.#limitBytes = regularLimitBytes;
    if (this.#isExtended) {
      this.#isExtended = this.#limitBytes > regularLimitBytes;
      this.#budget.shrink(this, this.#limitBytes - regularLimitBytes);
    }
    // A message that used up the room of this one gets its own.
    if (this.#unfinishedFrameBytes > 0) this.#extend();
    const isConfirmDue = this.#consumedMessages === this.#confirms.first;
    if (isConfirmDue) this.#confirms.removeFirst();
    if (isConfirmDue || this.#isHalfWindowUntold()) this.#host.handleCreditDue(this);
  }

  handleBudgetFreed(): void {
    if (this.#unfinishedFrameBytes > 0) this.#extend();
  }

  /** The connection is lost: a frame that has come in part comes again whole, or in other pieces, over another one. */
  dropPartialFrame(): void {
    const length = this.#partialFrameLength;
    if (length === 0) return;
    this.#partialFrameLength = 0;
    this.#collector?.drop(this.#partialFrameBytes);
    this.#receivedFrameBytes -= FRAME_HEADER_BYTES + length;
    this.#unfinishedFrameBytes -= FRAME_HEADER_BYTES + length;
  }

  /** How far the peer's messages have come; the sender goes on behind that. */
  get position(): ChannelPosition {
    return {
      messages: this.#receivedMessages,
      frameBytes: this.#receivedFrameBytes,
      fragmentBytes: this.#collector?.byteLength ?? 0,
    };
  }

  /** The peer is about to go on over another connection, and is told its credit anew. */
  resume(): void {
    if (this.#unfinishedFrameBytes > 0) this.#extend();
    this.#host.handleCreditDue(this);
  }

  /** The limit to tell the peer; it counts as told. */
  takeLimit(): number {
    this.#grantedBytes = this.#limitBytes;
    return this.#grantedBytes;
  }

  /** Keeps no memory for messages to come. */
  trim(): void {
    this.#memory.trim();
  }

  #isHalfWindowUntold(): boolean {
    return this.#limitBytes - this.#grantedBytes >= this.#limits.channelWindowBytes / 2;
  }

  #handleHeader(header: FrameHeader): void {
    const frameBytes = FRAME_HEADER_BYTES + header.length;
    this.#receivedFrameBytes += frameBytes;
    if (this.#receivedFrameBytes > this.#grantedBytes) {
      throw new ProtocolError(
        WireError.FLOW_CONTROL,
        `frame up to byte ${this.#receivedFrameBytes} of ${laneName(this.number)} exceeds the credit of ${this.#grantedBytes}`,
      );
    }
    if (header.length === 0 && (header.flags & MessageFlag.FIN) === 0) {
      throw new ProtocolError(
        WireError.PROTOCOL_ERROR,
        `empty fragment on ${laneName(this.number)}, expected at least 1 byte`,
      );
    }
    const messageBytes = (this.#collector?.byteLength ?? 0) + header.length;
    if (messageBytes > this.#limits.maxMessageBytes) {
      throw new ProtocolError(
        WireError.MESSAGE_TOO_LARGE,
        `message of at least ${messageBytes} bytes on ${laneName(this.number)} exceeds maxMessageBytes ${this.#limits.maxMessageBytes}`,
      );
    }
    this.#unfinishedFrameBytes += frameBytes;
  }

  #extend(): void {
    const extendedBytes = this.#consumedFrameBytes + this.#limits.channelWindowBytes + this.#unfinishedFrameBytes;
    if (extendedBytes <= this.#limitBytes) return;
    this.#hasAskedForMore = true;
    if (!this.#budget.tryHold(this, this.#unfinishedFrameBytes)) return;
    this.#isExtended = true;
    this.#limitBytes = extendedBytes;
    if (this.#isHalfWindowUntold()) this.#host.handleCreditDue(this);
  }

  /** The message lies in one piece in what was received. */
  #completeView(header: FrameHeader, bytes: Uint8Array): void {
    const { lends } = this.#memory;
    this.#complete(header, bytes, !lends);
    if (lends && this.#consumedMessages < this.#receivedMessages) this.#host.keepReceived();
  }

  #completeGathered(header: FrameHeader, collector: PayloadCollector): void {
    const message = collector.take(this.#memory.lends);
    // Messages of one channel are often alike. What its window lets the peer send anyway is believed without being announced.
    collector.expectedBytes = Math.min(message.length, this.#limits.channelWindowBytes);
    this.#memory.handOver(message, this.#receivedMessages + 1);
    this.#complete(header, message, false);
  }

  #complete(header: FrameHeader, bytes: Uint8Array, isView: boolean): void {
    const creditBytes = this.#unfinishedFrameBytes;
    this.#unfinishedFrameBytes = 0;
    this.#receivedMessages += 1;
    if ((header.flags & MessageFlag.CONFIRM) !== 0) this.#confirms.push(this.#receivedMessages);
    // It may have asked for more room, been refused, and fitted all the same.
    if (this.#hasAskedForMore && !this.#isExtended) {
      this.#hasAskedForMore = false;
      this.#budget.shrink(this, 0);
    }
    this.#host.handleMessage(this.number, bytes, creditBytes, isView);
  }
}
