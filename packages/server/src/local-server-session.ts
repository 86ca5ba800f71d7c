import {
  ConnectionLostError,
  FrameType,
  type Hello,
  type Identified,
  ProtocolError,
  RESUME_FEATURE,
  SessionClosedError,
  type Settings,
  toSentence,
  type Welcome,
  WireError,
} from '@tcpcomm/protocol';
import { type CloseReason, failureReason, LocalSession, type SessionTerms, tellStanding } from '@tcpcomm/session';
import type { TokenBucket } from '@tcpcomm/throttle';
import type { LocalApplicant } from './local-applicant.ts';
import type { Opening, ServerBackend, ServerSessionEvents } from './server-backend.ts';
import type { ServerSetup } from './server-options.ts';
import { SessionKey } from './session-key.ts';

/** What of a server's options a session of it needs. */
export type ServerSessionSetup = Pick<ServerSetup, 'session' | 'resumeGraceMs'>;

/** What a client says whose session it is. */
type Proof = NonNullable<Hello['resume']>;

/** A client's, for another machine id. */
interface Wish {
  readonly machineId: string;
  readonly answer: (identified: Identified) => void;
}

const AGENT = 'tcpcomm-node';
/** Answers take a while only where another thread gives them; a client that asks on and on does not wait for them. */
const MAX_UNANSWERED_WISHES = 1_024;

/** A server's session on this thread: it has a connection from the beginning, and waits for its client to bring another one. */
export class LocalServerSession extends LocalSession<ServerSessionEvents> implements ServerBackend {
  readonly #setup: ServerSessionSetup;
  readonly #total: TokenBucket;
  readonly #key = new SessionKey();
  #isKnownToClient = false;
  /** For another machine id; they are granted one after the other. */
  readonly #wishes: Wish[] = [];
  #expiry: NodeJS.Timeout | undefined;
  #expiresMs = Infinity;

  /** @param total of what its rate is a share */
  constructor(setup: ServerSessionSetup, total: TokenBucket, events: ServerSessionEvents) {
    super(setup.session, events);
    this.#setup = setup;
    this.#total = total;
  }

  open(applicant: LocalApplicant, { sessionId, pace }: Opening): void {
    const terms = this.#terms(applicant.hello, sessionId, pace);
    applicant.welcome({ ...this.#welcome(sessionId, pace), ...(terms.isResumable && { sessionKey: this.#key.text }) });
    this.begin(applicant.transport, terms);
  }

  isOwnedBy(key: string): Promise<boolean> {
    return Promise.resolve(this.#isOwnedBy(key));
  }

  isReachedBy(): boolean {
    return true;
  }

  async bringBack(applicant: LocalApplicant): Promise<boolean> {
    const { gone, hello } = applicant;
    const { resume: proof } = hello;
    if (proof === undefined) return false;
    const isStillOwn = () => !gone.aborted && this.isOpen && this.#isOwnedBy(proof.key);
    while (isStillOwn()) {
      // The connection that the session had is over, and what that has set off must be too.
      this.interrupt(new ConnectionLostError('another connection of the same client has taken its place'));
      await this.standsStill();
      // Where another connection of the same client was faster, the session leaves that one too: this may be the one that is alive.
      if (isStillOwn() && this.isSuspended) {
        this.#takeUp(applicant, proof);
        return true;
      }
    }
    return gone.aborted;
  }

  async refresh(): Promise<void> {
    // It always is.
  }

  get isOrphan(): boolean {
    return this.isSuspended && !this.#isKnownToClient;
  }

  expiresInMs(nowMs: number): number | undefined {
    return this.isSuspended ? Math.max(0, Math.ceil(this.#expiresMs - nowMs)) : undefined;
  }

  override setPace(pace: Settings): void {
    super.setPace(pace);
  }

  override setShare(weight: number): void {
    super.setShare(weight);
  }

  reconsider(): void {
    this.link?.engine.reconsider();
  }

  protected override handleSuspended(reason: CloseReason): void {
    this.#isKnownToClient ||= this.#hasHeardClient;
    const { resumeGraceMs: graceMs } = this.#setup;
    this.#expiresMs = performance.now() + graceMs;
    this.#expiry = setTimeout(() => {
      this.#expire(reason);
    }, graceMs);
    this.events.onSuspended({ isOrphan: this.isOrphan, expiresInMs: graceMs });
  }

  protected override end(reason: CloseReason): void {
    clearTimeout(this.#expiry);
    super.end(reason);
  }

  protected override handleIdentify(machineId: string, answer: (identified: Identified) => void): void {
    if (this.#wishes.length >= MAX_UNANSWERED_WISHES) {
      const message = `${MAX_UNANSWERED_WISHES} wishes for another machine id wait for their answer, no more may`;
      throw new ProtocolError(WireError.CONTROL_FLOOD, message);
    }
    this.#wishes.push({ machineId, answer });
    if (this.#wishes.length === 1) this.#grantNext();
  }

  #grantNext(): void {
    const [wish] = this.#wishes;
    if (wish === undefined) return;
    this.events.onIdentify(wish.machineId, (refusal) => {
      if (refusal === undefined) this.rename(wish.machineId);
      wish.answer(refusal ? { refused: { code: refusal.code, message: refusal.message } } : {});
      this.#wishes.shift();
      this.#grantNext();
    });
  }

  protected override handleIdentified(): void {
    // A server asks for no machine id.
  }

  /** When a client says that the session is its own: whether that is so. */
  #isOwnedBy(key: string): boolean {
    if (this.#hasHeardClient) this.#key.confirm();
    return this.#key.matches(key);
  }

  /** This end goes back to what the client has received, and the new connection carries the session on; or the session ends with the attempt. */
  #takeUp(applicant: LocalApplicant, proof: Proof): void {
    const { sessionId, machineId, pace } = this;
    if (pace === undefined) return;
    try {
      this.rewind(proof);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // Whoever has the key and wants what was never sent can never go on.
      this.destroy(error);
      applicant.reject({ code: error.wireError, message: toSentence(error.message) });
      return;
    }
    this.#key.renew(proof.key);
    clearTimeout(this.#expiry);
    const sessionKey = this.#key.text;
    applicant.welcome(
      tellStanding(FrameType.WELCOME, this.standing, (told) => ({
        ...this.#welcome(sessionId, pace),
        sessionKey,
        resumed: { machineId, ...told },
      })),
    );
    this.resume(applicant.transport, this.#terms(applicant.hello, sessionId, pace), proof);
    this.events.onResumed();
  }

  #terms({ machineId, limits: remoteLimits, features }: Hello, sessionId: number, pace: Settings): SessionTerms {
    const isResumable = this.#setup.resumeGraceMs > 0 && features.includes(RESUME_FEATURE);
    return { role: 'server', sessionId, machineId, remoteLimits, pace, isResumable, total: this.#total };
  }

  #welcome(sessionId: number, pace: Settings): Welcome {
    const { session, resumeGraceMs } = this.#setup;
    const features = resumeGraceMs > 0 ? [RESUME_FEATURE] : [];
    return { sessionId, agent: AGENT, features, limits: session.limits, ...pace };
  }

  /** Whether anything has come over the connection that there is, or was last. */
  get #hasHeardClient(): boolean {
    return this.link?.engine.hasReceived ?? false;
  }

  #expire(lost: CloseReason): void {
    const message = `${lost.message}; the client did not come back within ${this.#setup.resumeGraceMs} ms`;
    const error = new SessionClosedError(message, 'ERR_TCPCOMM_SESSION_EXPIRED', { cause: lost.error });
    this.end(failureReason('network', error));
  }
}
