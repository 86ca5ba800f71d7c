import { type Reject, toSentence, WireError } from '@tcpcomm/protocol';
import { isVisible, quoted } from './machine-id.ts';
import type { AuthorizationRequest, ServerSetup } from './server-options.ts';
import type { ServerSession } from './server-session.ts';
import type { SessionTable } from './session-collection.ts';

/** When it is worth another try where the server has no room or no time. */
export const RETRY_AFTER_MS = 1_000;

/** Decides who comes in. */
export class Admission {
  readonly #setup: ServerSetup;
  readonly #table: SessionTable;

  constructor(setup: ServerSetup, table: SessionTable) {
    this.#setup = setup;
    this.#table = table;
  }

  /**
   * Asks the application, within its time. Undefined if it lets the client in; rejects as it does.
   *
   * @param gone ends the waiting: the client is not there any more
   */
  async authorize(request: AuthorizationRequest, gone: AbortSignal): Promise<Reject | undefined> {
    const { authorize, authorizeTimeoutMs } = this.#setup;
    if (authorize === undefined) return undefined;
    const verdict = await within(authorizeTimeoutMs, gone, async () => authorize(request));
    if (verdict === TOO_LATE) {
      const message = 'the server took too long to decide';
      return { code: WireError.SERVER_BUSY, message, retryAfterMs: RETRY_AFTER_MS };
    }
    if (verdict === true || verdict === undefined) return undefined;
    const message = typeof verdict === 'string' ? verdict : 'the server does not let this client in';
    return { code: WireError.NOT_AUTHORIZED, message: toSentence(message) };
  }

  /** Whether a new session may begin now: undefined, or the reason why not. */
  refusalOf(machineId: string, nowMs: number): Reject | undefined {
    const { maxSessions } = this.#setup;
    // Those that give way to it leave as it comes.
    if (this.#table.size - this.displacedBy(machineId).length >= maxSessions) {
      const message = `the server has its ${maxSessions} sessions, no more are let in`;
      return { code: WireError.SERVER_FULL, message, retryAfterMs: RETRY_AFTER_MS };
    }
    return this.refusalOfId(machineId, undefined, nowMs);
  }

  /**
   * Resolves when it is sure who has that machine id: one that had it may have ended, which is known first on its own thread. Undefined if it is
   * sure now.
   *
   * @param own the session that has another one so far
   */
  makeSure(machineId: string, own?: ServerSession): Promise<unknown> | undefined {
    const holders = this.#setup.enforceUniqueMachineIds ? this.#holdersOf(machineId, own) : [];
    return holders.length === 0 ? undefined : Promise.all(holders.map(({ backend }) => backend.refresh()));
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
      const message = toSentence(`the machine id ${quoted(machineId)} has characters that cannot be seen`);
      return { code: WireError.MACHINE_ID_INVALID, message };
    }
    if (duplicatePolicy !== 'reject') return undefined;
    const holder = this.#holdersOf(machineId, own).find(({ backend }) => !backend.isOrphan);
    if (holder === undefined) return undefined;
    const message = toSentence(`the machine id ${quoted(machineId)} is in use`);
    const retryAfterMs = holder.backend.expiresInMs(nowMs);
    return { code: WireError.MACHINE_ID_TAKEN, message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }

  /**
   * The sessions that give way to one that gets that machine id: by the policy, or because their client came back without having
   * heard of them.
   */
  displacedBy(machineId: string, own?: ServerSession): ServerSession[] {
    const { enforceUniqueMachineIds, duplicatePolicy } = this.#setup;
    if (!enforceUniqueMachineIds || duplicatePolicy === 'allow') return [];
    return this.#holdersOf(machineId, own).filter(({ backend }) => backend.isOrphan || duplicatePolicy === 'takeover');
  }

  /** A session that is taking its leave does not keep its client from coming back. */
  #holdersOf(machineId: string, own: ServerSession | undefined): ServerSession[] {
    return this.#table.namesakesOf(machineId).filter((session) => session !== own && session.isOpen);
  }
}

const TOO_LATE = Symbol('too late');

/** `TOO_LATE` when it takes longer, or the signal aborts. */
async function within<Result>(
  timeoutMs: number,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result | typeof TOO_LATE> {
  const { promise, resolve } = Promise.withResolvers<typeof TOO_LATE>();
  const giveUp = () => {
    resolve(TOO_LATE);
  };
  const timer = setTimeout(giveUp, timeoutMs);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work(), promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}
