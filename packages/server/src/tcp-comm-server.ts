import type { AddressInfo } from 'node:net';
import {
  requireBytes,
  requireChannel,
  requireDurationMs,
  requireFunction,
  requireInteger,
  requireOptions,
  requireRate,
  requireText,
  SessionClosedError,
  type Settings,
  UsageError,
  WireError,
} from '@tcpcomm/protocol';
import type { CloseOptions, RequestHandler } from '@tcpcomm/session';
import { Admission } from './admission.ts';
import { AcceptQueue } from './accept-queue.ts';
import type { Applicant } from './applicant.ts';
import { displace, Entrance } from './entrance.ts';
import { limitOf, paceFor } from './pace.ts';
import { ServerEmitter } from './server-emitter.ts';
import type { ServerCloseReport } from './server-events.ts';
import { resolveServerOptions, type ServerCallback, type ServerOptions, type ServerSetup } from './server-options.ts';
import { ServerSession, type SessionHost } from './server-session.ts';
import type { LostWorker, ServerInfo } from './server-info.ts';
import { type SessionCollection, SessionTable } from './session-collection.ts';
import { createWorkplace } from './threads/choosing.ts';
import type { Workplace } from './workplace.ts';

/** For the `sessionId` of `sendBytes` and `sendText`: every session that there is. */
export const ALL_SESSIONS = -1;

export interface StartOptions {
  /** 0 for a free one. */
  readonly port: number;
  /** The address to listen on, or a name of this machine. Default: all addresses, IPv6 and IPv4. */
  readonly host?: string;
}

/**
 * Lets clients in and holds their sessions.
 *
 * A server is started once and closed once.
 */
export class TcpCommServer extends ServerEmitter {
  readonly #setup: ServerSetup;
  readonly #table = new SessionTable();
  readonly #admission: Admission;
  readonly #queue: AcceptQueue;
  readonly #host: SessionHost = this.#createHost();
  readonly #textEncoder = new TextEncoder();
  readonly #requestHandlers = new Map<number, RequestHandler>();
  readonly #workplace: Workplace;
  #pace: Settings;
  #state: 'new' | 'starting' | 'listening' | 'closed' = 'new';
  #closing: Promise<ServerCloseReport> | undefined;

  /** @throws UsageError for an option out of its range */
  constructor(options?: ServerOptions);
  constructor(callback: ServerCallback, options?: ServerOptions);
  constructor(first: ServerOptions | ServerCallback = {}, second: ServerOptions = {}) {
    super(typeof first === 'function' ? first : undefined);
    this.#setup = resolveServerOptions(typeof first === 'function' ? second : first);
    if (this.callback && this.#setup.handlers !== undefined) {
      throw new UsageError('handlers take the messages: leave out the callback, or the handlers');
    }
    this.#pace = paceFor(this.#setup.bytesPerSecond);
    this.#admission = new Admission(this.#setup, this.#table);
    const entrance = new Entrance(this.#setup, this.#table, this.#admission, {
      isReady: () => this.#workplace.isReady,
      open: this.#begin.bind(this),
      onFailure: this.reportFailure.bind(this),
    });
    this.#queue = new AcceptQueue(this.#setup.acceptsPerSecond, entrance.receive.bind(entrance));
    this.#workplace = createWorkplace(this.#setup, {
      onApplicant: this.#queue.enter.bind(this.#queue),
      onRejected: (rejected) => {
        this.announce('rejected', rejected);
      },
      onAcceptFailed: this.reportFailure.bind(this),
      onWorkerLost: this.#handleWorkerLost.bind(this),
    });
    this.on('newListener', (event) => {
      if (event === 'message')
        queueMicrotask(() => {
          for (const session of this.#table) session.handleListening();
        });
    });
  }

  /**
   * Begins to listen; resolves with the address.
   *
   * @throws UsageError for a second start, TcpCommError `ERR_TCPCOMM_LISTEN_FAILED` when the address is not to be had,
   * SessionClosedError when it is closed meanwhile
   */
  async start(where: number | StartOptions): Promise<AddressInfo> {
    const options: StartOptions = typeof where === 'number' ? { port: where } : where;
    requireInteger('port', options.port, 0, 65_535);
    if (options.host !== undefined) requireText('host', options.host);
    if (this.#state !== 'new') throw new UsageError(`the server is ${this.#state}, it is started once only`);
    this.#state = 'starting';
    const address = await this.#workplace.open(options.port, options.host).catch(async (error: unknown) => {
      this.#state = 'closed';
      await this.#workplace.close();
      throw this.#closing ? closedWhileStarting() : error;
    });
    if (this.#closing) throw closedWhileStarting();
    this.#state = 'listening';
    this.announce('listening', address);
    this.notify({ kind: 'listening', text: 'Listening...' });
    return address;
  }

  /** How the server does its work: where, why there, and how the workers are doing. */
  get info(): ServerInfo {
    return this.#workplace.info;
  }

  /** Where it listens; undefined while it does not. */
  get address(): AddressInfo | undefined {
    return this.#workplace.address;
  }

  /** The sessions that there are now: iterable, with `size` and `get`. */
  get sessions(): SessionCollection {
    return this.#table;
  }

  getSession(idOrMachineId: number | string): ServerSession | undefined {
    return this.#table.get(idOrMachineId);
  }

  getSessionCollection(): SessionCollection {
    return this.#table;
  }

  /**
   * Sends a message to one session, or to all; otherwise as a session's `sendBytes`. To all, it resolves when each has
   * room again or has ended.
   *
   * @throws UsageError `ERR_TCPCOMM_NO_SESSION` when there is no session of that id
   */
  async sendBytes(bytes: Uint8Array, channel = 1, sessionId = ALL_SESSIONS): Promise<void> {
    requireBytes('bytes', bytes);
    requireChannel(channel);
    if (sessionId !== ALL_SESSIONS) {
      await this.#requireSession(sessionId).sendBytes(bytes, channel);
      return;
    }
    const sends = Array.from(this.#table, async (session) => {
      try {
        await session.sendBytes(bytes, channel);
      } catch (error) {
        // A session that ended meanwhile, however it did, needs nothing any more.
        if (session.isOpen) throw error;
      }
    });
    const results = await Promise.allSettled(sends);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** Sends a text, as UTF-8; otherwise as `sendBytes`. */
  async sendText(text: string, channel = 1, sessionId = ALL_SESSIONS): Promise<void> {
    requireText('text', text);
    await this.sendBytes(this.#textEncoder.encode(text), channel, sessionId);
  }

  /**
   * Answers the requests of all clients on a channel, those of sessions excepted that have a handler of their own for it; otherwise as a session's
   * `onRequest`.
   */
  onRequest(channel: number, handler: RequestHandler): () => void {
    requireChannel(channel);
    requireFunction('handler', handler);
    if (this.#setup.handlers !== undefined)
      throw new UsageError('handlers answer the requests: export onRequest there');
    if (this.#requestHandlers.has(channel)) {
      throw new UsageError(`requests on channel ${channel} are answered already`);
    }
    this.#requestHandlers.set(channel, handler);
    return () => {
      if (this.#requestHandlers.get(channel) === handler) this.#requestHandlers.delete(channel);
    };
  }

  /**
   * Sets what each session may send and receive together, bytes a second, now and to come; 0 or Infinity for no limit. Holds at
   * once, for transfers that run too; the clients are told.
   *
   * @throws UsageError for what is no rate
   */
  throttleNetworkBps(bytesPerSecond: number): void {
    requireRate('bytesPerSecond', bytesPerSecond);
    this.#pace = paceFor(bytesPerSecond);
    for (const session of this.#table) session.backend.setPace(this.#pace);
  }

  /**
   * Sets what all sessions may send and receive together, bytes a second; 0 or Infinity for no limit. While they want more, each
   * gets a share by its weight, and what one does not use goes to the others.
   *
   * @throws UsageError for what is no rate
   */
  throttleTotalBps(bytesPerSecond: number): void {
    requireRate('bytesPerSecond', bytesPerSecond);
    this.#workplace.setTotal(limitOf(bytesPerSecond));
    for (const session of this.#table) session.backend.reconsider();
  }

  /** Into what blocks data is cut at the present rate, in bytes. */
  getBlocksize(): number {
    return this.#pace.blockSizeBytes;
  }

  /** Bytes of messages that wait to be sent, all sessions together. */
  getSendQueueSize(): number {
    return Array.from(this.#table).reduce((sum, session) => sum + session.getSendQueueSize(), 0);
  }

  /**
   * Stops listening and ends all sessions at once, each in good order as its `close` does. A second call gets the report of
   * the first.
   */
  close(options: CloseOptions = {}): Promise<ServerCloseReport> {
    try {
      requireOptions('options', options);
      if (options.drainMs !== undefined) requireDurationMs('drainMs', options.drainMs);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#closing === undefined) {
      const { promise, resolve, reject } = Promise.withResolvers<ServerCloseReport>();
      // Before it begins: sessions that end in it tell their listeners, and one of those may close the server too.
      this.#closing = promise;
      this.#close(options).then(resolve, reject);
    }
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A client comes in. */
  #begin(applicant: Applicant, sessionId: number): void {
    const { machineId } = applicant.hello;
    const session = new ServerSession((events) => this.#workplace.createBackend(events, applicant), this.#host);
    session.backend.open(applicant, { sessionId, pace: this.#pace });
    this.#table.add(session);
    this.announce('session', session);
    this.notify({ kind: 'session-started', text: `Session#${sessionId} MachineID:${machineId}`, sessionId });
  }

  async #close(options: CloseOptions): Promise<ServerCloseReport> {
    this.#state = 'closed';
    const stopped = this.#workplace.closeDoor();
    this.#queue.close();
    const sessions = await Promise.all(
      Array.from(this.#table, async (session) => {
        const { sessionId, machineId } = session;
        const report = await session.closeWith(WireError.SERVER_STOPPED, 'the server has stopped', options);
        return { sessionId, machineId, report };
      }),
    );
    await stopped;
    await this.#workplace.close();
    this.announce('close');
    this.notify({ kind: 'server-stopped', text: 'Server Stopped.' });
    return { sessions };
  }

  #requireSession(sessionId: number): ServerSession {
    const session = this.#table.get(sessionId);
    if (session) return session;
    throw new UsageError(`there is no session ${sessionId}`, 'ERR_TCPCOMM_NO_SESSION');
  }

  /** What the server hears of its sessions. */
  #createHost(): SessionHost {
    const hearsMessages = () =>
      this.#setup.onMessage !== undefined || this.callback !== undefined || this.listenerCount('message') > 0;
    const hearsNotices = () => this.wantsNotices;
    const hasHandlers = () => this.#setup.handlers !== undefined;
    return {
      get hasHandlers() {
        return hasHandlers();
      },
      get hearsMessages() {
        return hearsMessages();
      },
      get hearsNotices() {
        return hearsNotices();
      },
      handleMessage: (bytes, channel, session) => {
        this.emit('message', bytes, channel, session);
        const called = this.callback?.(bytes, session.sessionId, channel);
        return this.#setup.onMessage?.(bytes, channel, session) ?? called;
      },
      requestHandlerFor: (channel) => this.#requestHandlers.get(channel),
      handleNotice: (notice) => {
        this.notify(notice);
      },
      handleTransfer: (transfer, session) => {
        this.announce('transfer', transfer, session);
      },
      handleSuspended: ({ sessionId }) => {
        const text = `Session#${sessionId} lost its connection, waiting for its client`;
        this.notify({ kind: 'session-suspended', text, sessionId });
      },
      handleResumed: ({ sessionId }) => {
        this.notify({ kind: 'session-resumed', text: `Session#${sessionId} resumed`, sessionId });
      },
      handleClosed: (session, reason) => {
        const { sessionId } = session;
        this.#table.remove(session);
        this.announce('sessionClosed', session, reason);
        this.notify({ kind: 'session-stopped', text: `Session Stopped. (${sessionId})`, sessionId });
      },
      identify: (session, machineId, settle) => {
        const decide = () => {
          // It has ended while it was asked.
          if (this.#table.get(session.sessionId) !== session) return;
          const refusal = this.#admission.refusalOfId(machineId, session, performance.now());
          if (refusal === undefined) {
            displace(this.#admission.displacedBy(machineId, session));
            this.#table.rename(session, machineId);
          }
          settle(refusal);
        };
        const sure = this.#admission.makeSure(machineId, session);
        if (sure) void sure.then(decide);
        else decide();
      },
    };
  }

  #handleWorkerLost(lost: LostWorker): void {
    this.announce('workerLost', lost);
    const text = `Worker#${lost.threadId} lost with ${lost.sessions} sessions: ${lost.error.message}`;
    this.notify({ kind: 'worker-lost', text, error: lost.error });
  }
}

function closedWhileStarting(): SessionClosedError {
  return new SessionClosedError('the server was closed while it started');
}
