import {
  ConnectionLostError,
  type Hello,
  type Identified,
  type Reject,
  requireNumber,
  requireRate,
  SessionClosedError,
  type Settings,
  type Standing,
  type WireError,
} from '@tcpcomm/protocol';
import {
  type CloseOptions,
  type CloseReason,
  type CloseReport,
  failureReason,
  type FileTransfer,
  type Notice,
  Session,
  type SessionSetup,
  type SessionTerms,
  type Transport,
} from '@tcpcomm/session';
import { paceFor } from './pace.ts';
import { SessionKey } from './session-key.ts';

const MIN_WEIGHT = 0.01;
const MAX_WEIGHT = 100;

/** The server as its sessions see it: it hears what they hear. */
export interface SessionHost {
  readonly hearsMessages: boolean;
  handleMessage(bytes: Uint8Array, channel: number, session: ServerSession): unknown;
  readonly hearsNotices: boolean;
  handleNotice(notice: Notice): void;
  handleTransfer(transfer: FileTransfer, session: ServerSession): void;
  handleSuspended(session: ServerSession): void;
  handleClosed(session: ServerSession, reason: CloseReason): void;
  handleResumed(session: ServerSession): void;
  /** The client wants another machine id. @param change gives it that one; returns why not, if it is refused */
  identify(session: ServerSession, machineId: string, change: () => void): Reject | undefined;
}

/** What a client says whose session it is. */
export type Proof = NonNullable<Hello['resume']>;

/** What a client is told whose session goes on. */
export interface Resumption {
  readonly sessionKey: string;
  readonly pace: Settings;
  readonly standing: Standing;
}

/**
 * A server's end of the session with one client. The object belongs to that session alone: when it has ended it stays
 * closed, whoever is given its number afterwards.
 */
export class ServerSession extends Session {
  readonly #host: SessionHost;
  readonly #graceMs: number;
  readonly #key: SessionKey;
  #isKnownToClient = false;
  #expiry: NodeJS.Timeout | undefined;
  #expiresMs = Infinity;

  /**
   * Made by the server when it has accepted a client.
   *
   * @param graceMs how long it waits for its client when the connection was lost
   */
  constructor(
    transport: Transport,
    terms: SessionTerms,
    key: SessionKey,
    setup: SessionSetup,
    graceMs: number,
    host: SessionHost,
  ) {
    super(setup);
    this.#host = host;
    this.#graceMs = graceMs;
    this.#key = key;
    this.begin(transport, terms);
  }

  /** Used by the server, when a client says that the session is its own: whether that is so. */
  isOwnedBy(key: string): boolean {
    if (this.#hasHeardClient) this.#key.confirm();
    return this.#key.matches(key);
  }

  /** Used by the server, when the session's client has come back: resolves when what the connection so far has set off is over. */
  async leaveConnection(): Promise<void> {
    this.interrupt(new ConnectionLostError('another connection of the same client has taken its place'));
    await this.standsStill();
  }

  /**
   * Used by the server after that: this end goes back to what the client has received, and the new connection carries the session on.
   *
   * @param proof what the client said in its HELLO
   * @param welcome tells the client, and returns the terms
   * @returns false if the session has ended with the connection that it had
   * @throws ProtocolError for a standing that cannot be
   */
  takeUp(transport: Transport, proof: Proof, welcome: (resumption: Resumption) => SessionTerms): boolean {
    if (!this.isSuspended || this.pace === undefined) return false;
    this.rewind(proof);
    this.#key.renew(proof.key);
    clearTimeout(this.#expiry);
    const resumption = { sessionKey: this.#key.text, pace: this.pace, standing: this.standing };
    this.resume(transport, welcome(resumption), proof);
    this.#host.handleResumed(this);
    return true;
  }

  /** Used by the server: whether it waits for a client that may never have heard that it was let in. */
  get isOrphan(): boolean {
    return this.isSuspended && !this.#isKnownToClient;
  }

  /** Used by the server: how long a lost session still waits for its client; undefined while there is a connection. */
  expiresInMs(nowMs: number): number | undefined {
    return this.isSuspended ? Math.max(0, Math.ceil(this.#expiresMs - nowMs)) : undefined;
  }

  protected override handleSuspended(reason: CloseReason): void {
    this.#isKnownToClient ||= this.#hasHeardClient;
    this.#host.handleSuspended(this);
    if (!this.isSuspended) return;
    this.#expiresMs = performance.now() + this.#graceMs;
    this.#expiry = setTimeout(() => {
      this.#expire(reason);
    }, this.#graceMs);
  }

  protected override end(reason: CloseReason): void {
    clearTimeout(this.#expiry);
    super.end(reason);
  }

  protected override handleEnded(reason: CloseReason): void {
    // Behind the ends of its transfers, and before its number is free for another session.
    queueMicrotask(() => {
      this.#host.handleClosed(this, reason);
    });
  }

  protected override handleIdentified(): void {
    // A server asks for no machine id.
  }

  /** Whether anything has come over the connection that there is, or was last. */
  get #hasHeardClient(): boolean {
    return this.link?.engine.hasReceived ?? false;
  }

  #expire(lost: CloseReason): void {
    const message = `${lost.message}; the client did not come back within ${this.#graceMs} ms`;
    const error = new SessionClosedError(message, 'ERR_TCPCOMM_SESSION_EXPIRED', { cause: lost.error });
    this.end(failureReason('network', error));
  }

  protected override handleIdentify(machineId: string): Identified {
    const refusal = this.#host.identify(this, machineId, () => {
      this.rename(machineId);
    });
    return refusal ? { refused: { code: refusal.code, message: refusal.message } } : {};
  }

  /**
   * Sets what this session may send and receive together, bytes a second, until the server's rate is set anew; 0 or Infinity for
   * no limit. Holds at once, for transfers that run too; the client is told.
   *
   * @throws UsageError for what is no rate
   */
  throttleNetworkBps(bytesPerSecond: number): void {
    requireRate('bytesPerSecond', bytesPerSecond);
    this.setPace(paceFor(bytesPerSecond));
  }

  /**
   * Sets this session's share of the server's total: with 3 it gets three times as much as one with 1, the default, while both
   * want more than there is.
   *
   * @param weight 0.01 to 100
   * @throws UsageError for a weight out of that range
   */
  setWeight(weight: number): void {
    requireNumber('weight', weight, MIN_WEIGHT, MAX_WEIGHT);
    this.setShare(weight);
  }

  /** Used by the server, when its total changes: what that held back may go now. */
  reconsider(): void {
    this.link?.engine.reconsider();
  }

  /** Used by the server, when its rate changes: this session's bytes leave at the new one, and the client is told. */
  override setPace(pace: Settings): void {
    super.setPace(pace);
  }

  /** Used by the server, when somebody has begun to listen to it: messages that wait are handed over. */
  resumeMessages(): void {
    this.inboxes.resume();
  }

  /** Closes with a code of the error table as the reason; otherwise as `close`. */
  override closeWith(code: WireError, message: string, options: CloseOptions): Promise<CloseReport> {
    return super.closeWith(code, message, options);
  }

  protected override get hearsMessages(): boolean {
    return this.#host.hearsMessages;
  }

  protected override handleMessage(bytes: Uint8Array, channel: number): unknown {
    return this.#host.handleMessage(bytes, channel, this);
  }

  protected override get hearsNotices(): boolean {
    return this.#host.hearsNotices;
  }

  protected override handleNotice(notice: Notice): void {
    this.#host.handleNotice(notice);
  }

  protected override handleTransfer(transfer: FileTransfer): void {
    this.#host.handleTransfer(transfer, this);
  }
}
