import { CpuMonitor } from '@tcpcomm/cpu-monitor';
import {
  MAX_MACHINE_ID_LENGTH,
  NOTICE_CHANNEL,
  requireDurationMs,
  requireInteger,
  requireOptions,
  requireSignal,
  requireText,
  UsageError,
} from '@tcpcomm/protocol';
import {
  type CloseReason,
  type ConnectionDetails,
  type Notice,
  type ReconnectAttempt,
  Session,
} from '@tcpcomm/session';
import type { ClientBackend } from './client-backend.ts';
import { type ClientCallback, type ClientOptions, type ClientSetup, resolveClientOptions } from './client-options.ts';
import { RemoteClient } from './client-thread.ts';
import { LocalClient } from './local-client.ts';

export interface ConnectOptions {
  /** How long connecting and being accepted may take together, 0 to Infinity. Default 10,000. */
  readonly timeoutMs?: number;
  /** Gives up; `connect` rejects with its reason. */
  readonly signal?: AbortSignal;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
/**
 * The client's end of a session, which can also connect.
 *
 * It is connected once: after a failed attempt that may be tried again. When the connection is lost it connects again by itself, and the
 * session goes on; when it has been closed, refused, or tried that in vain it stays closed.
 */
export class TcpCommClient extends Session<ClientBackend> {
  readonly #setup: ClientSetup;
  readonly #callback: ClientCallback | undefined;
  readonly #textEncoder = new TextEncoder();
  #wasConnected = false;
  #cpuMonitor: CpuMonitor | undefined;

  /** @throws UsageError for an option out of its range */
  constructor(options?: ClientOptions);
  constructor(callback: ClientCallback, options?: ClientOptions);
  constructor(first: ClientOptions | ClientCallback = {}, second: ClientOptions = {}) {
    const setup = resolveClientOptions(typeof first === 'function' ? second : first);
    super('client', (events) => (setup.thread ? new RemoteClient(setup, events) : new LocalClient(setup, events)));
    this.#callback = typeof first === 'function' ? first : undefined;
    this.#setup = setup;
  }

  /**
   * Measures the CPU use of the thread that does this client's work: its own with `thread: true`, otherwise the one that calls. It measures nothing
   * before its `start()`, and not after the thread's end.
   */
  get cpuMonitor(): CpuMonitor {
    return (this.#cpuMonitor ??= new CpuMonitor(this.backend.thread));
  }

  getMachineId(): string {
    return this.machineId;
  }

  /**
   * Sets what the server is to know this client by. While there is a session the server is asked, and may refuse.
   *
   * @throws UsageError for more than 256 characters, or while connecting; ConnectionRejectedError with the server's reason; and the
   * reason when the session ends first
   */
  async setMachineId(machineId: string): Promise<void> {
    requireText('machineId', machineId, MAX_MACHINE_ID_LENGTH);
    await this.backend.setMachineId(machineId);
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
    await this.backend.connect({ host, port, timeoutMs, signal });
  }

  protected override handleConnected(details: ConnectionDetails): void {
    this.#wasConnected = true;
    super.handleConnected(details);
    this.notify({ kind: 'connected', text: details.reconnected ? 'Reconnected.' : 'Connected.' });
  }

  protected override handleReconnecting(attempt: ReconnectAttempt): void {
    super.handleReconnecting(attempt);
    this.notify({ kind: 'reconnecting', text: 'Attempting to reconnect...' });
  }

  protected override handleClosed(reason: CloseReason): void {
    if (this.#wasConnected) this.notify({ kind: 'disconnected', text: 'Disconnected.' });
    super.handleClosed(reason);
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
}
