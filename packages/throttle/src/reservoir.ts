/** Default burst: what the rate lets through in this time, so that a timer that fires late loses nothing. */
const DEFAULT_BURST_MS = 20;
const MIN_BURST_BYTES = 4096;
/**
 * Fewer missing bytes count as none. A delay and the tokens earned in it are rounded, so who waited exactly as long as
 * told could still lack the trace of a byte, and wait again, for nothing. The trace stays in the books as a debt.
 */
const NEGLIGIBLE_BYTES = 0.5;

/**
 * The tokens of one bucket, by itself. Starts full and holds at most its burst; below 0 it is in debt. Without a limit, that is at
 * Infinity bytes a second, it is always full.
 */
export class Reservoir {
  readonly #givenBurstBytes: number | undefined;
  #bytesPerSecond: number;
  #burstBytes: number;
  #tokens: number;
  #updatedMs = -Infinity;
  #fullMs = -Infinity;

  constructor(bytesPerSecond: number, givenBurstBytes: number | undefined) {
    this.#givenBurstBytes = givenBurstBytes;
    this.#bytesPerSecond = bytesPerSecond;
    this.#burstBytes = this.#burstFor(bytesPerSecond);
    this.#tokens = this.#burstBytes;
  }

  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  get burstBytes(): number {
    return this.#burstBytes;
  }

  get isLimited(): boolean {
    return this.#bytesPerSecond < Infinity;
  }

  /** When it was last seen full. */
  get fullMs(): number {
    return this.#fullMs;
  }

  /** What may pass at once. */
  spendableBytesAt(nowMs: number): number {
    if (!this.isLimited) return Infinity;
    this.refill(nowMs);
    return Math.max(0, this.#tokens);
  }

  get isFull(): boolean {
    return !this.isLimited || this.#burstBytes - this.#tokens < NEGLIGIBLE_BYTES;
  }

  /** Milliseconds until there are tokens for `bytes`, or all that it holds, and for `bytesBefore` that pass first. */
  delayMs(bytes: number, bytesBefore = 0): number {
    if (!this.isLimited) return 0;
    const missing = bytesBefore + Math.min(bytes, this.#burstBytes) - this.#tokens;
    return missing < NEGLIGIBLE_BYTES ? 0 : (missing / this.#bytesPerSecond) * 1000;
  }

  refill(nowMs: number): void {
    if (!(nowMs > this.#updatedMs)) return;
    if (this.isLimited) {
      const earned = ((nowMs - this.#updatedMs) / 1000) * this.#bytesPerSecond;
      this.#tokens = Math.min(this.#burstBytes, this.#tokens + earned);
    }
    this.#updatedMs = nowMs;
    if (this.#tokens === this.#burstBytes) this.#fullMs = nowMs;
  }

  spend(bytes: number): void {
    if (this.isLimited) this.#tokens -= bytes;
  }

  /** Tokens earned so far stay, as far as the new burst holds them; a debt stays too, unless there is no limit any more. */
  setRate(bytesPerSecond: number, nowMs: number): void {
    this.refill(nowMs);
    this.#bytesPerSecond = bytesPerSecond;
    this.#burstBytes = this.#burstFor(bytesPerSecond);
    this.#tokens = this.isLimited ? Math.min(this.#tokens, this.#burstBytes) : this.#burstBytes;
  }

  #burstFor(bytesPerSecond: number): number {
    return this.#givenBurstBytes ?? Math.max(MIN_BURST_BYTES, (bytesPerSecond * DEFAULT_BURST_MS) / 1000);
  }
}
