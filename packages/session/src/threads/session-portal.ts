import type { MessagePort } from 'node:worker_threads';
import { FRAME_HEADER_BYTES, type TcpCommError } from '@tcpcomm/protocol';
import { errorOfClosing } from '../engine/ending/close-reason.ts';
import { Fifo } from '../engine/fifo.ts';
import type { LocalSession } from '../local-session.ts';
import type { SessionBackendEvents } from '../session-backend.ts';
import { fromCloneable, toCloneable } from './cloneable.ts';
import { GatheringPort } from './gathering-port.ts';
import { type MessageBatch, messagesOf } from './message-batch.ts';
import type { FromSession, QueueReport, SessionState, Settled, ToSession } from './thread-messages.ts';
import { TransferRegistry } from './transfer-registry.ts';

/** How often the user's thread is told how the session stands while anything happens. */
const STATE_INTERVAL_MS = 100;

/** What can be asked of a session beside what all can do; each is given what the user's thread has sent with the call. */
export type PortalCalls<Backend> = Readonly<
  Record<string, (backend: Backend, argument: unknown, signal: AbortSignal) => Promise<unknown>>
>;

/** The user's thread, as the session's backend meets it. */
export interface UserThread {
  /** Asks it for what only that has. */
  ask(question: string, argument?: unknown): Promise<unknown>;
  /** Tells it of something that happened, beside what every session tells. Returns whether it can still be told. */
  tell(topic: string, detail?: unknown): boolean;
}

/** A channel as the user's thread uses it. */
class PortalChannel {
  /** What its messages cost that are not consumed, in their order. */
  readonly credits = new Fifo<{ readonly creditBytes: number; readonly epoch: number }>();
  acceptedMessages = 0;
  acceptedBytes = 0;
  /** Since the last report. */
  writtenMessages = 0;
  hasNews = false;
  /** Lets the user's thread know how it stands, at the end of this turn. */
  readonly report: () => void;

  constructor(report: (channel: PortalChannel) => void) {
    this.report = () => {
      report(this);
    };
  }
}

/**
 * Stands for the user before a session whose user is on another thread: does what comes over the port, and posts what happens. Messages,
 * and what becomes of them, are gathered for a turn of the event loop; all of it keeps its order.
 */
export class SessionPortal<Backend extends LocalSession> {
  readonly #port: MessagePort;
  readonly #backend: Backend;
  readonly #calls: PortalCalls<Backend>;
  readonly #channels = new Map<number, PortalChannel>();
  readonly #gathering: GatheringPort<FromSession>;
  readonly #transfers: TransferRegistry;
  /** Calls that have not been answered. */
  readonly #running = new Map<number, AbortController>();
  readonly #questions = new Map<number, PromiseWithResolvers<unknown>>();
  #lastQuestion = 0;
  #stateTimer: NodeJS.Timeout | undefined;
  #statsPort: MessagePort | undefined;
  #toldState: SessionState | undefined;
  #isClosed = false;
  /** Whether anything has happened since the state was told. */
  #hasNews = false;

  /** @param createBackend whose backend tells of nothing before it has been returned */
  constructor(
    port: MessagePort,
    createBackend: (events: SessionBackendEvents, user: UserThread) => Backend,
    calls: PortalCalls<Backend> = {},
  ) {
    this.#port = port;
    this.#gathering = new GatheringPort(port, this.#takeReports.bind(this));
    this.#calls = { list: (backend, argument) => backend.list(...(argument as [string, boolean])), ...calls };
    this.#transfers = new TransferRegistry(this.#post.bind(this));
    this.#backend = createBackend(this.#createEvents(), {
      ask: this.#ask.bind(this),
      tell: (topic, detail) => {
        if (!this.#isClosed) this.#post({ kind: 'told', topic, detail: toCloneable(detail) });
        return !this.#isClosed;
      },
    });
    port.on('message', (message: ToSession) => {
      (this.#handlers[message.kind] as (message: ToSession) => void)(message);
      this.#handleNews();
    });
  }

  /** What stands for it here. */
  get backend(): Backend {
    return this.#backend;
  }

  #ask(question: string, argument?: unknown): Promise<unknown> {
    const answer = Promise.withResolvers<unknown>();
    this.#lastQuestion += 1;
    this.#questions.set(this.#lastQuestion, answer);
    this.#post({ kind: 'ask', id: this.#lastQuestion, question, argument });
    return answer.promise;
  }

  /** What comes from the user's thread. */
  readonly #handlers: { readonly [Kind in ToSession['kind']]: (message: Extract<ToSession, { kind: Kind }>) => void } =
    {
      messages: ({ batch }) => {
        this.#sendAll(batch);
      },
      consumed: ({ counts }) => {
        for (let at = 0; at < counts.length; at += 2) this.#consume(counts[at]!, counts[at + 1]!);
      },
      channel: ({ channel, options }) => {
        this.#backend.changeChannel(channel, options);
      },
      call: ({ id, method, argument }) => {
        void this.#call(id, method, argument);
      },
      abort: ({ id, reason }) => {
        this.#running.get(id)?.abort(fromCloneable(reason));
      },
      transfer: ({ key, request }) => {
        try {
          this.#transfers.add(key, this.#backend.beginTransfer(request, undefined));
        } catch (error) {
          this.#post({ kind: 'transfer-refused', key, error: toCloneable(error) });
        }
      },
      'cancel-transfer': ({ key }) => {
        this.#transfers.get(key)?.cancel();
      },
      'pause-transfer': ({ key, isPaused }) => {
        const file = this.#transfers.get(key);
        if (isPaused) file?.pause();
        else file?.resume();
      },
      'transfer-policy': ({ key, policy }) => {
        this.#transfers.get(key)?.setPolicy(policy);
      },
      close: ({ code, message, drainMs }) => {
        this.#backend.close(code, message, drainMs);
      },
      read: ({ lock, port }) => {
        this.#statsPort = port ?? this.#statsPort;
        this.#statsPort?.postMessage(this.#backend.stats());
        Atomics.store(lock, 0, 1);
        Atomics.notify(lock, 0);
      },
      destroy: ({ error }) => {
        this.#backend.destroy(fromCloneable(error) as TcpCommError);
      },
      answer: ({ id, error, value }) => {
        const question = this.#questions.get(id);
        this.#questions.delete(id);
        if (error === undefined) question?.resolve(value);
        else question?.reject(fromCloneable(error));
      },
    };

  #createEvents(): SessionBackendEvents {
    return {
      onMessage: (channel, bytes, creditBytes, epoch) => {
        this.#channel(channel).credits.push({ creditBytes, epoch });
        this.#gathering.add(channel, bytes, 0, true);
        this.#handleNews();
      },
      onMessagesWritten: (number, messages) => {
        const channel = this.#channel(number);
        channel.writtenMessages += messages;
        this.#report(channel);
      },
      onTransferBegun: (file) => {
        this.#transfers.handleBegun(file);
      },
      onTransferEnded: (file) => {
        this.#transfers.handleEnded(file);
      },
      onPace: () => {
        // As it begins there is no state to speak of yet: that it is connected follows.
        if (this.#backend.sessionId > 0) this.#postState();
      },
      onConnected: (details) => {
        this.#postState();
        this.#post({ kind: 'connected', details });
      },
      onDisconnected: (reason) => {
        this.#postState();
        this.#post({ kind: 'disconnected', reason: toCloneable(reason) as typeof reason });
      },
      onReconnecting: (attempt) => {
        this.#post({ kind: 'reconnecting', attempt: toCloneable(attempt) as typeof attempt });
      },
      onClosed: (reason) => {
        // Behind the ends of its transfers, which are in this turn's microtasks.
        setImmediate(() => {
          this.#postState();
          const last = { deliveries: this.#backend.deliveries, stats: this.#backend.stats() };
          this.#post({ kind: 'closed', reason: toCloneable(reason) as typeof reason, last });
          clearInterval(this.#stateTimer);
          this.#statsPort?.close();
          this.#port.close();
          this.#isClosed = true;
        });
      },
      onListenerFailed: (error) => {
        process.emitWarning(error as Error);
      },
    };
  }

  #sendAll(batch: MessageBatch): void {
    for (const { channel: number, bytes, callId } of messagesOf(batch)) {
      const channel = this.#channel(number);
      try {
        const sent = this.#backend.send(number, bytes, { confirm: callId > 0 });
        channel.acceptedMessages += 1;
        channel.acceptedBytes += bytes.length + FRAME_HEADER_BYTES;
        if (callId > 0) void this.#settle(callId, sent);
        else sent.then(channel.report, () => undefined);
      } catch (error) {
        // The session has ended, or is about to: the report of its end tells that the message was not delivered.
        if (callId > 0) void this.#settle(callId, Promise.reject(error));
      }
      this.#report(channel);
    }
  }

  #consume(number: number, messages: number): void {
    const { credits } = this.#channel(number);
    for (let count = 0; count < messages; count += 1) {
      const credit = credits.removeFirst();
      if (credit) this.#backend.consume(number, credit.creditBytes, credit.epoch);
    }
  }

  async #call(id: number, method: string, argument: unknown): Promise<void> {
    const abort = new AbortController();
    this.#running.set(id, abort);
    const call = this.#calls[method];
    const work = call ? call(this.#backend, argument, abort.signal) : Promise.reject(new Error(method));
    // What it has changed is known before it is over.
    const tellState = this.#postState.bind(this);
    await this.#settle(id, work.finally(tellState));
    this.#running.delete(id);
  }

  async #settle(id: number, work: Promise<unknown>): Promise<void> {
    const settled: Settled | undefined = await work.then(
      (value) => ({ value }),
      (error: unknown) => (this.#isOfClosing(error) ? undefined : { error: toCloneable(error) }),
    );
    if (settled) this.#post({ kind: 'settled', id, ...settled });
  }

  /** Then whoever waits is told by the end of the session, which follows: all of them by one error. */
  #isOfClosing(error: unknown): boolean {
    const reason = this.#backend.closeReason;
    return reason !== undefined && error === errorOfClosing(reason);
  }

  #channel(number: number): PortalChannel {
    const known = this.#channels.get(number);
    if (known) return known;
    const channel = new PortalChannel(this.#report.bind(this));
    this.#channels.set(number, channel);
    return channel;
  }

  #report(channel: PortalChannel): void {
    channel.hasNews = true;
    this.#gathering.scheduleFlush();
  }

  /** How the queues stand in which something has changed. */
  #takeReports(): FromSession | undefined {
    const reports: QueueReport[] = [];
    for (const [number, channel] of this.#channels) {
      if (!channel.hasNews) continue;
      channel.hasNews = false;
      const { writtenMessages, acceptedMessages, acceptedBytes } = channel;
      const consumedMessages = this.#backend.consumedMessagesOf(number);
      const takenBytes = this.#backend.takenBytesOf(number);
      const queuedBytes = this.#backend.queuedBytesOf(number);
      reports.push({
        ...{ channel: number, writtenMessages, acceptedMessages, acceptedBytes },
        ...{ takenBytes, queuedBytes, consumedMessages },
      });
      channel.writtenMessages = 0;
    }
    return reports.length > 0 ? { kind: 'queues', reports } : undefined;
  }

  /** Posts an event, behind what has been gathered and what it has changed. */
  #post(message: FromSession): void {
    const { isOpen, isSuspended } = this.#backend;
    if (isOpen !== this.#toldState?.isOpen || isSuspended !== this.#toldState.isSuspended) this.#postState();
    this.#gathering.post(message);
    this.#handleNews();
  }

  #postState(): void {
    this.#hasNews = false;
    // A large message leaves its queue piece by piece, of which nothing is told otherwise.
    for (const channel of this.#channels.values()) channel.hasNews = true;
    const { sessionId, machineId, remoteAddress, remotePort, isOpen, isSuspended } = this.#backend;
    const { blockSizeBytes, maxMessageBytes } = this.#backend;
    const connection = { sessionId, machineId, remoteAddress, remotePort, isOpen, isSuspended };
    const state: SessionState = { ...connection, blockSizeBytes, maxMessageBytes };
    this.#toldState = state;
    this.#gathering.post({ kind: 'state', state, transfers: this.#transfers.snapshots });
  }

  /** Something happens: the user's thread is told how the session stands, now and then until nothing does. */
  #handleNews(): void {
    this.#hasNews = true;
    if (this.#stateTimer !== undefined) return;
    this.#stateTimer = setInterval(() => {
      if (this.#hasNews || this.#transfers.size > 0) this.#postState();
      else {
        clearInterval(this.#stateTimer);
        this.#stateTimer = undefined;
      }
    }, STATE_INTERVAL_MS);
    this.#stateTimer.unref();
  }
}
