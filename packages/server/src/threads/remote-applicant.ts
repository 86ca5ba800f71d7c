import type { Hello, Reject } from '@tcpcomm/protocol';
import type { Applicant } from '../applicant.ts';
import type { MovedApplicant, ToDoor, ToldApplicant } from './worker-messages.ts';

/** An applicant that has come in at a worker, where its connection stays. */
export class RemoteApplicant implements Applicant {
  readonly hello: Hello;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly deadlineMs: number;
  readonly gone: AbortSignal;
  /** Where it is. */
  readonly threadId: number;
  readonly #id: number;
  readonly #post: (message: ToDoor) => void;

  constructor(told: ToldApplicant, threadId: number, gone: AbortSignal, post: (message: ToDoor) => void) {
    const { id, hello, remoteAddress, remotePort, remainingMs } = told;
    this.hello = hello;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.deadlineMs = performance.now() + remainingMs;
    this.gone = gone;
    this.threadId = threadId;
    this.#id = id;
    this.#post = post;
  }

  reject(reject: Reject): void {
    this.#post({ kind: 'reject', id: this.#id, reject });
  }

  async moveToWorker(): Promise<MovedApplicant> {
    return { handle: undefined, id: this.#id };
  }
}
