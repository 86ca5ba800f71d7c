import type { Transferable } from 'node:worker_threads';
import { toCloneable } from './cloneable.ts';
import type { ToSession } from './thread-messages.ts';

/** A call that another thread answers. */
export interface PendingCall<Result> {
  readonly id: number;
  readonly answer: Promise<Result>;
}

interface Entry {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/** What another thread was asked and has not answered. Every promise settles: with the answer, when its signal aborts, or when there will be none. */
export class PendingCalls {
  readonly #post: (message: ToSession, transferred?: Transferable[]) => void;
  readonly #pending = new Map<number, Entry>();
  #lastId = 0;
  #stopReason: Error | undefined;

  constructor(post: (message: ToSession, transferred?: Transferable[]) => void) {
    this.#post = post;
  }

  /** Asks the other thread. It is told when the signal aborts. @param transferred what of the argument is not here any more then */
  async call<Result>(
    method: string,
    argument: unknown,
    { signal, transferred }: { readonly signal?: AbortSignal | undefined; readonly transferred?: Transferable[] } = {},
  ): Promise<Result> {
    signal?.throwIfAborted();
    const { id, answer } = this.begin<Result>(signal);
    this.#post({ kind: 'call', id, method, argument }, transferred);
    const abort = () => {
      this.#post({ kind: 'abort', id, reason: toCloneable(signal?.reason) });
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await answer;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** One that is posted otherwise, under this id. When the signal aborts only the waiting ends. */
  begin<Result>(signal?: AbortSignal): PendingCall<Result> {
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (this.#stopReason) reject(this.#stopReason);
    else this.#pending.set(id, { resolve, reject });
    if (signal === undefined) return { id, answer: promise as Promise<Result> };
    const abort = () => {
      this.settle(id, signal.reason as Error, undefined);
    };
    signal.addEventListener('abort', abort, { once: true });
    const forget = () => {
      signal.removeEventListener('abort', abort);
    };
    promise.then(forget, forget);
    return { id, answer: promise as Promise<Result> };
  }

  settle(id: number, error: Error | undefined, value: unknown): void {
    const entry = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) entry?.resolve(value);
    else entry?.reject(error);
  }

  /** Nothing will be answered any more. */
  stop(reason: Error): void {
    this.#stopReason = reason;
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }
}
