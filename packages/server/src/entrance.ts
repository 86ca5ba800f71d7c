import {
  FrameType,
  type Hello,
  ProtocolError,
  RESUME_FEATURE,
  type Settings,
  toSentence,
  type Welcome,
  WireError,
} from '@tcpcomm/protocol';
import { type SessionTerms, tellStanding, type Transport } from '@tcpcomm/session';
import { type Admission, RETRY_AFTER_MS } from './admission.ts';
import type { Applicant } from './reception.ts';
import type { ServerSetup } from './server-options.ts';
import type { ServerSession } from './server-session.ts';
import type { SessionTable } from './session-collection.ts';
import { SessionKey } from './session-key.ts';

export interface EntranceEvents {
  /** Rate and block size of a session that begins now. */
  pace(): Settings;
  open(transport: Transport, terms: SessionTerms, key: SessionKey): void;
  /** The application could not say whether a client may come in. */
  onFailure(error: unknown): void;
}

const AGENT = 'tcpcomm-node';

/** Shows who has introduced himself in: to the session that is his already, to a new one, or out. */
export class Entrance {
  readonly #setup: ServerSetup;
  readonly #table: SessionTable;
  readonly #admission: Admission;
  readonly #events: EntranceEvents;

  constructor(setup: ServerSetup, table: SessionTable, admission: Admission, events: EntranceEvents) {
    this.#setup = setup;
    this.#table = table;
    this.#admission = admission;
    this.#events = events;
  }

  receive(applicant: Applicant): void {
    void this.#decide(applicant);
  }

  /** Without anybody to ask, and without a session, it is decided at once. */
  async #decide(applicant: Applicant): Promise<void> {
    try {
      const session = this.#ownSession(applicant.hello);
      if (session) {
        if (await this.#isTurnedAway(applicant, session)) return;
        if (await this.#bringBack(applicant, session)) return;
        // It has ended meanwhile, and whether the client may begin another one is another question.
      }
      if (this.#setup.authorize && (await this.#isTurnedAway(applicant))) return;
      this.#begin(applicant);
    } catch (error) {
      this.#events.onFailure(error);
      const message = 'the server could not decide';
      applicant.reject({ code: WireError.INTERNAL_ERROR, message, retryAfterMs: RETRY_AFTER_MS });
    }
  }

  /**
   * Asks the application whether the client may come in; one that is gone may not.
   *
   * @param session what it takes up again; its name is the one that counts then, whatever the client says
   */
  async #isTurnedAway(applicant: Applicant, session?: ServerSession): Promise<boolean> {
    const { hello, remoteAddress, gone } = applicant;
    const machineId = session?.machineId ?? hello.machineId;
    const request = { machineId, auth: hello.auth, remoteAddress, isResuming: session !== undefined };
    const refusal = await this.#admission.authorize(request, gone);
    if (refusal) applicant.reject(refusal);
    return refusal !== undefined || gone.aborted;
  }

  /** Returns whether the applicant has its answer, or is gone; otherwise the session has ended meanwhile. */
  async #bringBack(applicant: Applicant, session: ServerSession): Promise<boolean> {
    const isStillOwn = () => !applicant.gone.aborted && this.#ownSession(applicant.hello) === session;
    while (isStillOwn()) {
      // The connection that the session had is over, and what that has set off must be too.
      await session.local.leaveConnection();
      // Where another connection of the same client was faster, the session leaves that one too: this may be the one that is alive.
      if (isStillOwn() && session.isSuspended) return this.#resume(applicant, session);
    }
    return applicant.gone.aborted;
  }

  /** The session that a client says it had, if it can prove that. */
  #ownSession({ resume, features }: Hello): ServerSession | undefined {
    if (resume === undefined || !features.includes(RESUME_FEATURE)) return undefined;
    const session = this.#table.get(resume.sessionId);
    return session?.isOpen && session.local.isOwnedBy(resume.key) ? session : undefined;
  }

  /** Returns whether the client's own session goes on, or has ended with this attempt. */
  #resume(applicant: Applicant, session: ServerSession): boolean {
    const { hello, transport } = applicant;
    const { sessionId, machineId } = session;
    if (hello.resume === undefined) return false;
    try {
      return session.local.takeUp(transport, hello.resume, ({ sessionKey, pace, standing }) => {
        applicant.welcome(
          tellStanding(FrameType.WELCOME, standing, (told) => ({
            ...this.#welcome(sessionId, pace),
            sessionKey,
            resumed: { machineId, ...told },
          })),
        );
        return this.#terms(sessionId, hello, pace);
      });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // Whoever has the key and wants what was never sent can never go on.
      session.destroy(error);
      applicant.reject({ code: error.wireError, message: toSentence(error.message) });
      return true;
    }
  }

  #begin(applicant: Applicant): void {
    const { hello, transport } = applicant;
    const refusal = this.#admission.refusalOf(hello.machineId, performance.now());
    if (refusal) {
      applicant.reject(refusal);
      return;
    }
    displace(this.#admission.displacedBy(hello.machineId));
    const sessionId = this.#table.nextId;
    const pace = this.#events.pace();
    const key = new SessionKey();
    const terms = this.#terms(sessionId, hello, pace);
    applicant.welcome({ ...this.#welcome(sessionId, pace), ...(terms.isResumable && { sessionKey: key.text }) });
    this.#events.open(transport, terms, key);
  }

  #terms(sessionId: number, hello: Hello, pace: Settings): SessionTerms {
    const { machineId, limits: remoteLimits, features } = hello;
    const isResumable = this.#setup.resumeGraceMs > 0 && features.includes(RESUME_FEATURE);
    return { role: 'server', sessionId, machineId, remoteLimits, pace, isResumable };
  }

  #welcome(sessionId: number, pace: Settings): Welcome {
    const features = this.#setup.resumeGraceMs > 0 ? [RESUME_FEATURE] : [];
    return { sessionId, agent: AGENT, features, limits: this.#setup.session.limits, ...pace };
  }
}

/** Ends sessions whose machine id another client has got. */
export function displace(sessions: readonly ServerSession[]): void {
  for (const session of sessions) {
    void session.closeWith(WireError.TAKEN_OVER, 'another client has come with this machine id', { drainMs: 0 });
  }
}
