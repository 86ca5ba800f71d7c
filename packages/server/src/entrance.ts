import { type Hello, type Reject, RESUME_FEATURE, WireError } from '@tcpcomm/protocol';
import { type Admission, RETRY_AFTER_MS } from './admission.ts';
import type { Applicant } from './applicant.ts';
import type { ServerSetup } from './server-options.ts';
import type { ServerSession } from './server-session.ts';
import type { SessionTable } from './session-collection.ts';

export interface EntranceEvents {
  /** Whether a session can begin now. */
  isReady(): boolean;
  /** A session begins, with that id. */
  open(applicant: Applicant, sessionId: number): void;
  /** The application could not say whether a client may come in. */
  onFailure(error: unknown): void;
}

/** Another connection of the same client is another throw of the dice: it comes to any of the workers. */
const COME_AGAIN: Reject = {
  code: WireError.SERVER_BUSY,
  message: 'the session is on another thread of the server, where another connection may come to',
  retryAfterMs: 1,
};

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
      const { resume } = applicant.hello;
      const session = this.#claimedSession(applicant.hello);
      if (session && resume && (await session.backend.isOwnedBy(resume.key))) {
        if (!session.backend.isReachedBy(applicant)) {
          applicant.reject(COME_AGAIN);
          return;
        }
        if (await this.#isTurnedAway(applicant, session)) return;
        if (await session.backend.bringBack(applicant)) return;
        // It has ended meanwhile, and whether the client may begin another one is another question.
      }
      if (this.#setup.authorize && (await this.#isTurnedAway(applicant))) return;
      const sure = this.#admission.makeSure(applicant.hello.machineId);
      if (sure) await sure;
      if (!applicant.gone.aborted) this.#begin(applicant);
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

  /** The session that a client says it had; whether it can prove that is to be seen. */
  #claimedSession({ resume, features }: Hello): ServerSession | undefined {
    if (resume === undefined || !features.includes(RESUME_FEATURE)) return undefined;
    const session = this.#table.get(resume.sessionId);
    return session?.isOpen ? session : undefined;
  }

  #begin(applicant: Applicant): void {
    const { machineId } = applicant.hello;
    const refusal = this.#events.isReady()
      ? this.#admission.refusalOf(machineId, performance.now())
      : { code: WireError.SERVER_BUSY, message: 'the server is replacing a worker', retryAfterMs: RETRY_AFTER_MS };
    if (refusal) {
      applicant.reject(refusal);
      return;
    }
    displace(this.#admission.displacedBy(machineId));
    this.#events.open(applicant, this.#table.nextId);
  }
}

/** Ends sessions whose machine id another client has got. */
export function displace(sessions: readonly ServerSession[]): void {
  for (const session of sessions) {
    void session.closeWith(WireError.TAKEN_OVER, 'another client has come with this machine id', { drainMs: 0 });
  }
}
