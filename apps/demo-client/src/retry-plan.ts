/** Another attempt that there will be. */
export interface Retry {
  /** Which one it is, counted from the first, that was made without a pause. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** How long to wait before it. */
  readonly pauseMs: number;
}

/**
 * With pauses of 1, 2, 4, 8, 16 and three times 30 seconds that is two minutes: longer than a router takes to start, and than a
 * server keeps the machine id of a connection that is dead (60 seconds without a word, and 30 in which it waits for its client).
 */
export const DEFAULT_MAX_ATTEMPTS = 9;
const DEFAULT_FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;

/**
 * When to try again what the connection was lost in: so often and no more, after pauses that double. An attempt that gets further than
 * any before it is the first of a new series, so a long transfer may lose its connection many times; one that gets nowhere ends.
 */
export class RetryPlan {
  readonly #maxAttempts: number;
  readonly #firstPauseMs: number;
  #attempt = 1;
  #furthestBytes = 0;

  constructor(maxAttempts = DEFAULT_MAX_ATTEMPTS, firstPauseMs = DEFAULT_FIRST_PAUSE_MS) {
    this.#maxAttempts = maxAttempts;
    this.#firstPauseMs = firstPauseMs;
  }

  /** An attempt has ended with so much of the whole at its place: what comes next, undefined when that was the last one. */
  next(reachedBytes: number): Retry | undefined {
    if (reachedBytes > this.#furthestBytes) {
      this.#furthestBytes = reachedBytes;
      this.#attempt = 1;
    }
    if (this.#attempt >= this.#maxAttempts) return undefined;
    const pauseMs = Math.min(this.#firstPauseMs * 2 ** (this.#attempt - 1), MAX_PAUSE_MS);
    this.#attempt += 1;
    return { attempt: this.#attempt, maxAttempts: this.#maxAttempts, pauseMs };
  }
}
