import type { Metrics } from '../harness/metrics.ts';
import { percentile } from './statistics.ts';
import { machineMs, readStampedMessage } from './stamped-message.ts';

/**
 * Watches, at the receiver, how long small messages are on their way beside a bulk stream, and how fast that is. What
 * comes while the stream gets up to speed is not measured.
 */
export class LatencyMeter {
  readonly #now: () => number;
  #settlingMs = 0;
  #firstBulkMs: number | undefined;
  /** The bulk bytes that are measured came after the first of these moments, up to the second. */
  #bulkFromMs: number | undefined;
  #bulkToMs = 0;
  #bulkBytes = 0;
  #received = 0;
  #delaysMs: number[] = [];
  #lastDelayMs = 0;
  #total: PromiseWithResolvers<number> | undefined;

  /** @param now the clock that the messages are stamped with */
  constructor(now: () => number = machineMs) {
    this.#now = now;
  }

  /** Begins anew. Resolves when the message has come that was sent last: with how many there were. */
  begin(settlingMs: number): Promise<number> {
    this.#settlingMs = settlingMs;
    this.#firstBulkMs = undefined;
    this.#bulkFromMs = undefined;
    this.#bulkBytes = 0;
    this.#received = 0;
    this.#delaysMs = [];
    this.#total = Promise.withResolvers();
    return this.#total.promise;
  }

  handleBulk(bytes: number): void {
    if (bytes === 0) return;
    const nowMs = this.#now();
    this.#firstBulkMs ??= nowMs;
    if (!this.#isSettled(nowMs)) return;
    if (this.#bulkFromMs === undefined) {
      this.#bulkFromMs = nowMs;
      return;
    }
    this.#bulkBytes += bytes;
    this.#bulkToMs = nowMs;
  }

  handleMessage(bytes: Uint8Array): void {
    const { sentMs, total } = readStampedMessage(bytes);
    this.#received += 1;
    this.#lastDelayMs = this.#now() - sentMs;
    if (this.#isSettled(sentMs)) this.#delaysMs.push(this.#lastDelayMs);
    if (total > 0) this.#total?.resolve(total);
  }

  /** What has come since `begin`. Of a run too short to settle, the last message stands for all. */
  metrics(total: number): Metrics {
    const delaysMs = this.#delaysMs.length > 0 ? this.#delaysMs : [this.#lastDelayMs];
    const bulkMs = this.#bulkBytes > 0 ? this.#bulkToMs - (this.#bulkFromMs ?? 0) : 0;
    return {
      p50Ms: percentile(delaysMs, 50),
      p99Ms: percentile(delaysMs, 99),
      ...(bulkMs > 0 && { megabitsPerSecond: (this.#bulkBytes * 8) / bulkMs / 1000 }),
      messagesLost: total - this.#received,
    };
  }

  #isSettled(ms: number): boolean {
    return this.#firstBulkMs !== undefined && ms >= this.#firstBulkMs + this.#settlingMs;
  }
}
