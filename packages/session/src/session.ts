import {
  type FolderEntry,
  requireBytes,
  requireChannel,
  requireDurationMs,
  requireOptions,
  requireText,
  SessionClosedError,
  type TcpCommError,
  WireError,
} from '@tcpcomm/protocol';
import { Channel, type ChannelPort } from './channel.ts';
import { type ChannelOptions, ChannelSettings } from './channel-settings.ts';
import { failureReason, goodbyeReason } from './engine/ending/close-reason.ts';
import type { ChannelDelivery } from './engine/channel-table.ts';
import type { FileTransfer } from './file-transfer.ts';
import type {
  GetFileOptions,
  GetFolderOptions,
  ListOptions,
  SendFileOptions,
  SendFolderOptions,
} from './io/transfer-options.ts';
import { requireSendOptions, type SendOptions } from './send-options.ts';
import type { Transport } from './io/transport.ts';
import type { CloseOptions, CloseReport } from './session-events.ts';
import { SessionLifecycle } from './session-lifecycle.ts';
import type { SessionTerms } from './session-parts.ts';
import type { SessionStats } from './session-stats.ts';

const DEFAULT_DRAIN_MS = 3_000;

const textEncoder = new TextEncoder();

/**
 * One end of a session: messages on 250 channels and files in both directions over one connection. A client is one, and a
 * server has one for each of its clients; all that is said here holds for both.
 *
 * Every promise that a method returns settles: when the session ends it rejects with the reason.
 */
export abstract class Session extends SessionLifecycle {
  readonly #channels: (Channel | undefined)[] = [];
  readonly #channelSettings = new ChannelSettings();
  #channelPort: ChannelPort | undefined;
  #closing: Promise<CloseReport> | undefined;

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
      return this.#send(bytes, channel, options);
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
    return this.sendBytes(textEncoder.encode(text), channel, options);
  }

  /**
   * The channel of this number, 1 to 250; always the same object. Options that are given hold from now on.
   *
   * @throws UsageError for a number or an option out of its range
   */
  channel(number: number, options: ChannelOptions = {}): Channel {
    requireChannel(number);
    this.#channelSettings.change(number, options, this.conversation);
    this.#channelPort ??= this.#createChannelPort();
    return (this.#channels[number] ??= new Channel(this.#channelPort, number));
  }

  /**
   * Fetches a file of the peer.
   *
   * @param remotePath a path below the root that the peer offers, separated by `/`
   * @throws UsageError for arguments that make no sense, SessionClosedError when there is no connection, LimitError when too
   * many transfers are open; whatever happens later rejects the transfer's `done`
   */
  getFile(remotePath: string, options: GetFileOptions = {}): FileTransfer {
    return this.openParts.files.getFile(remotePath, options);
  }

  /** Sends a file to the peer, below the root that it offers; throws as `getFile`. */
  sendFile(localPath: string, options: SendFileOptions = {}): FileTransfer {
    return this.openParts.files.sendFile(localPath, options);
  }

  /**
   * Fetches a folder of the peer with all that is in it: permissions and times are kept, what is here already with the same size and time is
   * not sent again. Files that fail do not end the others; `done` tells which did. Throws as `getFile`.
   *
   * @param remotePath a path below the root that the peer offers, separated by `/`; '' is the root itself
   */
  getFolder(remotePath: string, options: GetFolderOptions = {}): FileTransfer {
    return this.openParts.files.getFolder(remotePath, options);
  }

  /** Sends a folder with all that is in it to the peer, as `getFolder` fetches one. */
  sendFolder(localPath: string, options: SendFolderOptions = {}): FileTransfer {
    return this.openParts.files.sendFolder(localPath, options);
  }

  /**
   * What there is in a folder of the peer's: each folder before what is in it. What cannot be sent, as a device or a link that leads out,
   * is left out. Rejects as `getFile` throws, and with a TransferError.
   */
  async list(remotePath = '', options: ListOptions = {}): Promise<FolderEntry[]> {
    return this.openParts.files.list(remotePath, options);
  }

  /** 0 to 100: of the file that is being received, or was last. 0 if there was none. */
  getPercentOfFileReceived(): number {
    return this.transfers.current('incoming')?.progress.percent ?? 0;
  }

  /** 0 to 100: of the file that is being sent, or was last. 0 if there was none. */
  getPercentOfFileSent(): number {
    return this.transfers.current('outgoing')?.progress.percent ?? 0;
  }

  /** The name of the file that is being received, or was last; empty if there was none. */
  getIncomingFileName(): string {
    return this.transfers.current('incoming')?.name ?? '';
  }

  /** The name of the file that is being sent, or was last; empty if there was none. */
  getOutgoingFileName(): string {
    return this.transfers.current('outgoing')?.name ?? '';
  }

  /** Cancels the file that is being received, if there is one. */
  cancelIncomingFileTransfer(): void {
    this.transfers.current('incoming')?.cancel();
  }

  /** Cancels the file that is being sent, if there is one. */
  cancelOutgoingFileTransfer(): void {
    this.transfers.current('outgoing')?.cancel();
  }

  /** Bytes of messages that wait to be sent, all channels together. */
  getSendQueueSize(): number {
    return this.conversation?.queuedBytes ?? 0;
  }

  /**
   * How the session is doing: what was sent and received, how fast, round trip and bytes in flight, what holds it back; for each
   * channel and each running transfer too. Computed when called; calling it costs nothing in between.
   */
  stats(): SessionStats {
    return this.readStats();
  }

  /** Into what blocks data is cut at the present rate, in bytes; 0 before there is a session. */
  getBlocksize(): number {
    return this.pace?.blockSizeBytes ?? 0;
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
    if (this.link === undefined || this.isSuspended) {
      this.end(failureReason('local', error));
      return;
    }
    this.link.engine.abandon(error);
    this.link.transport.hangUp();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  protected override begin(transport: Transport, terms: SessionTerms): void {
    super.begin(transport, terms);
    if (this.conversation) this.#channelSettings.applyTo(this.conversation);
  }

  protected override restart(transport: Transport, terms: SessionTerms): void {
    super.restart(transport, terms);
    if (this.conversation) this.#channelSettings.applyTo(this.conversation);
  }

  protected closeWith(code: WireError, message: string, options: CloseOptions): Promise<CloseReport> {
    try {
      requireOptions('options', options);
      requireDurationMs('drainMs', options.drainMs ?? DEFAULT_DRAIN_MS);
    } catch (error) {
      return Promise.reject(error);
    }
    // With nobody to say goodbye to it is over at once.
    if (this.link === undefined || this.isSuspended) {
      this.end(goodbyeReason('local', code, message, this.link === undefined));
    }
    this.link?.engine.close(code, message, performance.now() + (options.drainMs ?? DEFAULT_DRAIN_MS));
    return (this.#closing ??= this.#report());
  }

  async #report(): Promise<CloseReport> {
    const reason = await this.closed;
    const channels = this.deliveries;
    return { reason, isComplete: channels.every((channel) => channel.undeliveredMessages === 0), channels };
  }

  /** What became of the messages that were sent, each channel; as far as it is known, which is all of it after an orderly end. */
  get deliveries(): readonly ChannelDelivery[] {
    return this.link?.engine.deliveries ?? [];
  }

  protected override takeMessage(bytes: Uint8Array, channel: number): unknown {
    this.emit('message', bytes, channel, this);
    return this.handleMessage(bytes, channel);
  }

  protected override takeTransfer(transfer: FileTransfer): void {
    this.announce('transfer', transfer, this);
    this.handleTransfer(transfer);
  }

  /** Hands a message to whoever takes them besides the listeners of this object; may return a promise. */
  protected abstract handleMessage(bytes: Uint8Array, channel: number): unknown;
  /** Tells whoever takes transfers besides the listeners of this object. */
  protected abstract handleTransfer(transfer: FileTransfer): void;

  #send(bytes: Uint8Array, number: number, options: SendOptions | undefined): Promise<void> {
    const { conversation } = this.openParts;
    const channel = conversation.channels.outgoing(number);
    const confirm = options?.confirm ?? false;
    conversation.send(channel, bytes, confirm);
    if (confirm) return channel.whenConsumed(options?.signal);
    return channel.whenBelowMark(this.#channelSettings.highWaterMark(number), options?.signal);
  }

  #createChannelPort(): ChannelPort {
    return {
      sendBytes: this.sendBytes.bind(this),
      sendText: this.sendText.bind(this),
      queuedBytes: (channel) => this.conversation?.channels.outgoing(channel).queuedBytes ?? 0,
      stats: (channel) => this.stats().channels.find((stats) => stats.channel === channel),
      messages: (channel) => this.inboxes.get(channel).iterate(),
    };
  }
}
