import {
  codeOfWireError,
  ConnectionLostError,
  type ControlFrameType,
  type ControlMessage,
  FrameType,
  type GoAway,
  PeerError,
  PING_PAYLOAD_BYTES,
  ProtocolError,
  type ReceiveLimits,
  type Settings,
  type TcpCommError,
  TimeoutError,
  toSentence,
  WireError,
} from '@tcpcomm/protocol';
import type { TokenBucket } from '@tcpcomm/throttle';
import { type ChannelDelivery, ChannelTable } from './channel-table.ts';
import { type CloseReason, errorOfClosing, failureReason } from './close-reason.ts';
import type { ConnectionPhase } from './connection-phase.ts';
import { ControlQueue, type CreditSource } from './control-queue.ts';
import type { EngineSettings } from './engine-settings.ts';
import { Farewell } from './farewell.ts';
import { FrameReceiver } from './frame-receiver.ts';
import { FrameRouter } from './frame-router.ts';
import { FrameSender } from './frame-sender.ts';
import type { IncomingTransfer } from './incoming-transfer.ts';
import { Keepalive } from './keepalive.ts';
import type { OutgoingChannel } from './outgoing-channel.ts';
import type { OutgoingTransfer } from './outgoing-transfer.ts';
import type { OutputBatch } from './output-batch.ts';
import { PackBuffer } from './pack-buffer.ts';
import { Receipt } from './receipt.ts';
import type { Role } from './role.ts';
import type { FrameSource } from './scheduler.ts';
import { type TransferEvents, TransferExchange } from './transfer-exchange.ts';

/** What a session tells its owner. Each is called while bytes are being received, so the owner must not throw. */
export interface SessionEvents extends TransferEvents {
  /** A whole message; `consume` with the same `creditBytes` when the application is done with it, in the order of arrival. */
  onMessage(channel: number, bytes: Uint8Array, creditBytes: number): void;
  /** The server has changed the rate or the block size. */
  onSettings(settings: Settings): void;
  /** The session is over, exactly once. All that waited has been settled. */
  onClosed(reason: CloseReason): void;
}

export interface SessionEngineOptions {
  readonly role: Role;
  /** What this side announced that it takes, and what the peer announced. */
  readonly localLimits: ReceiveLimits;
  readonly remoteLimits: ReceiveLimits;
  readonly settings: EngineSettings;
  /** What this side's bytes pass before they leave. */
  readonly throttle: TokenBucket;
  readonly blockSizeBytes: number;
  readonly events: SessionEvents;
  readonly nowMs: number;
}

/**
 * One end of a session from the end of the handshake on: bytes in, bytes out, time as an argument. It owns nothing itself
 * but the order of things; channels, transfers, sending, receiving and farewell are each in a file of their own.
 */
export class SessionEngine implements ConnectionPhase {
  onWake: () => void = () => undefined;

  readonly #role: Role;
  readonly #events: SessionEvents;
  readonly #settings: EngineSettings;
  readonly #remoteLimits: ReceiveLimits;
  readonly #packBuffer = new PackBuffer();
  readonly #control = new ControlQueue(this.#packBuffer);
  readonly #receipt = new Receipt();
  readonly #sender: FrameSender;
  readonly #router: FrameRouter;
  readonly #receiver: FrameReceiver;
  readonly #channels: ChannelTable;
  readonly #transfers: TransferExchange;
  readonly #keepalive: Keepalive;
  readonly #farewell: Farewell;
  #closeReason: CloseReason | undefined;

  constructor(options: SessionEngineOptions) {
    const { role, events, settings, localLimits, remoteLimits } = options;
    this.#role = role;
    this.#events = events;
    this.#settings = settings;
    this.#remoteLimits = remoteLimits;
    this.#sender = new FrameSender({
      packBuffer: this.#packBuffer,
      control: this.#control,
      receipt: this.#receipt,
      throttle: options.throttle,
      inFlightBytes: settings.inFlightBytes,
      maxFramePayloadBytes: this.#framePayloadFor(options.blockSizeBytes),
    });
    const handleCreditDue = this.#handleCreditDue.bind(this);
    const activate = this.#activate.bind(this);
    this.#channels = new ChannelTable(
      { handleMessage: events.onMessage.bind(events), handleCreditDue },
      this.#packBuffer,
      localLimits,
      remoteLimits,
      settings,
    );
    this.#transfers = new TransferExchange(
      role,
      { sendControl: this.#sendControl.bind(this), activate, handleCreditDue, isOpen: () => this.isOpen },
      events,
      this.#packBuffer,
      localLimits,
      remoteLimits,
      settings.maxTransfers,
    );
    this.#router = new FrameRouter(
      {
        receipt: this.#receipt,
        sender: this.#sender,
        control: this.#control,
        channels: this.#channels,
        transfers: this.#transfers,
      },
      {
        onSettings: this.#handleSettings.bind(this),
        onGoodbye: this.#handleGoodbye.bind(this),
        onPeerError: ({ code, message }) => {
          this.#finish(failureReason('remote', new PeerError(code, message)));
        },
      },
    );
    this.#receiver = new FrameReceiver(role, localLimits.maxFrameBytes, this.#router);
    this.#keepalive = new Keepalive(settings.keepAliveIntervalMs, settings.keepAliveTimeoutMs, options.nowMs);
    this.#farewell = new Farewell(settings.farewellReplyMs, settings.farewellDrainMs + settings.farewellReplyMs);
  }

  // What the application wants.

  /** Whether messages and transfers may still be begun. */
  get isOpen(): boolean {
    return this.#closeReason === undefined && this.#farewell.state === 'none';
  }

  get closeReason(): CloseReason | undefined {
    return this.#closeReason;
  }

  get queuedBytes(): number {
    return this.#channels.queuedBytes;
  }

  /** What became of the messages given to this side, as far as it is known. */
  get deliveries(): ChannelDelivery[] {
    return this.#channels.deliveries(this.#farewell.peerReceived);
  }

  outgoingChannel(channel: number): OutgoingChannel {
    return this.#channels.outgoing(channel);
  }

  /**
   * Queues a message.
   *
   * @throws LimitError if it is larger than the peer takes or the queue is full
   */
  send(channel: OutgoingChannel, payload: Uint8Array, confirm: boolean): void {
    channel.enqueue(payload, confirm);
    this.#activate(channel);
  }

  /** The application has consumed the oldest message of the channel. */
  consume(channel: number, creditBytes: number): void {
    this.#channels.incoming(channel).handleConsumed(creditBytes);
  }

  beginIncomingTransfer(): IncomingTransfer {
    return this.#transfers.beginIncoming();
  }

  beginOutgoingTransfer(): OutgoingTransfer {
    return this.#transfers.beginOutgoing();
  }

  /** Cuts frames to this size from now on; a server also tells its client, with the rate that it follows from. */
  setPace(settings: Settings): void {
    this.#sender.maxFramePayloadBytes = this.#framePayloadFor(settings.blockSizeBytes);
    if (this.#role === 'server') this.#sendControl(FrameType.SETTINGS, 0, settings);
  }

  /** Ends the session in good order: sends what is queued, until `drainUntilMs` at the latest, and says goodbye. */
  close(code: WireError, message: string, drainUntilMs: number): void {
    if (this.#closeReason) return;
    this.#farewell.begin('local', code, toSentence(message), drainUntilMs);
    this.onWake();
  }

  /** Ends the session now; the connection goes with it. */
  abandon(error: TcpCommError): void {
    this.#finish(failureReason('local', error));
  }

  // What the connection does.

  receive(bytes: Uint8Array, nowMs: number): number {
    this.#router.nowMs = nowMs;
    this.#keepalive.handleReceived(nowMs);
    this.#farewell.handleReceived(nowMs);
    try {
      this.#receiver.receive(bytes);
    } catch (error) {
      this.#fail(error as ProtocolError);
    }
    return bytes.length;
  }

  handleEnd(nowMs: number): void {
    this.#router.nowMs = nowMs;
    const hasLeave = this.#farewell.state === 'said' || this.#farewell.peerReceived !== undefined;
    if (hasLeave) this.#finish(this.#farewell.reason);
    else this.handleLoss(new ConnectionLostError('the peer ended the connection without a goodbye'), nowMs);
  }

  handleLoss(error: TcpCommError, nowMs: number): void {
    this.#router.nowMs = nowMs;
    this.#finish(failureReason('network', error));
  }

  takeOutput(nowMs: number): OutputBatch | undefined {
    this.#router.nowMs = nowMs;
    this.#advanceFarewell();
    return this.#sender.take(nowMs);
  }

  handleWritten(nowMs: number): void {
    this.#router.nowMs = nowMs;
    this.#sender.handleWritten();
    this.#channels.handleWritten();
    this.#transfers.handleWritten();
  }

  get deadlineMs(): number {
    if (this.#closeReason) return Infinity;
    return Math.min(this.#sender.deadlineMs, this.#keepalive.deadlineMs, this.#farewell.deadlineMs);
  }

  handleDeadline(nowMs: number): void {
    if (this.#closeReason) return;
    this.#router.nowMs = nowMs;
    if (this.#keepalive.isPeerDead(nowMs)) {
      const code = codeOfWireError(WireError.KEEPALIVE_TIMEOUT);
      this.handleLoss(
        new TimeoutError(`nothing came from the peer for ${this.#settings.keepAliveTimeoutMs} ms`, code),
        nowMs,
      );
      return;
    }
    if (this.#keepalive.isPingDue(nowMs)) {
      this.#keepalive.handlePinged(nowMs);
      this.#packBuffer.trim();
      this.#control.queuePing(new Uint8Array(PING_PAYLOAD_BYTES));
    }
    // Not left to the next output alone: a peer that reads nothing would put it off for ever.
    this.#advanceFarewell();
    this.onWake();
  }

  get isFinished(): boolean {
    return this.#closeReason !== undefined;
  }

  #handleCreditDue(source: CreditSource): void {
    if (!this.#closeReason) this.#control.queueCredit(source);
    this.onWake();
  }

  #handleSettings(settings: Settings): void {
    this.#sender.maxFramePayloadBytes = this.#framePayloadFor(settings.blockSizeBytes);
    this.#events.onSettings(settings);
  }

  #handleGoodbye(goodbye: GoAway): void {
    this.#receiver.state = 'after-goodbye';
    this.#farewell.handlePeerGoodbye(goodbye);
    this.#farewell.begin('remote', goodbye.code, goodbye.message, this.#router.nowMs + this.#settings.farewellDrainMs);
    // The peer will send no more of any transfer, nor answer one.
    this.#transfers.stop(errorOfClosing(this.#farewell.reason));
    this.onWake();
  }

  #sendControl<Type extends ControlFrameType>(type: Type, stream: number, message: ControlMessage<Type>): void {
    if (this.#closeReason || this.#farewell.state === 'said') return;
    const flood = this.#control.flood;
    if (flood) {
      this.#fail(flood);
      return;
    }
    this.#control.queueMessage(type, stream, message);
    this.onWake();
  }

  /** The peer broke the specification: it is told so, as the last thing. */
  #fail(error: ProtocolError): void {
    if (this.#closeReason) return;
    this.#finish(failureReason('local', error));
    this.#control.queueMessage(FrameType.ERROR, 0, { code: error.wireError, message: toSentence(error.message) });
  }

  #activate(source: FrameSource): void {
    this.#sender.activate(source);
    this.onWake();
  }

  #framePayloadFor(blockSizeBytes: number): number {
    return Math.min(blockSizeBytes, this.#remoteLimits.maxFrameBytes);
  }

  #advanceFarewell(): void {
    const isDrained =
      this.#farewell.state === 'draining' && this.#channels.queuedBytes === 0 && !this.#transfers.hasOpen;
    if (this.#farewell.isGoodbyeDue(isDrained, this.#router.nowMs)) {
      const error = errorOfClosing(this.#farewell.reason);
      this.#transfers.stop(error);
      this.#channels.stopSending(error);
      this.#router.ignoresTransfers = true;
      this.#control.queueMessage(FrameType.GOAWAY, 0, {
        ...this.#farewell.words,
        received: this.#channels.receivedMessages,
      });
      this.#farewell.handleGoodbyeSent(this.#router.nowMs);
    }
    if (this.#farewell.isOver(this.#router.nowMs)) this.#finish(this.#farewell.reason);
  }

  #finish(reason: CloseReason): void {
    if (this.#closeReason) return;
    this.#closeReason = reason;
    this.#farewell.end();
    this.#receiver.stop();
    this.#receipt.clear();
    if (reason.error) this.#control.clear(); // An ERROR is the last frame of its sender, and nothing answers one.
    const error = errorOfClosing(reason);
    this.#transfers.stop(error);
    this.#channels.stop(error);
    this.#events.onClosed(reason);
    this.onWake();
  }
}
