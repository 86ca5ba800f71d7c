import type { Metrics } from '../harness/metrics.ts';
import { percentile } from './statistics.ts';

/**
 * Round trips of an idle connection, one message in flight. Each begins in a turn of the event loop of its own: a message
 * sent from within the handler of another one would not be one of an idle program.
 */
export class RoundTrips {
  readonly #send: () => void;
  #durationsMs = new Float64Array(0);
  #completed = 0;
  #sentMs = 0;
  #done: PromiseWithResolvers<Metrics> | undefined;

  constructor(send: () => void) {
    this.#send = send;
  }

  run(count: number): Promise<Metrics> {
    this.#durationsMs = new Float64Array(count);
    this.#completed = 0;
    this.#done = Promise.withResolvers();
    this.#begin();
    return this.#done.promise;
  }

  handleReply(): void {
    this.#durationsMs[this.#completed] = performance.now() - this.#sentMs;
    this.#completed += 1;
    if (this.#completed < this.#durationsMs.length) setImmediate(this.#begin);
    else this.#done?.resolve({ p50Ms: percentile(this.#durationsMs, 50), p99Ms: percentile(this.#durationsMs, 99) });
  }

  readonly #begin = (): void => {
    this.#sentMs = performance.now();
    this.#send();
  };
}
