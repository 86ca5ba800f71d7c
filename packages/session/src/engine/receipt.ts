/** An acknowledgement leaves at the latest after this many bytes (docs/PROTOCOL.md §7) ... */
const ACKNOWLEDGE_AFTER_BYTES = 262_144;
/** ... or this long after the first byte that is not acknowledged. */
const ACKNOWLEDGE_AFTER_MS = 10;

/**
 * Counts flow-controlled bytes as they arrive and decides when to tell the sender. This happens on receipt, whatever
 * becomes of the messages: a slow consumer holds back its channel's credit, never the connection.
 */
export class Receipt {
  #receivedBytes = 0;
  #acknowledgedBytes = 0;
  #dueMs = Infinity;

  /** When the next acknowledgement must leave, Infinity if there is nothing to acknowledge. */
  get dueMs(): number {
    return this.#dueMs;
  }

  handleReceived(bytes: number, nowMs: number): void {
    this.#receivedBytes += bytes;
    if (this.#receivedBytes - this.#acknowledgedBytes >= ACKNOWLEDGE_AFTER_BYTES) this.#dueMs = nowMs;
    else if (this.#dueMs === Infinity) this.#dueMs = nowMs + ACKNOWLEDGE_AFTER_MS;
  }

  /** The counter to send now: if it is due, or if `isConvenient` because a write happens anyway and there is news. */
  take(nowMs: number, isConvenient: boolean): number | undefined {
    const hasNews = this.#receivedBytes > this.#acknowledgedBytes;
    if (!hasNews || (!isConvenient && nowMs < this.#dueMs)) return undefined;
    this.#acknowledgedBytes = this.#receivedBytes;
    this.#dueMs = Infinity;
    return this.#receivedBytes;
  }

  /** Nothing is to be acknowledged any more. */
  clear(): void {
    this.#acknowledgedBytes = this.#receivedBytes;
    this.#dueMs = Infinity;
  }
}
