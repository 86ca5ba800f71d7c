import type { Socket } from 'node:net';
import {
  type Hello,
  MAX_MACHINE_ID_LENGTH,
  NOTICE_CHANNEL,
  requireDurationMs,
  requireInteger,
  requireOptions,
  requireSignal,
  requireText,
  SessionClosedError,
  TimeoutError,
  UsageError,
  type Welcome,
} from '@tcpcomm/protocol';
import {
  ClientHandshake,
  type ClientHandshakeEvents,
  type CloseReason,
  type Notice,
  Session,
  SocketReading,
  Transport,
} from '@tcpcomm/session';
import { type ClientCallback, type ClientOptions, type ClientSetup, resolveClientOptions } from './client-options.ts';
import { dial } from './dial.ts';

export interface ConnectOptions {
  /** How long connecting and being accepted may take together, 0 to Infinity. Default 10,000. */
  readonly timeoutMs?: number;
  /** Gives up; `connect` rejects with its reason. */
  readonly signal?: AbortSignal;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
/** A timer cannot be set for longer; 24 days are as good as for ever. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const AGENT = 'tcpcomm-node';

/**
 * The client's end of a session, which can also connect.
 *
 * It connects once: after a failed attempt it may be tried again, after `close` or a lost connection it stays closed.
 */
export class TcpCommClient extends Session {
  readonly #setup: ClientSetup;
  readonly #callback: ClientCallback | undefined;
  readonly #textEncoder = new TextEncoder();
  readonly #abandon = new AbortController();
  #machineId: string;
  #isConnecting = false;

  /** @throws UsageError for an option out of its range */
  constructor(options?: ClientOptions);
  constructor(callback: ClientCallback, options?: ClientOptions);
  constructor(first: ClientOptions | ClientCallback = {}, second: ClientOptions = {}) {
    const setup = resolveClientOptions(typeof first === 'function' ? second : first);
    super(setup.session);
    this.#callback = typeof first === 'function' ? first : undefined;
    this.#setup = setup;
    this.#machineId = setup.machineId;
  }

  override get machineId(): string {
    return this.#machineId;
  }

  getMachineId(): string {
    return this.#machineId;
  }

  /**
   * Sets what the server is to know this client by, before it connects.
   *
   * @throws UsageError for more than 256 characters, or while there is a connection
   */
  setMachineId(machineId: string): void {
    requireText('machineId', machineId, MAX_MACHINE_ID_LENGTH);
    if (this.link || this.#isConnecting)
      throw new UsageError('the machine id cannot change while there is a connection');
    this.#machineId = machineId;
  }

  /**
   * Connects, and resolves when the server has accepted this client.
   *
   * @param host a DNS name, an IPv4 or an IPv6 address
   * @throws ConnectionRejectedError when the server refuses, TcpCommError `ERR_TCPCOMM_CONNECT_FAILED` when nobody answers,
   * ProtocolError when something else does, TimeoutError, UsageError while connecting or connected,
   * SessionClosedError after the end
   */
  async connect(host: string, port: number, options: ConnectOptions = {}): Promise<void> {
    requireOptions('options', options);
    const { timeoutMs = DEFAULT_CONNECT_TIMEOUT_MS, signal } = options;
    requireText('host', host);
    if (host === '') throw new UsageError('host must be a name or an address, got ""');
    requireSignal('signal', signal);
    requireInteger('port', port, 1, 65_535);
    requireDurationMs('timeoutMs', timeoutMs);
    if (this.closeReason) throw new SessionClosedError('this client is closed; create another to connect again');
    if (this.link || this.#isConnecting) throw new UsageError('this client is connected or connecting already');
    const timeout = new AbortController();
    const stop = AbortSignal.any([this.#abandon.signal, timeout.signal, ...(signal ? [signal] : [])]);
    this.#isConnecting = true;
    const expire = () => {
      timeout.abort(connectTimeout(timeoutMs));
    };
    const timer = timeoutMs > MAX_TIMER_MS ? undefined : setTimeout(expire, timeoutMs);
    try {
      const reading = new SocketReading();
      const socket = await dial(host, port, reading, stop);
      await this.#introduce(socket, reading, stop);
    } finally {
      this.#isConnecting = false;
      clearTimeout(timer);
    }
  }

  protected override end(reason: CloseReason): void {
    if (this.closeReason) return;
    this.#abandon.abort(new SessionClosedError('the client was closed while it was connecting'));
    if (this.link) this.notify({ kind: 'disconnected', text: 'Disconnected.' });
    super.end(reason);
  }

  protected override get hearsMessages(): boolean {
    return this.#setup.onMessage !== undefined || this.#callback !== undefined;
  }

  protected override handleMessage(bytes: Uint8Array, channel: number): unknown {
    const called = this.#callback?.(bytes, channel);
    return this.#setup.onMessage?.(bytes, channel, this) ?? called;
  }

  protected override get hearsNotices(): boolean {
    return this.#callback !== undefined;
  }

  protected override handleNotice(notice: Notice): void {
    this.#callback?.(this.#textEncoder.encode(notice.text), NOTICE_CHANNEL);
  }

  protected override handleTransfer(): void {
    // Nobody but the listeners of this object.
  }

  /** Says hello and waits for the answer. */
  #introduce(socket: Socket, reading: SocketReading, stop: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const hello: Hello = {
        machineId: this.#machineId,
        agent: AGENT,
        features: [],
        limits: this.#setup.session.limits,
      };
      const events: ClientHandshakeEvents = {
        onWelcome: (welcome) => {
          stop.removeEventListener('abort', abort);
          this.#enter(transport, welcome);
          resolve();
        },
        onFailed: (error) => {
          stop.removeEventListener('abort', abort);
          reject(error);
        },
      };
      // The time is watched by `connect`, which has spent some of it on the way here.
      const handshake = new ClientHandshake(hello, events, Infinity, performance.now());
      const transport = new Transport(socket, handshake, reading);
      const abort = () => {
        transport.destroy();
        reject(stop.reason as Error);
      };
      stop.addEventListener('abort', abort, { once: true });
      // It may have come since the socket connected.
      if (stop.aborted) abort();
    });
  }

  #enter(transport: Transport, welcome: Welcome): void {
    const { sessionId, limits: remoteLimits, blockSizeBytes, bytesPerSecond } = welcome;
    const pace = { blockSizeBytes, bytesPerSecond };
    this.begin(transport, { role: 'client', sessionId, machineId: this.#machineId, remoteLimits, pace });
    this.announce('connected');
    this.notify({ kind: 'connected', text: 'Connected.' });
  }
}

function connectTimeout(timeoutMs: number): TimeoutError {
  return new TimeoutError(`not connected and accepted after ${timeoutMs} ms`, 'ERR_TCPCOMM_CONNECT_TIMEOUT');
}
