import {
  MAX_CHANNEL,
  requireBytes,
  requireChannel,
  requireDurationMs,
  requireOptions,
  requireText,
  SessionClosedError,
  type TcpCommError,
  WireError,
} from '@tcpcomm/protocol';
import type { ArrayPort } from './array-lanes.ts';
import { Channel, type ChannelPort } from './channel.ts';
import type { ChannelOptions } from './channel-settings.ts';
import type { ChannelDelivery } from './engine/channel-table.ts';
import { type CloseReason, errorOfClosing } from './engine/ending/close-reason.ts';
import type { Role } from './engine/role.ts';
import type { SendPolicyOptions } from './engine/sending/send-policy.ts';
import { FileSession } from './file-session.ts';
import type { FileTransfer } from './file-transfer.ts';
import { InboxTable } from './inbox-table.ts';
import type { ReplyItems, RequestHandler, RequestOptions } from './requests/request-options.ts';
import { requireSendOptions, type SendOptions } from './send-options.ts';
import type { SessionBackend, SessionBackendEvents } from './session-backend.ts';
import type { CloseOptions, CloseReport } from './session-events.ts';
import { SessionLanes } from './session-lanes.ts';
import type { SessionStats } from './session-stats.ts';
import { encodeText } from './text.ts';
import { TypedChannel, type TypedChannelOptions, wantsTypes } from './typed-channel.ts';

const DEFAULT_DRAIN_MS = 3_000;

/**
 * One end of a session: messages, requests and arrays on 250 channels, and files, in both directions over one connection. A client is one, and a
 * server has one for each of its clients; all that is said here holds for both.
 *
 * Every promise that a method returns settles: when the session ends it rejects with the reason.
 *
 * This is what its user holds, on the user's thread; its backend does the work. What stands above a session (the server, the options of a
 * client) hears through the `handle` methods, beside the listeners of the events.
 */
export abstract class Session<Backend extends SessionBackend = SessionBackend> extends FileSession<Backend> {
  protected readonly backend: Backend;
  readonly #channels: (Channel | undefined)[] = [];
  #channelPort: ChannelPort | undefined;
  /** Where messages wait until somebody takes them. */
  #inboxes: InboxTable | undefined;
  #lanes: SessionLanes | undefined;
  #closeReason: CloseReason | undefined;
  /** For whoever asked. */
  #closed: PromiseWithResolvers<CloseReason> | undefined;
  #closing: Promise<CloseReport> | undefined;

  /** @param createBackend which tells of nothing before it has been returned */
  protected constructor(role: Role, createBackend: (events: SessionBackendEvents) => Backend) {
    super(role);
    this.backend = createBackend(this.#createEvents());
    this.on('newListener', Session.#handleNewListener);
  }

  /** The number that the server has given this session, the lowest that was free; 0 before there is a session. */
  get sessionId(): number {
    return this.backend.sessionId;
  }

  /** The client's machine id. */
  get machineId(): string {
    return this.backend.machineId;
  }

  /** The peer's IP address, undefined while there is no connection. */
  get remoteAddress(): string | undefined {
    return this.backend.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.backend.remotePort;
  }

  /** Whether messages can be sent: they wait while the session is suspended. */
  get isOpen(): boolean {
    return this.backend.isOpen;
  }

  /** Whether the connection is lost, and another one may carry the session on. */
  get isSuspended(): boolean {
    return this.backend.isSuspended;
  }

  /** Resolves with the reason when the session is over and its socket is closed. Never rejects. */
  get closed(): Promise<CloseReason> {
    if (this.#closeReason) return Promise.resolve(this.#closeReason);
    return (this.#closed ??= Promise.withResolvers()).promise;
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
      if (options !== undefined) requireSendOptions(options);
      if (options?.signal?.aborted) return Promise.reject(options.signal.reason as Error);
      return this.backend.send(channel, bytes, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Sends a text, as UTF-8; otherwise as `sendBytes`. */
  sendText(text: string, channel = 1, options?: SendOptions): Promise<void> {
    try {
      requireText('text', text);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.sendBytes(encodeText(text), channel, options);
  }

  /**
   * The channel of this number, 1 to 250; always the same object. Options that are given hold from now on.
   *
   * With a `codec` it is one whose messages, requests and replies are values, those that come checked by a `schema`.
   *
   * @throws UsageError for a number or an option out of its range
   */
  channel(number: number, options?: ChannelOptions): Channel;
  channel<Sent, Received = Sent>(
    number: number,
    options: TypedChannelOptions<Sent, Received>,
  ): TypedChannel<Sent, Received>;
  channel(number: number, options: Partial<TypedChannelOptions<unknown, unknown>> = {}): unknown {
    requireChannel(number);
    this.backend.changeChannel(number, options);
    this.#channelPort ??= this.#createChannelPort();
    if (wantsTypes(options)) return new TypedChannel(this.#channelPort, number, options);
    return (this.#channels[number] ??= new Channel(this.#channelPort, number));
  }

  /**
   * Sends a request to the peer, and resolves with its reply. Replies come in any order, and wait for no messages. Over a connection that is lost and a
   * session that goes on, each request is handled once. The bytes are copied.
   *
   * @param channel 1 to 250; whose priority it has
   * @throws as `sendBytes`; RequestError where the peer has no handler or that failed, TimeoutError `ERR_TCPCOMM_REQUEST_TIMEOUT`,
   * the signal's reason, and the reason when the session ends first
   */
  async request(channel: number, bytes: Uint8Array, options?: RequestOptions): Promise<Uint8Array> {
    return this.#requireLanes().requests.request(channel, bytes, options);
  }

  /**
   * Sends a request to the peer, for a reply in items: what its handler yields, or the one that it returns. They are produced as they are
   * consumed. Leaving the loop tells the peer that no more are wanted. Throws, and its steps reject, as `request`.
   */
  requestStream(channel: number, bytes: Uint8Array, options?: RequestOptions): ReplyItems {
    return this.#requireLanes().requests.requestStream(channel, bytes, options);
  }

  /**
   * Answers the peer's requests on a channel from now on; while nobody does they are refused. Returns what ends that. Replies are copied.
   *
   * @throws UsageError where they are answered already
   */
  onRequest(channel: number, handler: RequestHandler): () => void {
    return this.#requireLanes().requests.answer(channel, handler);
  }

  /**
   * What large arrays travel over on a channel, beside its messages and without being waited for by them: see `LargeArrayTransfer` of
   * `@tcpcomm/large-array`.
   *
   * @param options how they are treated beside what else is sent; their priority is `low` unless told otherwise
   */
  arrayPort(channel: number, options: SendPolicyOptions = {}): ArrayPort {
    requireChannel(channel);
    return this.#requireLanes().arrays.open(channel, options);
  }

  /** Bytes of messages that wait to be sent, all channels together. */
  getSendQueueSize(): number {
    return this.backend.queuedBytes;
  }

  /**
   * How the session is doing: what was sent and received, how fast, round trip and bytes in flight, what holds it back; for each
   * channel and each running transfer too. Computed when called; calling it costs nothing in between.
   */
  stats(): SessionStats {
    return { ...this.backend.stats(), transfers: this.transfers.running.map((transfer) => transfer.stats()) };
  }

  /** Into what blocks data is cut at the present rate, in bytes; 0 before there is a session. */
  getBlocksize(): number {
    return this.backend.blockSizeBytes;
  }

  /**
   * Ends the session in good order: takes no more, sends what is queued, lets running transfers end, says goodbye. What has not
   * gone after `drainMs` is dropped. A second call gets the report of the first.
   */
  close(options: CloseOptions = {}): Promise<CloseReport> {
    return this.closeWith(WireError.CLOSED, 'the session was closed', options);
  }

  /** Ends the session now, whatever is on its way. The peer is told if the network takes that at once. */
  destroy(error: TcpCommError = new SessionClosedError('the session was destroyed')): void {
    this.backend.destroy(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  protected closeWith(code: WireError, message: string, options: CloseOptions): Promise<CloseReport> {
    try {
      requireOptions('options', options);
      requireDurationMs('drainMs', options.drainMs ?? DEFAULT_DRAIN_MS);
    } catch (error) {
      return Promise.reject(error);
    }
    this.backend.close(code, message, options.drainMs ?? DEFAULT_DRAIN_MS);
    return (this.#closing ??= this.#report());
  }

  /** What became of the messages that were sent, each channel; as far as it is known, which is all of it after an orderly end. */
  get deliveries(): readonly ChannelDelivery[] {
    return this.backend.deliveries;
  }

  async #report(): Promise<CloseReport> {
    const reason = await this.closed;
    const channels = this.deliveries;
    return { reason, isComplete: channels.every((channel) => channel.undeliveredMessages === 0), channels };
  }

  /** Somebody else than a listener of this object has begun to take messages: those that wait are handed over. */
  protected handleListening(): void {
    this.#inboxes?.resume();
  }

  protected handleClosed(reason: CloseReason): void {
    this.#closed?.resolve(reason);
    this.announce('close', reason);
  }

  /** Who answers requests on channels that nobody answers at this object. */
  protected requestHandlerFor(_channel: number): RequestHandler | undefined {
    return undefined;
  }

  /** @throws UsageError where requests and arrays of the session are another's */
  protected requireOwnLanes(): void {
    // They are its own.
  }

  /** Whether somebody takes messages besides the listeners of this object. */
  protected abstract readonly hearsMessages: boolean;
  /** Hands a message to whoever takes them besides the listeners of this object; may return a promise. */
  protected abstract handleMessage(bytes: Uint8Array, channel: number): unknown;
  /** Tells whoever takes transfers besides the listeners of this object. */
  protected abstract handleTransfer(transfer: FileTransfer): void;

  #createEvents(): SessionBackendEvents {
    return {
      onMessage: (lane, bytes, creditBytes, epoch) => {
        if (lane <= MAX_CHANNEL) this.#requireInboxes().get(lane).deliver(bytes, creditBytes, epoch);
        else this.#requireLanes().handleMessage(lane, bytes, creditBytes, epoch);
      },
      onMessagesWritten: this.handleMessagesWritten.bind(this),
      onTransferBegun: (file) => {
        const isNew = !this.transfers.isRunning(file);
        const notices = this.transfers.handleBegun(file);
        if (isNew) {
          this.announce('transfer', file, this);
          this.handleTransfer(file);
        }
        for (const notice of notices) this.notify(notice);
      },
      onTransferEnded: (file) => {
        for (const notice of this.transfers.handleEnded(file)) this.notify(notice);
      },
      onPace: () => undefined,
      onConnected: (details) => {
        if (!details.resumed) this.#lanes?.handleNewPeer(details.reconnected);
        this.handleConnected(details);
      },
      onDisconnected: this.handleDisconnected.bind(this),
      onReconnecting: this.handleReconnecting.bind(this),
      onClosed: (reason) => {
        this.#closeReason = reason;
        this.#lanes?.handleEnd(errorOfClosing(reason));
        this.#requireInboxes().end();
        this.handleClosed(reason);
      },
      onListenerFailed: this.reportFailure.bind(this),
    };
  }

  #requireInboxes(): InboxTable {
    return (this.#inboxes ??= new InboxTable({
      isListening: () => this.hearsMessages || this.listenerCount('message') > 0,
      consume: (bytes, channel) => {
        this.emit('message', bytes, channel, this);
        return this.handleMessage(bytes, channel);
      },
      handleFailure: this.reportFailure.bind(this),
      returnCredit: this.backend.consume.bind(this.backend),
    }));
  }

  #requireLanes(): SessionLanes {
    this.requireOwnLanes();
    return (this.#lanes ??= new SessionLanes(this.backend, {
      session: this,
      handlerFor: this.requestHandlerFor.bind(this),
      handleFailure: this.reportFailure.bind(this),
    }));
  }

  /** One function for all sessions, which Node calls with theirs. */
  static #handleNewListener(this: Session, event: string | symbol): void {
    // The listener is there when the microtask runs, not yet now.
    if (event === 'message') queueMicrotask(this.handleListening.bind(this));
  }

  #createChannelPort(): ChannelPort {
    return {
      sendBytes: this.sendBytes.bind(this),
      sendText: this.sendText.bind(this),
      queuedBytes: (channel) => this.backend.queuedBytesOf(channel),
      stats: (channel) => this.stats().channels.find((stats) => stats.channel === channel),
      messages: (channel) => this.#requireInboxes().get(channel).iterate(),
      request: this.request.bind(this),
      requestStream: this.requestStream.bind(this),
      onRequest: this.onRequest.bind(this),
      reportFailure: this.reportFailure.bind(this),
    };
  }
}
