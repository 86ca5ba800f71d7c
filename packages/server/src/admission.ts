import { type Hello, type Reject, TimeoutError, toSentence, WireError } from '@tcpcomm/protocol';
import { isVisible } from './machine-id.ts';
import type { AuthorizationRequest, ServerSetup } from './server-options.ts';
import type { ServerSession } from './server-session.ts';
import type { SessionTable } from './session-collection.ts';

/** When it is worth another try where the server has no room or no time. */
const RETRY_AFTER_MS = 1_000;

/** Decides who comes in. */
export class Admission {
  readonly #setup: ServerSetup;
  readonly #table: SessionTable;

  constructor(setup: ServerSetup, table: SessionTable) {
    this.#setup = setup;
    this.#table = table;
  }

  /** Asks the application, within its time. Undefined if it lets the client in. */
  async authorize(request: AuthorizationRequest): Promise<Reject | undefined> {
    const { authorize, authorizeTimeoutMs } = this.#setup;
    if (authorize === undefined) return undefined;
    try {
      const verdict = await within(authorizeTimeoutMs, async () => authorize(request));
      if (verdict === true || verdict === undefined) return undefined;
      const message = typeof verdict === 'string' ? verdict : 'the server does not let this client in';
      return { code: WireError.NOT_AUTHORIZED, message: toSentence(message) };
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      return {
        code: WireError.SERVER_BUSY,
        message: 'the server took too long to decide',
        retryAfterMs: RETRY_AFTER_MS,
      };
    }
  }

  /** Whether a new session may begin now: undefined, or the reason why not. */
  refusalOf(machineId: string, nowMs: number): Reject | undefined {
    const { maxSessions } = this.#setup;
    if (this.#table.size >= maxSessions) {
      const message = `the server has its ${maxSessions} sessions, no more are let in`;
      return { code: WireError.SERVER_FULL, message, retryAfterMs: RETRY_AFTER_MS };
    }
    return this.refusalOfId(machineId, undefined, nowMs);
  }

  /**
   * Whether a session may have that machine id.
   *
   * @param own the session that has another one so far
   */
  refusalOfId(machineId: string, own: ServerSession | undefined, nowMs: number): Reject | undefined {
    const { enforceUniqueMachineIds, duplicatePolicy } = this.#setup;
    if (!enforceUniqueMachineIds) return undefined;
    if (machineId.trim() === '') {
      return { code: WireError.MACHINE_ID_BLANK, message: 'the machine id is blank, this server wants one' };
    }
    if (!isVisible(machineId)) {
      const message = `the machine id ${JSON.stringify(machineId)} has characters that cannot be seen`;
      return { code: WireError.MACHINE_ID_INVALID, message: toSentence(message) };
    }
    if (duplicatePolicy !== 'reject') return undefined;
    const holder = this.#holdersOf(machineId, own).find(({ isOrphan }) => !isOrphan);
    if (holder === undefined) return undefined;
    const message = toSentence(`the machine id ${JSON.stringify(machineId)} is in use`);
    const retryAfterMs = holder.expiresInMs(nowMs);
    return { code: WireError.MACHINE_ID_TAKEN, message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }

  /**
   * The sessions that give way to one that gets that machine id: by the policy, or because their client came back without having
   * heard of them.
   */
  displacedBy(machineId: string, own?: ServerSession): ServerSession[] {
    const { enforceUniqueMachineIds, duplicatePolicy } = this.#setup;
    if (!enforceUniqueMachineIds || duplicatePolicy === 'allow') return [];
    return this.#holdersOf(machineId, own).filter(({ isOrphan }) => isOrphan || duplicatePolicy === 'takeover');
  }

  /** A session that is taking its leave does not keep its client from coming back. */
  #holdersOf(machineId: string, own: ServerSession | undefined): ServerSession[] {
    return this.#table.namesakesOf(machineId).filter((session) => session !== own && session.isOpen);
  }
}

/** @throws TimeoutError when it takes longer */
async function within<Result>(timeoutMs: number, work: () => Promise<Result>): Promise<Result> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    timeout.reject(new TimeoutError(`not done after ${timeoutMs} ms`));
  }, timeoutMs);
  try {
    return await Promise.race([work(), timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
