import type { Hello, Reject } from '@tcpcomm/protocol';
import type { Applicant } from '../applicant.ts';
import type { MovedApplicant, ToDoor, ToldApplicant } from './worker-messages.ts';

/** How it is connected with the worker where it is. */
export interface WorkerLink {
  readonly threadId: number;
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal;
  readonly post: (message: ToDoor) => void;
  /** It is not to be asked about any more. */
  readonly onLeft: () => void;
}

/** An applicant that has come in at a worker, where its connection stays. */
export class RemoteApplicant implements Applicant {
  readonly hello: Hello;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly deadlineMs: number;
  readonly #id: number;
  readonly #link: WorkerLink;

  constructor({ id, hello, remoteAddress, remotePort, remainingMs }: ToldApplicant, link: WorkerLink) {
    this.hello = hello;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.deadlineMs = performance.now() + remainingMs;
    this.#id = id;
    this.#link = link;
  }

  get gone(): AbortSignal {
    return this.#link.gone;
  }

  /** Where it is. */
  get threadId(): number {
    return this.#link.threadId;
  }

  reject(reject: Reject): void {
    this.#link.post({ kind: 'reject', id: this.#id, reject });
  }

  async moveToWorker(): Promise<MovedApplicant> {
    this.#link.onLeft();
    return { handle: undefined, id: this.#id };
  }
}
