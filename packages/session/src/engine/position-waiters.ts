interface Waiter {
  position: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

const REACHED: Promise<void> = Promise.resolve();

/**
 * Promises that wait for a counter to reach a position: for a queue to shrink, for a message to be consumed, for
 * bytes to be written. The counter only ever grows. Every promise settles: when its position is reached, when its signal
 * aborts, or when the counter is stopped for good.
 */
export class PositionWaiters {
  /** In the order of their positions. */
  readonly #waiters: Waiter[] = [];
  #reached = 0;
  #stopReason: Error | undefined;

  get reached(): number {
    return this.#reached;
  }

  /** Resolves once the counter is at `position`. One shared promise where it is already: nothing is allocated for it. */
  wait(position: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    if (position <= this.#reached) return REACHED;
    if (this.#stopReason) return Promise.reject(this.#stopReason);
    return new Promise((resolve, reject) => {
      if (signal === undefined) {
        this.#insert({ position, resolve, reject });
      } else {
        this.#insertAbortable(position, resolve, reject, signal);
      }
    });
  }

  /** Moves the counter on and resolves whatever it has reached. */
  advanceTo(position: number): void {
    if (position <= this.#reached) return;
    this.#reached = position;
    if (this.#waiters.length === 0) return;
    let due = 0;
    while (due < this.#waiters.length && (this.#waiters[due]?.position ?? Infinity) <= position) due += 1;
    for (const waiter of this.#waiters.splice(0, due)) waiter.resolve();
  }

  /**
   * The counter begins again at 0: what was position `position` is 0 from now on. Rejects who waits for what is before that.
   */
  rebase(position: number, reason: Error): void {
    for (const waiter of this.#waiters.splice(0)) {
      waiter.position -= position;
      if (waiter.position <= 0) waiter.reject(reason);
      else this.#waiters.push(waiter);
    }
    this.#reached = 0;
  }

  /** The counter will not move again: rejects all that wait, and all that would. */
  stop(reason: Error): void {
    this.#stopReason = reason;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(reason);
  }

  #insert(waiter: Waiter): void {
    // Positions nearly always come in ascending order, so the search from the end is over at once.
    let at = this.#waiters.length;
    while (at > 0 && (this.#waiters[at - 1]?.position ?? -Infinity) > waiter.position) at -= 1;
    this.#waiters.splice(at, 0, waiter);
  }

  #insertAbortable(
    position: number,
    resolve: () => void,
    reject: (reason: unknown) => void,
    signal: AbortSignal,
  ): void {
    const abort = () => {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      reject(signal.reason);
    };
    const forget = () => {
      signal.removeEventListener('abort', abort);
    };
    const waiter: Waiter = {
      position,
      resolve: () => {
        forget();
        resolve();
      },
      reject: (reason) => {
        forget();
        reject(reason);
      },
    };
    this.#insert(waiter);
    signal.addEventListener('abort', abort, { once: true });
  }
}
