import {
  type FolderEntry,
  type Identified,
  SessionClosedError,
  type Settings,
  type Standing,
  type TcpCommError,
  type WireError,
} from '@tcpcomm/protocol';
import { type ChannelOptions, ChannelSettings } from './channel-settings.ts';
import type { ChannelDelivery } from './engine/channel-table.ts';
import type { Conversation } from './engine/conversation.ts';
import {
  type CloseReason,
  errorOfClosing,
  failureReason,
  goodbyeReason,
  sessionLost,
} from './engine/ending/close-reason.ts';
import type { SessionEvents } from './engine/session-engine-options.ts';
import { positionsOf, receivedOf } from './engine/standing.ts';
import type { FileTransfer } from './file-transfer.ts';
import type { TransferRequest } from './io/transfer-request.ts';
import type { Transport } from './io/transport.ts';
import type { SendOptions } from './send-options.ts';
import type { SessionBackend, SessionBackendEvents } from './session-backend.ts';
import { createSessionLink, type SessionLink } from './session-link.ts';
import { createSessionParts, type SessionParts, type SessionTerms } from './session-parts.ts';
import type { SessionSetup } from './session-options.ts';
import { NO_STATS, type SessionStats, StatsReader } from './session-stats.ts';

/**
 * A session on this thread: how it begins, goes from one connection to the next, and ends. A client's and a server's differ in how they
 * come to a connection.
 *
 * When a connection is lost and both ends can take the session up again it is `isSuspended`: messages wait, until another connection
 * carries them or the session ends.
 */
export abstract class LocalSession<
  Events extends SessionBackendEvents = SessionBackendEvents,
> implements SessionBackend {
  protected readonly events: Events;
  readonly #setup: SessionSetup;
  readonly #channelSettings = new ChannelSettings();
  readonly #stats = new StatsReader(performance.now());
  /** The connection that carries the session, or did last. */
  #link: SessionLink | undefined;
  /** Since the first connection was accepted. */
  #parts: SessionParts | undefined;
  #pace: Settings | undefined;
  #machineId = '';
  #isSuspended = false;
  #closeReason: CloseReason | undefined;

  protected constructor(setup: SessionSetup, events: Events) {
    this.#setup = setup;
    this.events = events;
  }

  get sessionId(): number {
    return this.#link?.terms.sessionId ?? 0;
  }

  get machineId(): string {
    return this.#machineId;
  }

  get remoteAddress(): string | undefined {
    return this.#link?.transport.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#link?.transport.remotePort;
  }

  get isOpen(): boolean {
    return this.#isSuspended || (this.#link?.engine.isOpen ?? false);
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  get closeReason(): CloseReason | undefined {
    return this.#closeReason;
  }

  /** Rate and block size; undefined before there is a session. */
  get pace(): Settings | undefined {
    return this.#pace;
  }

  get blockSizeBytes(): number {
    return this.#pace?.blockSizeBytes ?? 0;
  }

  get queuedBytes(): number {
    return this.conversation?.queuedBytes ?? 0;
  }

  queuedBytesOf(channel: number): number {
    return this.conversation?.channels.outgoing(channel).queuedBytes ?? 0;
  }

  /** Of all that was ever given to a channel, what has left its queue; it never goes back, as the queue's size does when much is sent again. */
  takenBytesOf(channel: number): number {
    return this.conversation?.channels.outgoing(channel).takenBytes ?? 0;
  }

  /** Of the messages that were given to a channel, those that the peer's application is known to be done with. */
  consumedMessagesOf(channel: number): number {
    return this.conversation?.channels.outgoing(channel).consumedMessages ?? 0;
  }

  /** The largest message that the peer takes; 0 before there is a session. */
  get maxMessageBytes(): number {
    return this.conversation?.remoteLimits.maxMessageBytes ?? 0;
  }

  /** What the connection has moved that there is, or was last. */
  get movedBytes(): number {
    return this.#link?.transport.movedBytes ?? 0;
  }

  get deliveries(): readonly ChannelDelivery[] {
    return this.#link?.engine.deliveries ?? [];
  }

  send(number: number, bytes: Uint8Array, options: SendOptions | undefined, head?: Uint8Array): Promise<void> {
    const { conversation } = this.#openParts();
    const channel = conversation.channels.outgoing(number);
    const confirm = options?.confirm ?? false;
    conversation.send(channel, bytes, confirm, head);
    if (confirm) return channel.whenConsumed(options?.signal);
    return channel.whenBelowMark(this.#channelSettings.highWaterMark(number), options?.signal);
  }

  changeChannel(channel: number, options: ChannelOptions): void {
    this.#channelSettings.change(channel, options, this.conversation);
  }

  consume(channel: number, creditBytes: number, epoch: number): void {
    this.#parts?.conversation.consume(channel, creditBytes, epoch);
  }

  beginTransfer(request: TransferRequest, signal: AbortSignal | undefined): FileTransfer {
    return this.#openParts().files.begin(request, signal);
  }

  list(remotePath: string, isRecursive: boolean): Promise<FolderEntry[]> {
    return this.#openParts().files.list(remotePath, isRecursive);
  }

  stats(): Omit<SessionStats, 'transfers'> {
    if (this.#link === undefined) return NO_STATS;
    const nowMs = performance.now();
    const limitBytesPerSecond = this.#parts?.throttle.bytesPerSecond ?? Infinity;
    return this.#stats.read(this.#link.engine.observer.snapshot(nowMs), limitBytesPerSecond, nowMs);
  }

  close(code: WireError, message: string, drainMs: number): void {
    // With nobody to say goodbye to it is over at once.
    if (this.#link === undefined || this.#isSuspended) {
      this.end(goodbyeReason('local', code, message, this.#link === undefined));
    }
    this.#link?.engine.close(code, message, performance.now() + drainMs);
  }

  destroy(error: TcpCommError): void {
    if (this.#link === undefined || this.#isSuspended) {
      this.end(failureReason('local', error));
      return;
    }
    this.#link.engine.abandon(error);
    this.#link.transport.hangUp();
  }

  protected get link(): SessionLink | undefined {
    return this.#link;
  }

  /** Begins when the first connection has been accepted. */
  protected get conversation(): Conversation | undefined {
    return this.#parts?.conversation;
  }

  protected setPace(pace: Settings): void {
    this.#handleSettings(pace);
    this.#link?.engine.setPace(pace);
  }

  /** Sets the session's share of the total beside other sessions. */
  protected setShare(weight: number): void {
    this.#parts?.throttle.setWeight(weight, performance.now());
    this.#link?.engine.reconsider();
  }

  /** The handshake is complete: the session begins. */
  protected begin(transport: Transport, terms: SessionTerms): void {
    this.#machineId = terms.machineId;
    this.#parts = createSessionParts(terms, this.#setup, this.events);
    this.#channelSettings.applyTo(this.#parts.conversation);
    this.#carryBy(transport, terms, this.#parts, undefined);
    this.events.onConnected({ reconnected: false, resumed: false, lost: [] });
  }

  /**
   * Goes back to where the peer stands.
   *
   * @throws ProtocolError for a standing that cannot be
   */
  protected rewind({ received }: Standing): void {
    this.#parts?.conversation.rewind(positionsOf(received));
  }

  /** Another connection carries the session on. */
  protected resume(transport: Transport, terms: SessionTerms, peer: Standing): void {
    if (this.#parts === undefined) return;
    this.#carryBy(transport, terms, this.#parts, peer.transfers);
    this.events.onConnected({ reconnected: true, resumed: true, lost: [] });
  }

  /** Another connection carries another session, with a peer that knows nothing of this one. What waits is sent to it. */
  protected restart(transport: Transport, terms: SessionTerms): void {
    if (this.#parts === undefined) return;
    const reason = sessionLost('whether the message was taken');
    const lost = this.#parts.conversation.restart(terms.remoteLimits, reason);
    this.#channelSettings.applyTo(this.#parts.conversation);
    this.#carryBy(transport, terms, this.#parts, undefined);
    this.events.onConnected({ reconnected: true, resumed: false, lost });
  }

  /** Where this end stands, for the peer to go on from there. */
  protected get standing(): Standing {
    const received = this.#parts ? receivedOf(this.#parts.conversation.positions) : {};
    return { received, transfers: this.#parts?.files.standing ?? { continued: [], done: [] } };
  }

  /** Resolves when nothing happens any more that the connection before has set off, so that `standing` is all of it. */
  protected async standsStill(): Promise<void> {
    await this.#parts?.files.decided();
  }

  /** Treats the connection as lost, if there is one: another one takes over. */
  protected interrupt(error: TcpCommError): void {
    this.#link?.engine.handleLoss(error, performance.now());
  }

  protected rename(machineId: string): void {
    this.#machineId = machineId;
  }

  /** The peer wants another machine id; at a server only. Otherwise as `SessionEvents.onIdentify`. */
  protected abstract handleIdentify(machineId: string, answer: (identified: Identified) => void): void;
  /** The peer's answer to that; at a client only. */
  protected abstract handleIdentified(answer: Identified): void;
  /** The connection is lost, and the session waits for another one. */
  protected abstract handleSuspended(reason: CloseReason): void;

  /** There will be no connection any more. */
  protected end(reason: CloseReason): void {
    if (this.#closeReason) return;
    this.#closeReason = reason;
    this.#isSuspended = false;
    const error = errorOfClosing(reason);
    this.#parts?.files.stop(error);
    this.#parts?.conversation.stop(error);
    this.#parts?.throttle.release(performance.now());
    this.events.onClosed(reason);
  }

  /** What of the session outlives its connections, to begin something; throws why that cannot be. */
  #openParts(): SessionParts {
    if (this.#parts && this.isOpen) return this.#parts;
    throw this.#closedError();
  }

  #carryBy(
    transport: Transport,
    terms: SessionTerms,
    parts: SessionParts,
    peerTransfers: Standing['transfers'] | undefined,
  ): void {
    this.#handleSettings(terms.pace);
    if (this.#link) this.#stats.handleConnectionOver(this.#link.engine.observer.snapshot(performance.now()));
    this.#isSuspended = false;
    const { conversation } = parts;
    const events: SessionEvents = {
      onMessage: (channel, bytes, creditBytes) => {
        this.events.onMessage(channel, bytes, creditBytes, conversation.epoch);
      },
      onMessagesWritten: this.events.onMessagesWritten.bind(this.events),
      onSettings: this.#handleSettings.bind(this),
      onIdentify: this.handleIdentify.bind(this),
      onIdentified: this.handleIdentified.bind(this),
      onLost: (reason) => {
        this.#handleLost(reason, transport);
      },
      onClosed: (reason) => {
        void this.#handleLinkClosed(reason, transport);
      },
    };
    this.#link = createSessionLink(transport, terms, parts, events, peerTransfers);
  }

  #handleSettings(pace: Settings): void {
    this.#pace = pace;
    this.events.onPace();
    this.#parts?.throttle.setRate(pace.bytesPerSecond ?? Infinity, performance.now());
  }

  #closedError(): TcpCommError {
    const reason = this.#link?.engine.closeReason ?? this.#closeReason;
    if (reason) return errorOfClosing(reason);
    if (this.#link) return new SessionClosedError('the session is being closed');
    return new SessionClosedError('there is no connection; await connect first', 'ERR_TCPCOMM_NOT_CONNECTED');
  }

  #handleLost(reason: CloseReason, transport: Transport): void {
    this.#isSuspended = true;
    this.#parts?.files.detach();
    transport.destroy();
    this.events.onDisconnected(reason);
    // A listener may have closed it.
    if (this.isSuspended) this.handleSuspended(reason);
  }

  async #handleLinkClosed(reason: CloseReason, transport: Transport): Promise<void> {
    await transport.closed;
    await this.#parts?.files.settled();
    this.events.onDisconnected(reason);
    this.end(reason);
  }
}
