import { EventEmitter } from 'node:events';
import {
  requireBytes,
  requireChannel,
  requireDurationMs,
  requireInteger,
  requireText,
  SessionClosedError,
  type TcpCommError,
  WireError,
} from '@tcpcomm/protocol';
import { Channel, type ChannelOptions } from './channel.ts';
import { type CloseReason, errorOfClosing, failureReason, goodbyeReason } from './engine/close-reason.ts';
import type { FileTransfer } from './file-transfer.ts';
import { InboxTable } from './inbox-table.ts';
import type { GetFileOptions, SendFileOptions } from './io/file-exchange.ts';
import type { Transport } from './io/transport.ts';
import type { Notice } from './notice.ts';
import type { SendOptions } from './send-options.ts';
import type { CloseOptions, CloseReport, SessionEventMap, SessionOwner } from './session-events.ts';
import { SessionLink, type SessionTerms } from './session-link.ts';
import type { SessionSetup } from './session-options.ts';
import { TransferMonitor } from './transfer-monitor.ts';

const DEFAULT_HIGH_WATER_MARK = 1_048_576;
const DEFAULT_DRAIN_MS = 3_000;

/**
 * One end of a session: messages on 250 channels and files in both directions over one connection. A client is one, and a
 * server has one for each of its clients; all that is said here holds for both.
 *
 * Every promise that a method returns settles: when the session ends it rejects with the reason.
 */
export abstract class Session extends EventEmitter<SessionEventMap> {
  readonly #setup: SessionSetup;
  readonly #owner: SessionOwner | undefined;
  readonly #closed = Promise.withResolvers<CloseReason>();
  readonly #inboxes: InboxTable;
  readonly #channels = new Map<number, Channel>();
  readonly #highWaterMarks: (number | undefined)[] = [];
  readonly #textEncoder = new TextEncoder();
  #link: SessionLink | undefined;
  #transfers = new TransferMonitor('client');
  #closing: Promise<CloseReport> | undefined;
  #closeReason: CloseReason | undefined;

  protected constructor(setup: SessionSetup, owner: SessionOwner | undefined) {
    super({ captureRejections: true });
    this.#setup = setup;
    this.#owner = owner;
    this.#inboxes = new InboxTable({
      isListening: () => this.listenerCount('message') > 0 || (owner?.hearsMessages ?? false),
      consume: (bytes, channel) => {
        this.emit('message', bytes, channel, this);
        return owner?.handleMessage(bytes, channel, this);
      },
      handleFailure: (error) => {
        this.#reportFailure(error);
      },
      returnCredit: (channel, creditBytes) => {
        this.#link?.engine.consume(channel, creditBytes);
      },
    });
    this.on('newListener', (event) => {
      if (event === 'message')
        queueMicrotask(() => {
          this.resumeMessages();
        });
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

  /**
   * Sends a message. Resolves when its channel's queue is at its high-water mark or below, so awaiting each call keeps memory
   * bounded. Messages above 2 KiB are not copied: leave the bytes as they are until they are sent.
   *
   * @param channel 1 to 250
   * @throws UsageError for arguments out of range, LimitError for a message that the peer would not take or a full queue,
   * SessionClosedError when there is no connection, and the reason when the session ends first
   */
  sendBytes(bytes: Uint8Array, channel = 1, options?: SendOptions): Promise<void> {
    // Not async: millions of small messages share one resolved promise.
    try {
      requireBytes('bytes', bytes);
      requireChannel(channel);
      if (options?.signal?.aborted) return Promise.reject(options.signal.reason as Error);
      return this.#send(this.#requireOpen(), bytes, channel, options);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** Sends a text, as UTF-8; otherwise as `sendBytes`. */
  sendText(text: string, channel = 1, options?: SendOptions): Promise<void> {
    try {
      requireText('text', text);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return this.sendBytes(this.#textEncoder.encode(text), channel, options);
  }

  /** The channel of this number, 1 to 250; always the same object. */
  channel(number: number, options: ChannelOptions = {}): Channel {
    requireChannel(number);
    if (options.highWaterMark !== undefined) {
      requireInteger('highWaterMark', options.highWaterMark, 0, Number.MAX_SAFE_INTEGER);
      this.#highWaterMarks[number] = options.highWaterMark;
    }
    let channel = this.#channels.get(number);
    if (channel === undefined) {
      channel = new Channel(this.#channelPort, number);
      this.#channels.set(number, channel);
    }
    return channel;
  }

  /**
   * Fetches a file of the peer.
   *
   * @param remotePath a path below the root that the peer offers, separated by `/`
   * @throws UsageError for arguments that make no sense, SessionClosedError when there is no connection, LimitError when too
   * many transfers are open; whatever happens later rejects the transfer's `done`
   */
  getFile(remotePath: string, options: GetFileOptions = {}): FileTransfer {
    return this.#requireOpen().files.getFile(remotePath, options);
  }

  /** Sends a file to the peer, below the root that it offers; throws as `getFile`. */
  sendFile(localPath: string, options: SendFileOptions = {}): FileTransfer {
    return this.#requireOpen().files.sendFile(localPath, options);
  }

  /** 0 to 100: of the file that is being received, or was last. 0 if there was none. */
  getPercentOfFileReceived(): number {
    return this.#transfers.current('incoming')?.progress.percent ?? 0;
  }

  /** 0 to 100: of the file that is being sent, or was last. 0 if there was none. */
  getPercentOfFileSent(): number {
    return this.#transfers.current('outgoing')?.progress.percent ?? 0;
  }

  /** The name of the file that is being received, or was last; empty if there was none. */
  getIncomingFileName(): string {
    return this.#transfers.current('incoming')?.name ?? '';
  }

  /** The name of the file that is being sent, or was last; empty if there was none. */
  getOutgoingFileName(): string {
    return this.#transfers.current('outgoing')?.name ?? '';
  }

  /** Cancels the file that is being received, if there is one. */
  cancelIncomingFileTransfer(): void {
    this.#transfers.current('incoming')?.cancel();
  }

  /** Cancels the file that is being sent, if there is one. */
  cancelOutgoingFileTransfer(): void {
    this.#transfers.current('outgoing')?.cancel();
  }

  /** Bytes of messages that wait to be sent, all channels together. */
  getSendQueueSize(): number {
    return this.#link?.engine.queuedBytes ?? 0;
  }

  /** Into what blocks data is cut at the present rate, in bytes; 0 before there is a session. */
  getBlocksize(): number {
    return this.#link?.pace.blockSizeBytes ?? 0;
  }

  /**
   * Ends the session in good order: takes no more, sends what is queued, lets running transfers end, says goodbye. What has not
   * gone after `drainMs` is dropped. A second call gets the report of the first.
   */
  close(options: CloseOptions = {}): Promise<CloseReport> {
    return this.closeWith(WireError.CLOSED, 'the session was closed', options);
  }

  /** Ends the session now, whatever is on its way. */
  destroy(error: TcpCommError = new SessionClosedError('the session was destroyed')): void {
    if (this.#link === undefined) {
      this.end(failureReason('local', error));
      return;
    }
    this.#link.engine.abandon(error);
    this.#link.transport.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Node calls it with what an asynchronous listener rejected with. */
  override [EventEmitter.captureRejectionSymbol](error: unknown): void {
    this.#reportFailure(error);
  }

  protected get closeReason(): CloseReason | undefined {
    return this.#closeReason;
  }

  protected get link(): SessionLink | undefined {
    return this.#link;
  }

  /** The handshake is complete: the session begins. */
  protected begin(transport: Transport, terms: SessionTerms): void {
    this.#transfers = new TransferMonitor(terms.role);
    this.#link = new SessionLink(transport, terms, this.#setup, {
      onMessage: (channel, bytes, creditBytes) => {
        this.#inboxes.get(channel).deliver(bytes, creditBytes);
      },
      onBegun: (file) => {
        this.#handleTransferBegun(file);
      },
      onEnded: (file) => {
        for (const notice of this.#transfers.handleEnded(file)) this.notify(notice);
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
    this.#inboxes.end();
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

  /** Somebody has begun to listen for messages: what waits is handed over. */
  protected resumeMessages(): void {
    this.#inboxes.resume();
  }

  protected notify(notice: Notice): void {
    const full = { sessionId: this.sessionId, ...notice };
    try {
      this.emit('notice', full);
      this.#owner?.handleNotice(full, this);
    } catch (error) {
      process.emitWarning(error as Error);
    }
  }

  protected closeWith(code: WireError, message: string, options: CloseOptions): Promise<CloseReport> {
    const { drainMs = DEFAULT_DRAIN_MS } = options;
    try {
      requireDurationMs('drainMs', drainMs);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    if (this.#link === undefined) this.end(goodbyeReason('local', code, message, true));
    this.#link?.engine.close(code, message, performance.now() + drainMs);
    return (this.#closing ??= this.#report());
  }

  async #report(): Promise<CloseReport> {
    const reason = await this.closed;
    const channels = this.#link?.engine.deliveries ?? [];
    return { reason, isComplete: channels.every((channel) => channel.undeliveredMessages === 0), channels };
  }

  #requireOpen(): SessionLink {
    if (this.#link?.engine.isOpen) return this.#link;
    const reason = this.#link?.engine.closeReason ?? this.#closeReason;
    if (reason) throw errorOfClosing(reason);
    if (this.#link) throw new SessionClosedError('the session is being closed');
    throw new SessionClosedError('there is no connection; await connect first', 'ERR_TCPCOMM_NOT_CONNECTED');
  }

  #send(link: SessionLink, bytes: Uint8Array, number: number, options: SendOptions | undefined): Promise<void> {
    const channel = link.engine.outgoingChannel(number);
    const confirm = options?.confirm ?? false;
    link.engine.send(channel, bytes, confirm);
    if (this.#hearsNotices) this.#noticeWhenWritten(channel.whenWritten(), number);
    if (confirm) return channel.whenConsumed(options?.signal);
    return channel.whenBelowMark(this.#highWaterMarks[number] ?? DEFAULT_HIGH_WATER_MARK, options?.signal);
  }

  get #hearsNotices(): boolean {
    return this.listenerCount('notice') > 0 || (this.#owner?.hearsNotices ?? false);
  }

  #noticeWhenWritten(written: Promise<void>, channel: number): void {
    written.then(
      () => {
        this.notify({ kind: 'bytes-sent', text: 'UBS', channel });
      },
      // Not sent, and the caller of send has been told.
      () => undefined,
    );
  }

  readonly #channelPort = {
    sendBytes: this.sendBytes.bind(this),
    sendText: this.sendText.bind(this),
    queuedBytes: (channel: number) => this.#link?.engine.outgoingChannel(channel).queuedBytes ?? 0,
    messages: (channel: number) => this.#inboxes.get(channel).iterate(),
  };

  #handleTransferBegun(file: FileTransfer): void {
    const notice = this.#transfers.handleBegun(file);
    this.announce('transfer', file, this);
    this.#owner?.handleTransfer(file, this);
    this.notify(notice);
  }

  async #handleLinkClosed(reason: CloseReason, transport: Transport): Promise<void> {
    await transport.closed;
    this.announce('disconnected', reason);
    this.end(reason);
  }

  /** A handler of the application failed: that is its affair, and neither the session's nor the process's end. */
  #reportFailure(cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    if (this.#hearsNotices) this.notify({ kind: 'error', text: `ERR: ${error.message}`, error });
    else process.emitWarning(error);
  }
}
