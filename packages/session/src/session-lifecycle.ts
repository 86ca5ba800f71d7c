import { EventEmitter } from 'node:events';
import { SessionClosedError } from '@tcpcomm/protocol';
import { type CloseReason, errorOfClosing } from './engine/ending/close-reason.ts';
import type { FileTransfer } from './file-transfer.ts';
import { InboxTable } from './inbox-table.ts';
import type { Transport } from './io/transport.ts';
import type { Notice } from './notice.ts';
import type { SessionEventMap } from './session-events.ts';
import { SessionLink, type SessionTerms } from './session-link.ts';
import type { SessionSetup } from './session-options.ts';
import { TransferMonitor } from './transfer-monitor.ts';

/**
 * How a session begins, what is heard of it, and how it ends: the part of `Session` that its users do not call. What stands
 * above a session (the server, the options of a client) hears through the `handle` methods, beside the listeners of the events.
 */
export abstract class SessionLifecycle extends EventEmitter<SessionEventMap> {
  protected readonly inboxes: InboxTable;
  readonly #setup: SessionSetup;
  readonly #closed = Promise.withResolvers<CloseReason>();
  #link: SessionLink | undefined;
  #transfers = new TransferMonitor('client');
  #closeReason: CloseReason | undefined;

  protected constructor(setup: SessionSetup) {
    super({ captureRejections: true });
    this.#setup = setup;
    this.inboxes = new InboxTable({
      isListening: () => this.hearsMessages || this.listenerCount('message') > 0,
      consume: (bytes, channel) => this.takeMessage(bytes, channel),
      handleFailure: (error) => {
        this.#reportFailure(error);
      },
      returnCredit: (channel, creditBytes) => {
        this.#link?.engine.consume(channel, creditBytes);
      },
    });
    this.on('newListener', (event) => {
      // The listener is there when the microtask runs, not yet now.
      if (event === 'message') queueMicrotask(this.inboxes.resume.bind(this.inboxes));
    });
  }

  /** The number that the server has given this session, the lowest that was free; 0 before there is a session. */
  get sessionId(): number {
    return this.#link?.terms.sessionId ?? 0;
  }

  /** The client's machine id. */
  get machineId(): string {
    return this.#link?.terms.machineId ?? '';
  }

  /** The peer's IP address, undefined while there is no connection. */
  get remoteAddress(): string | undefined {
    return this.#link?.transport.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#link?.transport.remotePort;
  }

  /** Whether messages and files can be sent and fetched now. */
  get isOpen(): boolean {
    return this.#link?.engine.isOpen ?? false;
  }

  /** Resolves with the reason when the session is over and its socket is closed. Never rejects. */
  get closed(): Promise<CloseReason> {
    return this.#closed.promise;
  }

  /** Node calls it with what an asynchronous listener rejected with. */
  override [EventEmitter.captureRejectionSymbol](error: unknown): void {
    this.#reportFailure(error);
  }

  /** Whether somebody takes messages besides the listeners of this object. */
  protected abstract readonly hearsMessages: boolean;
  /** Hands a message over. If it returns a promise, the message counts as consumed when that has settled. */
  protected abstract takeMessage(bytes: Uint8Array, channel: number): unknown;
  /** Whether somebody takes notices besides the listeners of this object. */
  protected abstract readonly hearsNotices: boolean;
  /** Hands a notice to whoever takes them besides the listeners of this object. */
  protected abstract handleNotice(notice: Notice): void;
  /** Tells of a transfer that has begun. */
  protected abstract takeTransfer(transfer: FileTransfer): void;

  protected get closeReason(): CloseReason | undefined {
    return this.#closeReason;
  }

  protected get link(): SessionLink | undefined {
    return this.#link;
  }

  /** The link, to begin something over it; throws why that cannot be. */
  protected get openLink(): SessionLink {
    if (this.#link?.engine.isOpen) return this.#link;
    const reason = this.#link?.engine.closeReason ?? this.#closeReason;
    if (reason) throw errorOfClosing(reason);
    if (this.#link) throw new SessionClosedError('the session is being closed');
    throw new SessionClosedError('there is no connection; await connect first', 'ERR_TCPCOMM_NOT_CONNECTED');
  }

  protected get transfers(): TransferMonitor {
    return this.#transfers;
  }

  protected get wantsNotices(): boolean {
    return this.hearsNotices || this.listenerCount('notice') > 0;
  }

  /** The handshake is complete: the session begins. */
  protected begin(transport: Transport, terms: SessionTerms): void {
    this.#transfers = new TransferMonitor(terms.role);
    this.#link = new SessionLink(transport, terms, this.#setup, {
      onMessage: (channel, bytes, creditBytes) => {
        this.inboxes.get(channel).deliver(bytes, creditBytes);
      },
      onMessagesWritten: (channel, messages) => {
        if (!this.wantsNotices) return;
        for (let at = 0; at < messages; at += 1) this.notify({ kind: 'bytes-sent', text: 'UBS', channel });
      },
      onBegun: (file) => {
        this.#handleTransferBegun(file);
      },
      onEnded: (file) => {
        for (const notice of this.#transfers.handleEnded(file)) this.notify(notice);
      },
      onListenerFailed: (error) => {
        this.#reportFailure(error);
      },
      onClosed: (reason) => {
        void this.#handleLinkClosed(reason, transport);
      },
    });
  }

  /** There will be no connection any more. */
  protected end(reason: CloseReason): void {
    if (this.#closeReason) return;
    this.#closeReason = reason;
    this.inboxes.end();
    this.#closed.resolve(reason);
    this.announce('close', reason);
  }

  /** Emits an event; a listener that throws disturbs nothing but itself. */
  protected announce<Name extends keyof SessionEventMap>(name: Name, ...details: SessionEventMap[Name]): void {
    try {
      // The emitter's own types cannot follow a name that is still a type parameter.
      (this as EventEmitter).emit(name, ...details);
    } catch (error) {
      this.#reportFailure(error);
    }
  }

  protected notify(notice: Notice): void {
    const full = { sessionId: this.sessionId, ...notice };
    try {
      this.emit('notice', full);
      this.handleNotice(full);
    } catch (error) {
      process.emitWarning(error as Error);
    }
  }

  #handleTransferBegun(file: FileTransfer): void {
    const notices = this.#transfers.handleBegun(file);
    this.takeTransfer(file);
    for (const notice of notices) this.notify(notice);
  }

  async #handleLinkClosed(reason: CloseReason, transport: Transport): Promise<void> {
    await transport.closed;
    await this.#link?.files.settled();
    this.announce('disconnected', reason);
    this.end(reason);
  }

  /** A handler of the application failed: that is its affair, and neither the session's nor the process's end. */
  #reportFailure(cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    if (this.wantsNotices) this.notify({ kind: 'error', text: `ERR: ${error.message}`, error });
    else process.emitWarning(error);
  }
}
