import { performance } from 'node:perf_hooks';

/** A turn of the event loop that takes longer than this is noticed, by so much as it takes longer. */
const RESOLUTION_MS = 20;

/**
 * By how long this thread's event loop comes too late, at most. (`monitorEventLoopDelay` of Node.js would forget, each time that it is
 * reset, the delay that is under way: which is the one that also made the one late who resets it.)
 */
export class DelayMeter {
  readonly #timer: NodeJS.Timeout;
  #turnMs = performance.now();
  #longestMs = 0;

  constructor() {
    this.#timer = setInterval(this.#handleTurn.bind(this), RESOLUTION_MS);
    this.#timer.unref();
  }

  /** The longest delay since the last call, including one that has just come to its end. */
  takeLongestMs(): number {
    this.#handleTurn();
    const longestMs = this.#longestMs;
    this.#longestMs = 0;
    return longestMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #handleTurn(): void {
    const nowMs = performance.now();
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#turnMs - RESOLUTION_MS);
    this.#turnMs = nowMs;
  }
}
