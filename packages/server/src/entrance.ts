import {
  type Hello,
  ProtocolError,
  RESUME_FEATURE,
  type Settings,
  toSentence,
  type Welcome,
  WireError,
} from '@tcpcomm/protocol';
import type { SessionTerms, Transport } from '@tcpcomm/session';
import type { Admission } from './admission.ts';
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
    if (this.#setup.authorize) void this.#authorize(applicant);
    else this.#admit(applicant);
  }

  async #authorize(applicant: Applicant): Promise<void> {
    const { hello, remoteAddress, gone } = applicant;
    const { machineId, auth } = hello;
    const isResuming = this.#ownSession(hello) !== undefined;
    try {
      const refusal = await this.#admission.authorize({ machineId, auth, remoteAddress, isResuming });
      if (gone.aborted) return;
      if (refusal) applicant.reject(refusal);
      else this.#admit(applicant);
    } catch (error) {
      this.#events.onFailure(error);
      applicant.reject({ code: WireError.INTERNAL_ERROR, message: 'the server could not decide' });
    }
  }

  #admit(applicant: Applicant): void {
    const session = this.#ownSession(applicant.hello);
    if (session) void this.#bringBack(applicant, session);
    else this.#begin(applicant);
  }

  /** The connection that the session had is over, and what that has set off must be too. */
  async #bringBack(applicant: Applicant, session: ServerSession): Promise<void> {
    await session.leaveConnection();
    if (applicant.gone.aborted) return;
    // The session may have ended meanwhile, or gone on over another connection that was faster.
    if (this.#ownSession(applicant.hello) !== session || !this.#resume(applicant, session)) this.#begin(applicant);
  }

  /** The session that a client says it had, if it can prove that. */
  #ownSession({ resume, features }: Hello): ServerSession | undefined {
    if (resume === undefined || !features.includes(RESUME_FEATURE)) return undefined;
    const session = this.#table.get(resume.sessionId);
    return session?.isOpen && session.isOwnedBy(resume.key) ? session : undefined;
  }

  /** Returns whether the client's own session goes on, or has ended with this attempt. */
  #resume(applicant: Applicant, session: ServerSession): boolean {
    const { hello, transport } = applicant;
    const { sessionId, machineId } = session;
    if (hello.resume === undefined) return false;
    try {
      return session.takeUp(transport, hello.resume, ({ sessionKey, pace, standing }) => {
        applicant.welcome({ ...this.#welcome(sessionId, pace), sessionKey, resumed: { machineId, ...standing } });
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
