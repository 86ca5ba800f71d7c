import {
  ConnectionLostError,
  type ControlFrameType,
  type ControlMessage,
  type ErrorNotice,
  FrameType,
  type GoAway,
  type Identified,
  type Identify,
  PeerError,
  PING_PAYLOAD_BYTES,
  ProtocolError,
  type Settings,
  type TcpCommError,
  toSentence,
  WireError,
} from '@tcpcomm/protocol';
import type { ChannelDelivery, ChannelTable } from './channel-table.ts';
import { type CloseReason, errorOfClosing, failureReason } from './ending/close-reason.ts';
import { type ConnectionPhase, sleepOn } from './connection-phase.ts';
import type { Conversation, ConversationCarrier } from './conversation.ts';
import { ControlQueue, type CreditSource } from './sending/control-queue.ts';
import { EngineObserver } from './engine-observer.ts';
import { FrameReceiver } from './receiving/frame-receiver.ts';
import { FrameRouter, type SessionFrameEvents } from './receiving/frame-router.ts';
import { FrameSender } from './sending/frame-sender.ts';
import { LeaveTaking } from './ending/leave-taking.ts';
import { Liveness } from './liveness/liveness.ts';
import type { OutputBatch } from './sending/output-batch.ts';
import type { PackBuffer } from './sending/pack-buffer.ts';
import { Receipt } from './receiving/receipt.ts';
import { ReceivedMemory } from './receiving/received-memory.ts';
import type { Role } from './role.ts';
import type { FrameSource } from './sending/scheduler.ts';
import type { SessionEngineOptions, SessionEvents } from './session-engine-options.ts';
import type { SendPolicy, SendPolicyOptions } from './sending/send-policy.ts';
import { TransferExchange, type TransferExchangeHost } from './transfers/transfer-exchange.ts';

/**
 * One end of a connection that carries a session, from the end of the handshake on: bytes in, bytes out, time as an argument. It owns
 * nothing itself but the order of things; transfers, sending, receiving and farewell are each in a file of their own, and messages
 * are the conversation's, which may outlive it.
 */
export class SessionEngine implements ConnectionPhase, ConversationCarrier, SessionFrameEvents, TransferExchangeHost {
  onWake = sleepOn;
  readonly #memory = new ReceivedMemory();
  readonly observer: EngineObserver;

  readonly #role: Role;
  readonly #events: SessionEvents;
  readonly conversation: Conversation;
  readonly #isResumable: boolean;
  readonly #packBuffer: PackBuffer;
  readonly #control: ControlQueue;
  readonly #receipt: Receipt;
  readonly #sender: FrameSender;
  readonly #router: FrameRouter;
  readonly #receiver: FrameReceiver;
  readonly #channels: ChannelTable;
  readonly #transfers: TransferExchange;
  readonly #liveness: Liveness;
  readonly #leaving: LeaveTaking;
  #hasReceived = false;
  #closeReason: CloseReason | undefined;

  constructor(options: SessionEngineOptions) {
    const { role, events, conversation } = options;
    const { settings, localLimits } = conversation.options;
    this.#role = role;
    this.#events = events;
    this.conversation = conversation;
    this.#isResumable = options.isResumable;
    this.#packBuffer = conversation.packBuffer;
    this.#control = new ControlQueue(this.#packBuffer);
    this.#channels = conversation.channels;
    // The rate is the server's, which enforces it. A client that held its own receiving against its rate as well could be kept from
    // sending for ever: the server gives it a share only of what it sends.
    this.#receipt = new Receipt(role === 'server' ? options.throttle : undefined);
    this.#sender = new FrameSender({
      packBuffer: this.#packBuffer,
      control: this.#control,
      receipt: this.#receipt,
      throttle: options.throttle,
      settings,
      maxFrameBytes: conversation.remoteLimits.maxFrameBytes,
      blockSizeBytes: options.blockSizeBytes,
    });
    this.#transfers = new TransferExchange(this, options);
    const flow = { receipt: this.#receipt, sender: this.#sender, control: this.#control };
    const parts = { ...flow, channels: this.#channels, transfers: this.#transfers };
    this.observer = new EngineObserver(parts);
    this.#router = new FrameRouter(parts, this);
    this.#receiver = new FrameReceiver(role, localLimits.maxFrameBytes, this.#router);
    this.#liveness = new Liveness(role, settings, this.#sender, options.nowMs);
    this.#leaving = new LeaveTaking({ ...parts, router: this.#router, receiver: this.#receiver }, settings);
    conversation.carryBy(this);
  }

  // What the application wants.

  /** Whether messages and transfers may still be begun. */
  get isOpen(): boolean {
    return this.#closeReason === undefined && this.#leaving.isStaying;
  }

  /** Whether anything has come since the handshake. */
  get hasReceived(): boolean {
    return this.#hasReceived;
  }

  get closeReason(): CloseReason | undefined {
    return this.#closeReason;
  }

  /** What became of the messages given to this side, as far as it is known. */
  get deliveries(): ChannelDelivery[] {
    return this.#leaving.deliveries;
  }

  /** The transfers: begins them, or goes on with those that an earlier connection has interrupted. */
  get transfers(): Pick<TransferExchange, 'beginIncoming' | 'beginOutgoing' | 'abandon'> {
    return this.#transfers;
  }

  /** Treats a channel or a transfer differently from now on. */
  changePolicy(policy: SendPolicy, options: SendPolicyOptions, nowMs: number): void {
    policy.change(options, nowMs);
    this.reconsider();
  }

  /** A rate or a share has changed: what was held back may go now. */
  reconsider(): void {
    this.#sender.reconsider();
    this.onWake();
  }

  /** Cuts frames to this size from now on; a server also tells its client, with the rate that it follows from. */
  setPace(settings: Settings): void {
    this.#sender.blockSizeBytes = settings.blockSizeBytes;
    if (this.#role === 'server') this.sendControl(FrameType.SETTINGS, 0, settings);
  }

  /** Asks the peer for a sign of life, and gives it one. */
  ping(): void {
    if (this.#closeReason || this.#leaving.hasSaidGoodbye) return;
    this.#control.queuePing(new Uint8Array(PING_PAYLOAD_BYTES));
    this.onWake();
  }

  /** Asks the server for another machine id. */
  identify(machineId: string): void {
    this.sendControl(FrameType.IDENTIFY, 0, { machineId });
  }

  /** Ends the session in good order: sends what is queued, until `drainUntilMs` at the latest, and says goodbye. */
  close(code: WireError, message: string, drainUntilMs: number): void {
    if (this.#closeReason) return;
    this.#leaving.begin(code, message, drainUntilMs);
    this.onWake();
  }

  /** Ends the session now, whatever is on its way; the peer is told. */
  abandon(error: TcpCommError): void {
    this.#fail(error, WireError.DESTROYED);
  }

  // What the connection does.

  receive(bytes: Uint8Array, nowMs: number): number {
    this.#hasReceived = true;
    this.#router.nowMs = nowMs;
    this.#memory.begin();
    this.#liveness.handleReceived(nowMs);
    this.#leaving.handleReceived(nowMs);
    try {
      this.#receiver.receive(bytes);
    } catch (error) {
      this.#fail(error as ProtocolError, (error as ProtocolError).wireError);
    }
    this.#receipt.settle(nowMs);
    this.#memory.end(bytes.length);
    return bytes.length;
  }

  get keepsReceived(): boolean {
    return this.#memory.isKept;
  }

  roomForNext(maxBytes: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#closeReason ? undefined : this.#receiver.roomForNext(maxBytes);
  }

  handleEnd(nowMs: number): void {
    this.#router.nowMs = nowMs;
    if (this.#leaving.allowsEnd) this.#finish(this.#leaving.reason);
    else this.handleLoss(new ConnectionLostError('the peer ended the connection without a goodbye'), nowMs);
  }

  handleLoss(error: TcpCommError, nowMs: number): void {
    this.#router.nowMs = nowMs;
    this.#finish(failureReason('network', error));
  }

  takeOutput(nowMs: number): OutputBatch | undefined {
    this.#router.nowMs = nowMs;
    this.#advanceLeaving();
    try {
      return this.#sender.take(nowMs);
    } catch (error) {
      this.#fail(error as TcpCommError, WireError.INTERNAL_ERROR);
      return this.#sender.take(nowMs);
    }
  }

  handleWritten(nowMs: number): void {
    this.#router.nowMs = nowMs;
    this.#sender.handleWritten();
    this.#channels.handleWritten(this.#events);
    this.#transfers.handleWritten();
  }

  get deadlineMs(): number {
    if (this.#closeReason) return Infinity;
    return Math.min(this.#sender.deadlineMs, this.#liveness.deadlineMs, this.#leaving.deadlineMs);
  }

  handleDeadline(nowMs: number): void {
    if (this.#closeReason) return;
    this.#router.nowMs = nowMs;
    const silence = this.#liveness.silenceAt(nowMs);
    if (silence) {
      this.handleLoss(silence, nowMs);
      return;
    }
    const stall = this.#liveness.stallAt(nowMs);
    if (stall) {
      this.#fail(stall, WireError.WRITE_STALLED);
      return;
    }
    if (this.#liveness.takePing(nowMs)) {
      this.#packBuffer.trim();
      this.#channels.trim();
      this.ping();
    }
    // Not left to the next output alone: a peer that reads nothing would put it off for ever.
    this.#advanceLeaving();
    this.onWake();
  }

  get isFinished(): boolean {
    return this.#closeReason !== undefined;
  }

  // What the conversation asks of the connection that carries it.

  handleMessage(channel: number, bytes: Uint8Array, creditBytes: number, isView: boolean): void {
    this.#events.onMessage(channel, isView ? this.#memory.handOver(bytes) : bytes, creditBytes);
  }

  keepReceived(): void {
    this.#memory.keep();
  }

  handleCreditDue(source: CreditSource): void {
    if (!this.#closeReason) this.#control.queueCredit(source);
    this.onWake();
  }

  activate(source: FrameSource): void {
    this.#sender.activate(source);
    this.onWake();
  }

  // What the peer says of the session as a whole.

  onSettings(settings: Settings): void {
    this.#sender.blockSizeBytes = settings.blockSizeBytes;
    this.#events.onSettings(settings);
  }

  onGoodbye(goodbye: GoAway): void {
    this.#leaving.handlePeerGoodbye(goodbye, this.#router.nowMs);
    this.onWake();
  }

  onPeerError({ code, message }: ErrorNotice): void {
    this.#finish(failureReason('remote', new PeerError(code, message)));
  }

  onIdentify({ machineId }: Identify): void {
    this.#events.onIdentify(machineId, (identified) => {
      this.sendControl(FrameType.IDENTIFIED, 0, identified);
    });
  }

  onIdentified(answer: Identified): void {
    this.#events.onIdentified(answer);
  }

  sendControl<Type extends ControlFrameType>(type: Type, stream: number, message: ControlMessage<Type>): void {
    if (this.#closeReason || this.#leaving.hasSaidGoodbye) return;
    const flood = this.#control.flood;
    if (flood) {
      this.#fail(flood, flood.wireError);
      return;
    }
    this.#control.queueMessage(type, stream, message);
    this.onWake();
  }

  /** The session ends here and now; the peer is told why, as the last thing. */
  #fail(error: TcpCommError, code: WireError): void {
    if (this.#closeReason) return;
    this.#finish(failureReason('local', error));
    this.#control.queueMessage(FrameType.ERROR, 0, { code, message: toSentence(error.message) });
  }

  #advanceLeaving(): void {
    if (this.#closeReason) return;
    const reason = this.#leaving.advance(this.#router.nowMs);
    if (reason) this.#finish(reason);
  }

  #finish(reason: CloseReason): void {
    if (this.#closeReason) return;
    // What ends on purpose, or by somebody's fault, is not taken up again.
    const survives = this.#isResumable && reason.by === 'network' && this.#leaving.isStaying;
    this.#closeReason = reason;
    this.#leaving.end();
    this.#receiver.stop();
    this.#receipt.clear();
    if (reason.error) this.#control.clear(); // An ERROR is the last frame of its sender, and nothing answers one.
    const error = errorOfClosing(reason);
    this.#transfers.stop(error, survives);
    if (survives) {
      // What was being written is of no use to anybody any more.
      this.#sender.handleWritten();
      this.conversation.handleLost();
      this.#events.onLost(reason);
    } else {
      this.conversation.stop(error);
      this.#events.onClosed(reason);
    }
    this.onWake();
  }
}
