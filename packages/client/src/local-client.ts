import {
  ConnectionRejectedError,
  FrameType,
  type Hello,
  type Identified,
  MAX_CREDENTIALS_LENGTH,
  type ProtocolError,
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
  errorOfClosing,
  failureReason,
  goodbyeReason,
  leavesRoomForStanding,
  LocalSession,
  type SessionBackendEvents,
  type SessionTerms,
  tellStanding,
  type Transport,
} from '@tcpcomm/session';
import { type ClientBackend, type ConnectSetup, refuseToConnectAgain } from './client-backend.ts';
import type { ClientSetup } from './client-options.ts';
import { IdentityChange } from './identity-change.ts';
import { introduce, type ServerAddress } from './introduction.ts';
import { reconnect } from './reconnecting.ts';

const LEAVING = goodbyeReason('local', WireError.CLOSED, 'the session is being closed', true);
const AGENT = 'tcpcomm-node';

/** A client's session on this thread: how it comes to a connection, and to the next one. */
export class LocalClient extends LocalSession implements ClientBackend {
  readonly thread = 'current-thread';
  readonly #setup: ClientSetup;
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

  constructor(setup: ClientSetup, events: SessionBackendEvents) {
    super(setup.session, events);
    this.#setup = setup;
    this.#machineId = setup.machineId;
  }

  override get machineId(): string {
    return this.#machineId;
  }

  async setMachineId(machineId: string): Promise<void> {
    if (this.#isConnecting) throw new UsageError('the machine id cannot change while connecting');
    if (this.conversation) await this.#identity.change(machineId);
    this.#machineId = machineId;
  }

  async connect({ host, port, timeoutMs, signal }: ConnectSetup): Promise<void> {
    if (this.closeReason) refuseToConnectAgain();
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
    super.end(reason);
  }

  protected override handleIdentify(_machineId: string, answer: (identified: Identified) => void): void {
    answer({ refused: { code: WireError.UNEXPECTED_FRAME, message: 'a client gives nobody a machine id' } });
  }

  protected override handleIdentified({ refused }: Identified): void {
    this.#identity.settle(refused && new ConnectionRejectedError(refused.code, refused.message));
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
          this.events.onReconnecting(attempt);
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
