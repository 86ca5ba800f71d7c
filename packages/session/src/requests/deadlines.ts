import { TimeoutError } from '@tcpcomm/protocol';

/** The longest that a timer of Node.js takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Timers are set in whole milliseconds, and may be early by what that leaves out. */
const EARLY_MS = 1;
/** How long it is left alone after a look at all of them, which may be many whose time is over one after the other. */
const PAUSE_MS = 10;

/** Has until some moment, as `performance.now()` tells it; Infinity while it has no such limit. */
export interface Waiter {
  readonly deadlineMs: number;
  /** Its time is over. */
  handleTimeout(): void;
}

/**
 * Ends the waiting of those whose time is over, some milliseconds late at most.
 *
 * All have one timer, which stays as it is when one of them need not wait any more: to set one for each, and to clear it soon after, took a
 * tenth of the time of a small request.
 */
export class Deadlines {
  readonly #waiters: ReadonlyMap<unknown, Waiter>;
  #timer: NodeJS.Timeout | undefined;
  #timerMs = Infinity;

  /** @param waiters those who wait; who is ended may leave at once */
  constructor(waiters: ReadonlyMap<unknown, Waiter>) {
    this.#waiters = waiters;
  }

  /** One of those that wait has this deadline. */
  include(deadlineMs: number): void {
    if (deadlineMs < this.#timerMs) this.#setTimer(deadlineMs, performance.now());
  }

  /** Nobody waits any more. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timerMs = Infinity;
  }

  #setTimer(deadlineMs: number, nowMs: number): void {
    clearTimeout(this.#timer);
    this.#timerMs = deadlineMs;
    // What is waited for is what keeps the program alive, as long as it may come: the connection.
    this.#timer = setTimeout(this.#endDue, Math.min(deadlineMs - nowMs, MAX_TIMER_MS)).unref();
  }

  readonly #endDue = () => {
    this.#timerMs = Infinity;
    const nowMs = performance.now();
    let earliestMs = Infinity;
    for (const waiter of this.#waiters.values()) {
      if (waiter.deadlineMs <= nowMs + EARLY_MS) waiter.handleTimeout();
      else earliestMs = Math.min(earliestMs, waiter.deadlineMs);
    }
    this.include(Math.max(earliestMs, nowMs + PAUSE_MS));
  };
}

/** What is told to who waited for a reply. */
export function timedOut(timeoutMs: number): TimeoutError {
  return new TimeoutError(`no reply within ${timeoutMs} ms`, 'ERR_TCPCOMM_REQUEST_TIMEOUT');
}
