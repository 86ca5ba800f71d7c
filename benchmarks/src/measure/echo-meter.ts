import type { Metrics } from '../harness/metrics.ts';
import { machineMs, readStampedMessage, writeStamp } from './stamped-message.ts';
import { percentile } from './statistics.ts';

/** Watches how long small messages take there and back, over however many sessions. */
export class EchoMeter {
  readonly #messageBytes: number;
  readonly #now: () => number;
  #delaysMs = new Float64Array(0);
  #sent = 0;
  #received = 0;
  #beganMs = 0;
  #done: PromiseWithResolvers<Metrics> | undefined;

  /** @param messageBytes of each message, 32 and up */
  constructor(messageBytes: number, now: () => number = machineMs) {
    this.#messageBytes = messageBytes;
    this.#now = now;
  }

  /** Begins anew. Resolves when so many messages have come back. */
  begin(count: number): Promise<Metrics> {
    this.#delaysMs = new Float64Array(count);
    this.#sent = 0;
    this.#received = 0;
    this.#beganMs = this.#now();
    this.#done = Promise.withResolvers();
    return this.#done.promise;
  }

  /** The next message, to be handed over at once. */
  stamp(): Buffer {
    this.#sent += 1;
    const message = Buffer.alloc(this.#messageBytes);
    writeStamp(message, { sentMs: this.#now(), number: this.#sent, total: 0 });
    return message;
  }

  handleEcho(bytes: Uint8Array): void {
    const nowMs = this.#now();
    this.#delaysMs[this.#received] = nowMs - readStampedMessage(bytes).sentMs;
    this.#received += 1;
    if (this.#received < this.#delaysMs.length) return;
    this.#done?.resolve({
      messagesPerSecond: (this.#received / (nowMs - this.#beganMs)) * 1000,
      p50Ms: percentile(this.#delaysMs, 50),
      p99Ms: percentile(this.#delaysMs, 99),
    });
  }
}
