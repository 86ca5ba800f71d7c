import { MessageChannel, type MessagePort, type Transferable } from 'node:worker_threads';
import { ConnectionLostError, type Reject, type Settings } from '@tcpcomm/protocol';
import { type ConnectionDetails, failureReason, RemoteSession, transferableOf } from '@tcpcomm/session';
import type { Applicant } from '../applicant.ts';
import type { Opening, ServerBackend, ServerSessionEvents, Suspension } from '../server-backend.ts';
import { RemoteApplicant } from './remote-applicant.ts';
import type { MovedApplicant, OpenOrder } from './worker-messages.ts';

export interface RemoteServerSessionOptions {
  readonly maxQueuedBytes: number;
  /** Of the worker. */
  readonly threadId: number;
  /** Gives the worker a session. */
  readonly begin: (order: OpenOrder) => void;
}

/** What a worker may take for the end of a session beyond the time that it has to be drained: a bound for one that does nothing any more. */
const CLOSE_GRACE_MS = 10_000;
/** A timer cannot be set for longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A server's session on a worker. Who it is, and who may take it up, is decided here; what it does, there. */
export class RemoteServerSession extends RemoteSession implements ServerBackend {
  readonly #threadId: number;
  readonly #begin: (order: OpenOrder) => void;
  /** The worker's end of what connects it with this one. */
  readonly #workerPort: MessagePort;
  #machineId = '';
  #closeTimer: NodeJS.Timeout | undefined;
  #suspension: (Suspension & { readonly sinceMs: number }) | undefined;

  constructor({ maxQueuedBytes, threadId, begin }: RemoteServerSessionOptions, events: ServerSessionEvents) {
    const { port1: port, port2 } = new MessageChannel();
    super(
      {
        port,
        maxQueuedBytes,
        answer: (_question, machineId) => this.#identify(machineId as string, events),
        told: (topic, detail) => {
          if (topic === 'suspended') this.#suspend(detail as Suspension, events);
          else if (topic === 'resumed') this.#resume(events);
          else if (topic === 'gone') this.#endUnbegun();
          else events.onListenerFailed(detail);
        },
        released: () => Promise.resolve(),
      },
      Object.assign(events, { onConnected: onlyAgain(events.onConnected.bind(events)) }),
    );
    const onClosed = events.onClosed.bind(events);
    events.onClosed = (reason) => {
      clearTimeout(this.#closeTimer);
      onClosed(reason);
    };
    this.#threadId = threadId;
    this.#begin = begin;
    this.#workerPort = port2;
  }

  override get machineId(): string {
    return this.#machineId;
  }

  open(applicant: Applicant, opening: Opening): void {
    const { hello, remoteAddress, remotePort } = applicant;
    const { maxMessageBytes } = hello.limits;
    const { sessionId, pace } = opening;
    this.#machineId = hello.machineId;
    this.assume({
      ...{ sessionId, remoteAddress, remotePort, isOpen: true, maxMessageBytes },
      blockSizeBytes: pace.blockSizeBytes,
    });
    void this.#open(applicant, opening);
  }

  async isOwnedBy(key: string): Promise<boolean> {
    // Nobody's, when its thread is lost with what it knows.
    return this.calls.call<boolean>('isOwnedBy', key).catch(() => false);
  }

  override close(...how: Parameters<RemoteSession['close']>): void {
    super.close(...how);
    const [, , drainMs] = how;
    const limitMs = drainMs + CLOSE_GRACE_MS;
    if (limitMs > MAX_TIMER_MS || this.closeReason) return;
    clearTimeout(this.#closeTimer);
    this.#closeTimer = setTimeout(() => {
      this.handleThreadLost(new Error(`it did not end the session within ${limitMs} ms`));
    }, limitMs);
  }

  isReachedBy(applicant: Applicant): boolean {
    return !(applicant instanceof RemoteApplicant) || applicant.threadId === this.#threadId;
  }

  async bringBack(applicant: Applicant): Promise<boolean> {
    const moved = await applicant.moveToWorker();
    // If that fails the connection has ended with the thread, and the client will see.
    if (moved) await this.calls.call('bringBack', moved, { transferred: handlesOf(moved) }).catch(() => undefined);
    return true;
  }

  async refresh(): Promise<void> {
    await this.calls.call('refresh', undefined).catch(() => undefined);
  }

  get isOrphan(): boolean {
    return this.isSuspended && (this.#suspension?.isOrphan ?? false);
  }

  expiresInMs(nowMs: number): number | undefined {
    if (!this.isSuspended || this.#suspension === undefined) return undefined;
    const { sinceMs, expiresInMs } = this.#suspension;
    return Math.max(0, Math.ceil(sinceMs + expiresInMs - nowMs));
  }

  setPace(pace: Settings): void {
    this.assume({ blockSizeBytes: pace.blockSizeBytes });
    this.#order('setPace', pace);
  }

  setShare(weight: number): void {
    this.#order('setShare', weight);
  }

  reconsider(): void {
    this.#order('reconsider');
  }

  /** Asks for something that cannot fail but with the session. */
  #order(method: string, argument?: unknown): void {
    this.calls.call(method, argument).catch(() => undefined);
  }

  async #open(applicant: Applicant, opening: Opening): Promise<void> {
    const moved = await applicant.moveToWorker();
    // It may have been lost with its worker meanwhile.
    if (moved === undefined || this.closeReason) {
      moved?.handle?.close();
      this.#endUnbegun();
      this.#workerPort.close();
      return;
    }
    this.#begin({ kind: 'open', port: this.#workerPort, applicant: moved, opening });
  }

  #endUnbegun(): void {
    const error = new ConnectionLostError('the connection was lost before the session began');
    this.giveUp(failureReason('network', error));
  }

  #suspend(suspension: Suspension, events: ServerSessionEvents): void {
    this.#suspension = { ...suspension, sinceMs: performance.now() };
    events.onSuspended(suspension);
  }

  #resume(events: ServerSessionEvents): void {
    this.#suspension = undefined;
    events.onResumed();
  }

  #identify(machineId: string, events: ServerSessionEvents): Promise<Reject | undefined> {
    return new Promise((resolve) => {
      events.onIdentify(machineId, (refusal) => {
        if (refusal === undefined) this.#machineId = machineId;
        resolve(refusal);
      });
    });
  }
}

/** What of an applicant is not here any more when it has been posted. */
export function handlesOf({ handle }: MovedApplicant): Transferable[] {
  return handle ? [transferableOf(handle)] : [];
}

/** That it is connected at the beginning is known before its thread has heard of it. */
function onlyAgain(tell: (details: ConnectionDetails) => void): (details: ConnectionDetails) => void {
  return (details) => {
    if (details.reconnected) tell(details);
  };
}
