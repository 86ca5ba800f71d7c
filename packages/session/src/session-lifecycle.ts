import {
  type Identified,
  SessionClosedError,
  type Settings,
  type Standing,
  type TcpCommError,
} from '@tcpcomm/protocol';
import type { Conversation } from './engine/conversation.ts';
import { type CloseReason, errorOfClosing } from './engine/ending/close-reason.ts';
import type { SessionEvents } from './engine/session-engine-options.ts';
import { positionsOf, receivedOf } from './engine/standing.ts';
import type { FileTransfer } from './file-transfer.ts';
import { InboxTable } from './inbox-table.ts';
import type { Transport } from './io/transport.ts';
import { SessionEmitter } from './session-emitter.ts';
import type { ConnectionDetails } from './session-events.ts';
import { createSessionLink, type SessionLink } from './session-link.ts';
import { createSessionParts, type SessionParts, type SessionTerms } from './session-parts.ts';
import type { SessionSetup } from './session-options.ts';
import { NO_STATS, type SessionStats, StatsReader } from './session-stats.ts';
import { TransferMonitor } from './transfer-monitor.ts';

/**
 * How a session begins, goes from one connection to the next, and ends: the part of `Session` that its users do not call. What stands
 * above a session (the server, the options of a client) hears through the `handle` methods, beside the listeners of the events.
 *
 * When a connection is lost and both ends can take the session up again it is `isSuspended`: messages wait, until another connection
 * carries them or the session ends.
 */
export abstract class SessionLifecycle extends SessionEmitter {
  readonly #setup: SessionSetup;
  /** For whoever asked. */
  #closed: PromiseWithResolvers<CloseReason> | undefined;
  readonly #stats = new StatsReader(performance.now());
  /** The connection that carries the session, or did last. */
  #link: SessionLink | undefined;
  #inboxes: InboxTable | undefined;
  /** Since the first connection was accepted. */
  #parts: SessionParts | undefined;
  #pace: Settings | undefined;
  #machineId = '';
  #transfers = new TransferMonitor('client');
  #isSuspended = false;
  #closeReason: CloseReason | undefined;

  protected constructor(setup: SessionSetup) {
    super();
    this.#setup = setup;
    this.on('newListener', SessionLifecycle.#handleNewListener);
  }

  /** The number that the server has given this session, the lowest that was free; 0 before there is a session. */
  get sessionId(): number {
    return this.#link?.terms.sessionId ?? 0;
  }

  /** The client's machine id. */
  get machineId(): string {
    return this.#machineId;
  }

  /** The peer's IP address, undefined while there is no connection. */
  get remoteAddress(): string | undefined {
    return this.#link?.transport.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#link?.transport.remotePort;
  }

  /** Whether messages can be sent: they wait while the session is suspended. */
  get isOpen(): boolean {
    return this.#isSuspended || (this.#link?.engine.isOpen ?? false);
  }

  /** Whether the connection is lost, and another one may carry the session on. */
  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** Resolves with the reason when the session is over and its socket is closed. Never rejects. */
  get closed(): Promise<CloseReason> {
    if (this.#closeReason) return Promise.resolve(this.#closeReason);
    return (this.#closed ??= Promise.withResolvers()).promise;
  }

  /** Whether somebody takes messages besides the listeners of this object. */
  protected abstract readonly hearsMessages: boolean;
  /** Hands a message over. If it returns a promise, the message counts as consumed when that has settled. */
  protected abstract takeMessage(bytes: Uint8Array, channel: number): unknown;
  /** Tells of a transfer that has begun. */
  protected abstract takeTransfer(transfer: FileTransfer): void;

  protected get closeReason(): CloseReason | undefined {
    return this.#closeReason;
  }

  protected get link(): SessionLink | undefined {
    return this.#link;
  }

  /** Begins when the first connection has been accepted. */
  protected get conversation(): Conversation | undefined {
    return this.#parts?.conversation;
  }

  /** What of the session outlives its connections, to begin something; throws why that cannot be. */
  protected get openParts(): SessionParts {
    if (this.#parts && this.isOpen) return this.#parts;
    throw this.#closedError;
  }

  /** Where messages wait until somebody takes them. */
  protected get inboxes(): InboxTable {
    return (this.#inboxes ??= this.#createInboxes());
  }

  protected get transfers(): TransferMonitor {
    return this.#transfers;
  }

  /** Rate and block size; undefined before there is a session. */
  protected get pace(): Settings | undefined {
    return this.#pace;
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

  protected readStats(): SessionStats {
    if (this.#link === undefined) return NO_STATS;
    const nowMs = performance.now();
    const transfers = this.#transfers.running.map((transfer) => transfer.stats());
    const limitBytesPerSecond = this.#parts?.throttle.bytesPerSecond ?? Infinity;
    return this.#stats.read(this.#link.engine.observer.snapshot(nowMs), transfers, limitBytesPerSecond, nowMs);
  }

  /** The handshake is complete: the session begins. */
  protected begin(transport: Transport, terms: SessionTerms): void {
    this.#machineId = terms.machineId;
    this.#transfers = new TransferMonitor(terms.role);
    this.#parts = createSessionParts(terms, this.#setup, {
      onBegun: this.#handleTransferBegun.bind(this),
      onEnded: this.#handleTransferEnded.bind(this),
      onListenerFailed: this.reportFailure.bind(this),
    });
    this.#carryBy(transport, terms, this.#parts, undefined);
    this.announceConnection({ reconnected: false, resumed: false, lost: [] });
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
    this.announceConnection({ reconnected: true, resumed: true, lost: [] });
  }

  /** Another connection carries another session, with a peer that knows nothing of this one. What waits is sent to it. */
  protected restart(transport: Transport, terms: SessionTerms): void {
    if (this.#parts === undefined) return;
    const reason = new SessionClosedError(
      'the server does not know this session any more; whether the message was taken is not known',
      'ERR_TCPCOMM_SESSION_LOST',
    );
    const lost = this.#parts.conversation.restart(terms.remoteLimits, reason);
    this.#carryBy(transport, terms, this.#parts, undefined);
    this.announceConnection({ reconnected: true, resumed: false, lost });
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

  protected announceConnection(details: ConnectionDetails): void {
    this.announce('connected', details);
  }

  protected rename(machineId: string): void {
    this.#machineId = machineId;
  }

  /** The peer wants another machine id; at a server only. */
  protected abstract handleIdentify(machineId: string): Identified;
  /** The peer's answer to that; at a client only. */
  protected abstract handleIdentified(answer: Identified): void;
  /** The connection is lost, and the session waits for another one. */
  protected abstract handleSuspended(reason: CloseReason): void;
  /** The session is over. Its transfers have ended too, but nobody has been told of that yet: they are in this turn's microtasks. */
  protected abstract handleEnded(reason: CloseReason): void;

  /** There will be no connection any more. */
  protected end(reason: CloseReason): void {
    if (this.#closeReason) return;
    this.#closeReason = reason;
    this.#isSuspended = false;
    const error = errorOfClosing(reason);
    this.#parts?.files.stop(error);
    this.#parts?.conversation.stop(error);
    this.#parts?.throttle.release(performance.now());
    this.inboxes.end();
    this.handleEnded(reason);
    this.#closed?.resolve(reason);
    this.announce('close', reason);
  }

  #createInboxes(): InboxTable {
    return new InboxTable({
      isListening: () => this.hearsMessages || this.listenerCount('message') > 0,
      consume: this.takeMessage.bind(this),
      handleFailure: this.reportFailure.bind(this),
      returnCredit: (channel, creditBytes, epoch) => {
        this.#parts?.conversation.consume(channel, creditBytes, epoch);
      },
    });
  }

  /** One function for all sessions, which Node calls with theirs. */
  static #handleNewListener(this: SessionLifecycle, event: string | symbol): void {
    // The listener is there when the microtask runs, not yet now.
    if (event === 'message') queueMicrotask(this.inboxes.resume.bind(this.inboxes));
  }

  #handleTransferBegun(file: FileTransfer): void {
    const isNew = !this.#transfers.isRunning(file);
    const notices = this.#transfers.handleBegun(file);
    if (isNew) this.takeTransfer(file);
    for (const notice of notices) this.notify(notice);
  }

  #handleTransferEnded(file: FileTransfer): void {
    for (const notice of this.#transfers.handleEnded(file)) this.notify(notice);
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
        this.inboxes.get(channel).deliver(bytes, creditBytes, conversation.epoch);
      },
      onMessagesWritten: (channel, messages) => {
        if (!this.wantsNotices) return;
        for (let at = 0; at < messages; at += 1) this.notify({ kind: 'bytes-sent', text: 'UBS', channel });
      },
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
    this.#parts?.throttle.setRate(pace.bytesPerSecond ?? Infinity, performance.now());
  }

  get #closedError(): SessionClosedError | TcpCommError {
    const reason = this.#link?.engine.closeReason ?? this.#closeReason;
    if (reason) return errorOfClosing(reason);
    if (this.#link) return new SessionClosedError('the session is being closed');
    return new SessionClosedError('there is no connection; await connect first', 'ERR_TCPCOMM_NOT_CONNECTED');
  }

  #handleLost(reason: CloseReason, transport: Transport): void {
    this.#isSuspended = true;
    this.#parts?.files.detach();
    transport.destroy();
    this.announce('disconnected', reason);
    // A listener may have closed it.
    if (this.isSuspended) this.handleSuspended(reason);
  }

  async #handleLinkClosed(reason: CloseReason, transport: Transport): Promise<void> {
    await transport.closed;
    await this.#parts?.files.settled();
    this.announce('disconnected', reason);
    this.end(reason);
  }
}
