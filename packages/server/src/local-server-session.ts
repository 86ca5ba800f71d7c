import {
  ConnectionLostError,
  type Hello,
  type Identified,
  type Reject,
  SessionClosedError,
  type Settings,
  type Standing,
} from '@tcpcomm/protocol';
import {
  type CloseReason,
  failureReason,
  LocalSession,
  type SessionBackendEvents,
  type SessionSetup,
  type SessionTerms,
  type Transport,
} from '@tcpcomm/session';
import type { SessionKey } from './session-key.ts';

/** What a server's session tells besides what every session does. */
export interface ServerSessionEvents extends SessionBackendEvents {
  /** The connection is lost; it waits for its client. */
  onSuspended(): void;
  /** Its client has come back. */
  onResumed(): void;
  /** The client wants another machine id. @param change gives it that one; returns why not, if it is refused */
  onIdentify(machineId: string, change: () => void): Reject | undefined;
}

/** What a client says whose session it is. */
export type Proof = NonNullable<Hello['resume']>;

/** What a client is told whose session goes on. */
export interface Resumption {
  readonly sessionKey: string;
  readonly pace: Settings;
  readonly standing: Standing;
}

export interface LocalServerSessionOptions {
  readonly setup: SessionSetup;
  readonly key: SessionKey;
  /** How long it waits for its client when the connection was lost. */
  readonly graceMs: number;
}

/** A server's session on this thread: it has a connection from the beginning, and waits for its client to bring another one. */
export class LocalServerSession extends LocalSession<ServerSessionEvents> {
  readonly #graceMs: number;
  readonly #key: SessionKey;
  #isKnownToClient = false;
  #expiry: NodeJS.Timeout | undefined;
  #expiresMs = Infinity;

  constructor({ setup, key, graceMs }: LocalServerSessionOptions, events: ServerSessionEvents) {
    super(setup, events);
    this.#graceMs = graceMs;
    this.#key = key;
  }

  /** The client has been accepted. */
  override begin(transport: Transport, terms: SessionTerms): void {
    super.begin(transport, terms);
  }

  /** When a client says that the session is its own: whether that is so. */
  isOwnedBy(key: string): boolean {
    if (this.#hasHeardClient) this.#key.confirm();
    return this.#key.matches(key);
  }

  /** The session's client has come back: resolves when what the connection so far has set off is over. */
  async leaveConnection(): Promise<void> {
    this.interrupt(new ConnectionLostError('another connection of the same client has taken its place'));
    await this.standsStill();
  }

  /**
   * After that: this end goes back to what the client has received, and the new connection carries the session on.
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
    this.events.onResumed();
    return true;
  }

  /** Whether it waits for a client that may never have heard that it was let in. */
  get isOrphan(): boolean {
    return this.isSuspended && !this.#isKnownToClient;
  }

  /** How long a lost session still waits for its client; undefined while there is a connection. */
  expiresInMs(nowMs: number): number | undefined {
    return this.isSuspended ? Math.max(0, Math.ceil(this.#expiresMs - nowMs)) : undefined;
  }

  /** Its bytes leave at this rate from now on, and the client is told. */
  override setPace(pace: Settings): void {
    super.setPace(pace);
  }

  /** Its share of the server's total. */
  override setShare(weight: number): void {
    super.setShare(weight);
  }

  /** The server's total has changed: what that held back may go now. */
  reconsider(): void {
    this.link?.engine.reconsider();
  }

  protected override handleSuspended(reason: CloseReason): void {
    this.#isKnownToClient ||= this.#hasHeardClient;
    this.events.onSuspended();
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

  protected override handleIdentify(machineId: string): Identified {
    const refusal = this.events.onIdentify(machineId, () => {
      this.rename(machineId);
    });
    return refusal ? { refused: { code: refusal.code, message: refusal.message } } : {};
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
}
