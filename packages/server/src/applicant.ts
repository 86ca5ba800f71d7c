import type { Hello, Reject } from '@tcpcomm/protocol';
import type { MovedApplicant } from './threads/worker-messages.ts';

/** A client that has introduced itself and waits for the answer, on whatever thread its connection is. */
export interface Applicant {
  readonly hello: Hello;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** When its handshake has taken too long, as `performance.now()` has it. */
  readonly deadlineMs: number;
  /** Aborts when the client has gone, or took too long, or nobody is let in any more. */
  readonly gone: AbortSignal;
  reject(reject: Reject): void;
  /** Gives its connection away, for a worker to go on with it; undefined if it has gone meanwhile. */
  moveToWorker(): Promise<MovedApplicant | undefined>;
}
