import { markAsUntransferable, type MessagePort, receiveMessageOnPort, type Transferable } from 'node:worker_threads';
import { type FolderEntry, SessionClosedError, TcpCommError, type WireError } from '@tcpcomm/protocol';
import { type ChannelOptions, DEFAULT_HIGH_WATER_MARK, requireChannelOptions } from '../channel-settings.ts';
import type { ChannelDelivery } from '../engine/channel-table.ts';
import { type CloseReason, errorOfClosing, failureReason } from '../engine/ending/close-reason.ts';
import { requireRoom } from '../engine/sending/outgoing-channel.ts';
import type { FileTransfer } from '../file-transfer.ts';
import type { TransferRequest } from '../io/transfer-request.ts';
import type { SendOptions } from '../send-options.ts';
import type { SessionBackend, SessionBackendEvents } from '../session-backend.ts';
import { NO_STATS } from '../session-stats.ts';
import { fromCloneable, toCloneable } from './cloneable.ts';
import { GatheringPort } from './gathering-port.ts';
import { messagesOf } from './message-batch.ts';
import { PendingCalls } from './pending-calls.ts';
import { RemoteChannel } from './remote-channel.ts';
import { RemoteTransfers } from './remote-transfers.ts';
import { StatsReading } from './stats-reading.ts';
import type { FromSession, RemoteStats, SessionState, ToSession } from './thread-messages.ts';

export interface RemoteSessionOptions {
  readonly port: MessagePort;
  readonly maxQueuedBytes: number;
  /** Answers what the session's thread asks. */
  readonly answer: (question: string, argument: unknown) => Promise<unknown>;
  /** Takes what the session's thread tells beside what every session does. */
  readonly told?: (topic: string, detail: unknown) => void;
  /** Resolves when the session's thread has nothing left of the session. */
  readonly released: () => Promise<void>;
}

const NO_STATE: SessionState = {
  sessionId: 0,
  machineId: '',
  remoteAddress: undefined,
  remotePort: undefined,
  isOpen: false,
  isSuspended: false,
  blockSizeBytes: 0,
  maxMessageBytes: 0,
};

const NOTHING_SENT = { deliveredMessages: 0, undeliveredMessages: 0 };

/**
 * A session on another thread, where a `SessionPortal` stands for this end. What can be read of it is as it was told last, which is with every
 * event, and every 100 ms while anything happens; only statistics are asked for when they are wanted.
 */
export class RemoteSession implements SessionBackend {
  protected readonly calls: PendingCalls;
  readonly #options: RemoteSessionOptions;
  readonly #events: SessionBackendEvents;
  readonly #port: GatheringPort<ToSession>;
  readonly #channels = new Map<number, RemoteChannel>();
  readonly #transfers: RemoteTransfers;
  /** Messages that the application is done with, in pairs as the other thread wants them. */
  #consumed: number[] = [];
  readonly #reader: StatsReading;
  #stats: RemoteStats = NO_STATS;
  #state: SessionState = NO_STATE;
  /** Whether `#state` is what the other thread has told. */
  #isTold = false;
  #isConnected = false;
  #isLeaving = false;
  /** Whether the other thread has told its end. */
  #isOver = false;
  #closeReason: CloseReason | undefined;
  #deliveries: readonly ChannelDelivery[] = [];

  constructor(options: RemoteSessionOptions, events: SessionBackendEvents) {
    this.#options = options;
    this.#events = events;
    this.#port = new GatheringPort(options.port, this.#takeConsumed.bind(this));
    this.calls = new PendingCalls(this.#post.bind(this));
    this.#reader = new StatsReading(this.#post.bind(this));
    this.#transfers = new RemoteTransfers(this.#post.bind(this), events);
    options.port.on('message', this.#handle.bind(this));
    // The thread, not the port, keeps the process alive.
    options.port.unref();
  }

  get sessionId(): number {
    return this.#state.sessionId;
  }

  get machineId(): string {
    return this.#state.machineId;
  }

  get remoteAddress(): string | undefined {
    return this.#state.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#state.remotePort;
  }

  get isOpen(): boolean {
    return this.#state.isOpen && !this.#isLeaving && this.#closeReason === undefined;
  }

  get isSuspended(): boolean {
    return this.#state.isSuspended && this.#closeReason === undefined;
  }

  get closeReason(): CloseReason | undefined {
    return this.#closeReason;
  }

  get blockSizeBytes(): number {
    return this.#state.blockSizeBytes;
  }

  get maxMessageBytes(): number {
    return this.#state.maxMessageBytes;
  }

  get queuedBytes(): number {
    if (this.#closeReason) return 0;
    return Array.from(this.#channels.values()).reduce((sum, { queuedBytes }) => sum + queuedBytes, 0);
  }

  queuedBytesOf(channel: number): number {
    return this.#closeReason ? 0 : (this.#channels.get(channel)?.queuedBytes ?? 0);
  }

  get deliveries(): readonly ChannelDelivery[] {
    return this.#deliveries;
  }

  send(number: number, bytes: Uint8Array, options: SendOptions | undefined, head?: Uint8Array): Promise<void> {
    this.#requireOpen();
    const channel = this.#channel(number);
    const messageBytes = bytes.length + (head?.length ?? 0);
    requireRoom(channel, messageBytes, this.#state.maxMessageBytes, this.#options.maxQueuedBytes);
    const call = options?.confirm ? this.calls.begin<undefined>(options.signal) : undefined;
    this.#port.add(number, bytes, call?.id ?? 0, false, head);
    channel.handlePosted(messageBytes);
    return call?.answer ?? channel.whenBelowMark(options?.signal);
  }

  changeChannel(number: number, options: ChannelOptions): void {
    // Memory comes with its message and does not go back, so none is lent.
    const { messageMemory: _, ...given } = requireChannelOptions(options);
    if (given.highWaterMark !== undefined) this.#channel(number).highWaterMark = given.highWaterMark;
    if (Object.keys(given).length > 0) this.#post({ kind: 'channel', channel: number, options: given });
  }

  consume(channel: number): void {
    const last = this.#consumed.length - 2;
    if (this.#consumed[last] === channel) this.#consumed[last + 1]! += 1;
    else this.#consumed.push(channel, 1);
    this.#port.scheduleFlush();
  }

  beginTransfer(request: TransferRequest, signal: AbortSignal | undefined): FileTransfer {
    this.#requireOpen();
    return this.#transfers.begin(request, signal);
  }

  async list(remotePath: string, isRecursive: boolean): Promise<FolderEntry[]> {
    this.#requireOpen();
    return this.calls.call('list', [remotePath, isRecursive]);
  }

  stats(): RemoteStats {
    // Before it has told anything it may not be there yet, and would not answer while this thread waits.
    if (this.#isTold && this.#state.sessionId > 0 && !this.#isOver) this.#stats = this.#reader.read() ?? this.#stats;
    return this.#stats;
  }

  close(code: WireError, message: string, drainMs: number): void {
    this.#isLeaving = true;
    this.#post({ kind: 'close', code, message, drainMs });
  }

  destroy(error: TcpCommError): void {
    this.#isLeaving = true;
    this.#post({ kind: 'destroy', error: toCloneable(error) });
  }

  /** So it stands until its thread says otherwise. */
  protected assume(state: Partial<SessionState>): void {
    this.#state = { ...this.#state, ...state };
    this.#isConnected ||= this.#state.isOpen;
  }

  /** The thread has ended. @param cause why, if it is known */
  handleThreadLost(cause?: unknown): void {
    // What it has said last may not have been heard yet.
    for (let last = receiveMessageOnPort(this.#options.port); last; last = receiveMessageOnPort(this.#options.port)) {
      this.#handle(last.message as FromSession);
    }
    const detail = cause instanceof Error ? `: ${cause.message}` : '';
    const text = `the thread of the session has ended${detail}`;
    this.giveUp(failureReason('local', new TcpCommError('ERR_TCPCOMM_THREAD_LOST', text, { cause })));
  }

  /** The other thread has nothing of the session, and will tell no end. */
  protected giveUp(reason: CloseReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const used = [...this.#channels.values()].filter(({ hasPosted }) => hasPosted);
    this.#deliveries = used.map(({ delivery }) => delivery).sort((one, other) => one.channel - other.channel);
    if (this.#isConnected) this.#events.onDisconnected(reason);
    this.#end(reason);
  }

  /** What comes from the session's thread. */
  readonly #handlers: {
    readonly [Kind in FromSession['kind']]: (message: Extract<FromSession, { kind: Kind }>) => void;
  } = {
    messages: ({ batch }) => {
      // Who transferred one message to a worker would take the memory of the others along.
      markAsUntransferable(batch.packed.buffer);
      for (const { channel, bytes } of messagesOf(batch)) this.#events.onMessage(channel, bytes, 0, 0);
    },
    queues: ({ reports }) => {
      for (const report of reports) {
        this.#channel(report.channel).handleReport(report);
        if (report.writtenMessages > 0) this.#events.onMessagesWritten(report.channel, report.writtenMessages);
      }
    },
    state: ({ state, transfers }) => {
      this.#state = state;
      this.#isTold = true;
      for (const transfer of transfers) this.#transfers.update(transfer);
    },
    connected: ({ details }) => {
      this.#isConnected = true;
      this.#events.onConnected(details);
    },
    disconnected: ({ reason }) => {
      this.#isConnected = false;
      this.#events.onDisconnected(fromCloneable(reason) as typeof reason);
    },
    reconnecting: ({ attempt }) => {
      this.#events.onReconnecting(fromCloneable(attempt) as typeof attempt);
    },
    'transfer-begun': ({ transfer }) => {
      this.#transfers.handleBegun(transfer);
    },
    'transfer-progress': ({ transfer }) => {
      this.#transfers.handleProgress(transfer);
    },
    'transfer-ended': ({ transfer, outcome }) => {
      this.#transfers.handleEnded(transfer, outcome);
    },
    'transfer-refused': ({ key, error }) => {
      this.#transfers.handleRefused(key, fromCloneable(error) as TcpCommError);
    },
    closed: ({ reason, last }) => {
      this.#isOver = true;
      this.#deliveries = this.#withLost(last.deliveries);
      this.#stats = last.stats;
      const closeReason = fromCloneable(reason) as CloseReason;
      void this.#options.released().then(() => {
        this.#end(closeReason);
      });
    },
    told: ({ topic, detail }) => {
      this.#options.told?.(topic, fromCloneable(detail));
    },
    ask: ({ id, question, argument }) => {
      this.#options.answer(question, argument).then(
        (value) => {
          this.#post({ kind: 'answer', id, value });
        },
        (error: unknown) => {
          this.#post({ kind: 'answer', id, error: toCloneable(error) });
        },
      );
    },
    settled: ({ id, error, value }) => {
      this.calls.settle(id, error === undefined ? undefined : (fromCloneable(error) as Error), value);
    },
  };

  #handle(message: FromSession): void {
    (this.#handlers[message.kind] as (message: FromSession) => void)(message);
  }

  #end(reason: CloseReason): void {
    if (this.#closeReason) return;
    this.#closeReason = reason;
    this.#options.port.close();
    this.#reader.stop();
    const error = errorOfClosing(reason);
    this.calls.stop(error);
    for (const channel of this.#channels.values()) channel.stop(error);
    this.#transfers.stop(error);
    this.#events.onClosed(reason);
  }

  #requireOpen(): void {
    if (this.isOpen) return;
    if (this.#closeReason) throw errorOfClosing(this.#closeReason);
    if (this.#isLeaving || this.#state.sessionId > 0) throw new SessionClosedError('the session is being closed');
    throw new SessionClosedError('there is no connection; await connect first', 'ERR_TCPCOMM_NOT_CONNECTED');
  }

  /** What never crossed was not delivered either. */
  #withLost(deliveries: readonly ChannelDelivery[]): ChannelDelivery[] {
    const full = new Map(deliveries.map((delivery) => [delivery.channel, delivery]));
    for (const { number: channel, lostMessages } of this.#channels.values()) {
      if (lostMessages === 0) continue;
      const { deliveredMessages, undeliveredMessages } = full.get(channel) ?? NOTHING_SENT;
      full.set(channel, { channel, deliveredMessages, undeliveredMessages: undeliveredMessages + lostMessages });
    }
    return [...full.values()].sort((one, other) => one.channel - other.channel);
  }

  #channel(number: number): RemoteChannel {
    const known = this.#channels.get(number);
    if (known) return known;
    const channel = new RemoteChannel(number, DEFAULT_HIGH_WATER_MARK);
    this.#channels.set(number, channel);
    return channel;
  }

  #takeConsumed(): ToSession | undefined {
    if (this.#consumed.length === 0) return undefined;
    const counts = this.#consumed;
    this.#consumed = [];
    return { kind: 'consumed', counts };
  }

  #post(message: ToSession, transferred: Transferable[] = []): void {
    this.#port.post(message, transferred);
  }
}
