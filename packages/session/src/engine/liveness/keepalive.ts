/**
 * Notices when the peer is gone. Any byte that arrives proves it alive; a ping is sent only when none has come for
 * `intervalMs`, and the peer counts as dead when none has come for `timeoutMs`.
 */
export class Keepalive {
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  #receivedMs: number;
  #pingedMs: number;

  constructor(intervalMs: number, timeoutMs: number, nowMs: number) {
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
    this.#receivedMs = nowMs;
    this.#pingedMs = nowMs;
  }

  get deadlineMs(): number {
    return Math.min(this.#pingDueMs(), this.#receivedMs + this.#timeoutMs);
  }

  handleReceived(nowMs: number): void {
    this.#receivedMs = nowMs;
  }

  handlePinged(nowMs: number): void {
    this.#pingedMs = nowMs;
  }

  isPingDue(nowMs: number): boolean {
    return nowMs >= this.#pingDueMs();
  }

  isPeerDead(nowMs: number): boolean {
    return nowMs >= this.#receivedMs + this.#timeoutMs;
  }

  #pingDueMs(): number {
    return Math.max(this.#receivedMs, this.#pingedMs) + this.#intervalMs;
  }
}
