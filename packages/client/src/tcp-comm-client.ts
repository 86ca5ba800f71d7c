import {
  ConnectionRejectedError,
  FrameType,
  type Hello,
  type Identified,
  MAX_CREDENTIALS_LENGTH,
  MAX_MACHINE_ID_LENGTH,
  NOTICE_CHANNEL,
  type ProtocolError,
  requireDurationMs,
  requireInteger,
  requireOptions,
  requireSignal,
  requireText,
  RESUME_FEATURE,
  SessionClosedError,
  type Standing,
  TcpCommError,
  UsageError,
  type Welcome,
  WireError,
} from '@tcpcomm/protocol';
import {
  type CloseReason,
  type ConnectionDetails,
  errorOfClosing,
  failureReason,
  goodbyeReason,
  leavesRoomForStanding,
  type Notice,
  Session,
  type SessionTerms,
  tellStanding,
  type Transport,
} from '@tcpcomm/session';
import { type ClientCallback, type ClientOptions, type ClientSetup, resolveClientOptions } from './client-options.ts';
import { IdentityChange } from './identity-change.ts';
import { introduce, type ServerAddress } from './introduction.ts';
import { reconnect } from './reconnecting.ts';

export interface ConnectOptions {
  /** How long connecting and being accepted may take together, 0 to Infinity. Default 10,000. */
  readonly timeoutMs?: number;
  /** Gives up; `connect` rejects with its reason. */
  readonly signal?: AbortSignal;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
const LEAVING = goodbyeReason('local', WireError.CLOSED, 'the session is being closed', true);
const AGENT = 'tcpcomm-node';

/**
 * The client's end of a session, which can also connect.
 *
 * It is connected once: after a failed attempt that may be tried again. When the connection is lost it connects again by itself, and the
 * session goes on; when it has been closed, refused, or tried that in vain it stays closed.
 */
export class TcpCommClient extends Session {
  readonly #setup: ClientSetup;
  readonly #callback: ClientCallback | undefined;
  readonly #textEncoder = new TextEncoder();
  readonly #abandon = new AbortController();
  #machineId: string;
  readonly #identity = new IdentityChange((machineId) => {
    if (!this.isOpen) throw errorOfClosing(this.closeReason ?? LEAVING);
    if (!this.isSuspended) this.link?.engine.identify(machineId);
  });
  #isConnecting = false;
  #server: ServerAddress | undefined;
  /** What proves to the server that this client is the one that had the session. */
  #sessionKey: string | undefined;

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
   * Sets what the server is to know this client by. While there is a session the server is asked, and may refuse.
   *
   * @throws UsageError for more than 256 characters, or while connecting; ConnectionRejectedError with the server's reason; and the
   * reason when the session ends first
   */
  async setMachineId(machineId: string): Promise<void> {
    requireText('machineId', machineId, MAX_MACHINE_ID_LENGTH);
    if (this.#isConnecting) throw new UsageError('the machine id cannot change while connecting');
    if (this.conversation) await this.#identity.change(machineId);
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
    this.#isConnecting = true;
    try {
      const stop = signal ? AbortSignal.any([this.#abandon.signal, signal]) : this.#abandon.signal;
      this.#server = { host, port };
      await this.#introduce(this.#server, timeoutMs, stop);
    } finally {
      this.#isConnecting = false;
    }
  }

  protected override handleSuspended(reason: CloseReason): void {
    void this.#reconnect(reason);
  }

  protected override end(reason: CloseReason): void {
    if (this.closeReason) return;
    const whileConnecting = 'the client was closed while it was connecting';
    this.#abandon.abort(this.#isConnecting ? new SessionClosedError(whileConnecting) : errorOfClosing(reason));
    this.#identity.stop(errorOfClosing(reason));
    if (this.conversation) this.notify({ kind: 'disconnected', text: 'Disconnected.' });
    super.end(reason);
  }

  protected override handleEnded(): void {
    // Nobody stands above a client.
  }

  protected override handleIdentify(): Identified {
    return { refused: { code: WireError.UNEXPECTED_FRAME, message: 'a client gives nobody a machine id' } };
  }

  protected override handleIdentified({ refused }: Identified): void {
    this.#identity.settle(refused && new ConnectionRejectedError(refused.code, refused.message));
  }

  protected override announceConnection(details: ConnectionDetails): void {
    super.announceConnection(details);
    this.notify({ kind: 'connected', text: details.reconnected ? 'Reconnected.' : 'Connected.' });
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

  #introduce(server: ServerAddress, timeoutMs: number, stop: AbortSignal): Promise<void> {
    return introduce(server, this.#hello.bind(this), timeoutMs, stop, this.#enter.bind(this));
  }

  async #hello(): Promise<Hello> {
    const { auth, autoReconnect, session } = this.#setup;
    const credentials = typeof auth === 'function' ? await auth() : auth;
    if (credentials !== undefined) requireText('auth', credentials, MAX_CREDENTIALS_LENGTH);
    const key = this.#sessionKey;
    await this.standsStill();
    const hello: Hello = {
      machineId: this.#machineId,
      agent: AGENT,
      features: autoReconnect ? [RESUME_FEATURE] : [],
      limits: session.limits,
      ...(credentials !== undefined && { auth: credentials }),
    };
    if (credentials !== undefined && !leavesRoomForStanding(hello)) {
      throw new UsageError('auth is too long as JSON in UTF-8: use characters that take one byte there');
    }
    if (key === undefined) return hello;
    return tellStanding(FrameType.HELLO, this.standing, (told) => ({
      ...hello,
      resume: { sessionId: this.sessionId, key, ...told },
    }));
  }

  #enter(transport: Transport, welcome: Welcome): void {
    const { sessionId, sessionKey, limits: remoteLimits, blockSizeBytes, bytesPerSecond, resumed } = welcome;
    const terms: SessionTerms = {
      role: 'client',
      sessionId,
      machineId: this.#machineId,
      remoteLimits,
      pace: { blockSizeBytes, bytesPerSecond },
      isResumable: this.#setup.autoReconnect,
    };
    this.#sessionKey = sessionKey;
    if (!this.isSuspended) this.begin(transport, terms);
    else if (resumed) {
      this.#goBackTo(resumed);
      this.#machineId = resumed.machineId;
      this.resume(transport, terms, resumed);
    } else this.restart(transport, terms);
    // The server learns that the client knows of the session, and has its key: in one write with what the application says first.
    if (sessionKey !== undefined) queueMicrotask(() => this.link?.engine.ping());
    this.#identity.repeat(this.#machineId);
  }

  /** @throws ProtocolError for a standing that cannot be: what has arrived is not known then, and the session is over */
  #goBackTo(standing: Standing): void {
    try {
      this.rewind(standing);
    } catch (error) {
      this.end(failureReason('local', error as ProtocolError));
      throw error;
    }
  }

  async #reconnect(lost: CloseReason): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const { signal } = this.#abandon;
    try {
      await reconnect({
        durationMs: this.#setup.reconnectDurationMs,
        signal,
        connect: (timeoutMs) => this.#introduce(server, timeoutMs, signal),
        onAttempt: (attempt) => {
          this.announce('reconnecting', attempt);
          this.notify({ kind: 'reconnecting', text: 'Attempting to reconnect...' });
        },
      });
    } catch (error) {
      if (!signal.aborted) this.end(gaveUp(lost, error));
    }
  }
}

/** Why a client stays disconnected: it was lost, and then? */
function gaveUp(lost: CloseReason, cause: unknown): CloseReason {
  const error =
    cause instanceof TcpCommError ? cause : new TcpCommError('ERR_TCPCOMM_RECONNECT_FAILED', String(cause), { cause });
  return failureReason(
    'network',
    new TcpCommError(error.code, `${lost.message}; connecting again failed: ${error.message}`, { cause }),
  );
}
