/** Default burst: what the rate lets through in this time, so that a timer that fires late loses nothing. */
const DEFAULT_BURST_MS = 20;
const MIN_BURST_BYTES = 4096;
/**
 * Fewer missing bytes count as none. A delay and the tokens earned in it are rounded, so who waited exactly as long as
 * told could still lack the trace of a byte, and wait again, for nothing. The trace stays in the books as a debt.
 */
const NEGLIGIBLE_BYTES = 0.5;

export interface TokenBucketOptions {
  /** The rate at which tokens come, one a byte; Infinity lets everything through. Greater than 0. */
  readonly bytesPerSecond: number;
  /** How many tokens the bucket holds. Default: 20 ms of the rate, at least 4,096. */
  readonly burstBytes?: number;
  /** A bucket that every byte must pass as well, such as the total of all sessions. */
  readonly parent?: TokenBucket;
}

/**
 * Limits a rate of bytes. Pure arithmetic: the time is an argument, in milliseconds of any clock that
 * never runs backwards, so a test needs no waiting.
 *
 * The bucket starts full and holds at most its burst. Something larger than the burst passes when the bucket is
 * full, and leaves a debt that the following bytes wait for, so that the rate holds on average.
 */
export class TokenBucket {
  readonly #parent: TokenBucket | undefined;
  readonly #givenBurstBytes: number | undefined;
  #bytesPerSecond: number;
  #burstBytes: number;
  #tokens: number;
  #updatedMs = -Infinity;

  /** @throws RangeError for a rate or a burst that is not a number greater than 0 */
  constructor(options: TokenBucketOptions) {
    this.#parent = options.parent;
    this.#givenBurstBytes = options.burstBytes === undefined ? undefined : positive('burstBytes', options.burstBytes);
    this.#bytesPerSecond = positive('bytesPerSecond', options.bytesPerSecond);
    this.#burstBytes = this.#burstFor(this.#bytesPerSecond);
    this.#tokens = this.#burstBytes;
  }

  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  get burstBytes(): number {
    return this.#burstBytes;
  }

  /**
   * Takes tokens for `bytes`, here and from every parent, if all of them have enough; else takes none.
   *
   * @returns whether the bytes may pass now
   */
  take(bytes: number, nowMs: number): boolean {
    if (this.delayMs(bytes, nowMs) > 0) return false;
    this.spend(bytes, nowMs);
    return true;
  }

  /** Takes tokens for bytes that have passed already, going into debt if need be. */
  spend(bytes: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens -= bytes;
    this.#parent?.spend(bytes, nowMs);
  }

  /** Milliseconds until `bytes` may pass: 0 for now, the longest of this bucket's and its parents' otherwise. */
  delayMs(bytes: number, nowMs: number): number {
    this.#refill(nowMs);
    const missing = Math.min(bytes, this.#burstBytes) - this.#tokens;
    const ownDelayMs = missing < NEGLIGIBLE_BYTES ? 0 : (missing / this.#bytesPerSecond) * 1000;
    return Math.max(ownDelayMs, this.#parent?.delayMs(bytes, nowMs) ?? 0);
  }

  /**
   * Changes the rate from `nowMs` on. Tokens earned so far stay, as far as the new burst holds them; a debt stays too.
   *
   * @throws RangeError for a rate that is not a number greater than 0
   */
  setRate(bytesPerSecond: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#bytesPerSecond = positive('bytesPerSecond', bytesPerSecond);
    this.#burstBytes = this.#burstFor(bytesPerSecond);
    this.#tokens = Math.min(this.#tokens, this.#burstBytes);
  }

  #refill(nowMs: number): void {
    if (nowMs <= this.#updatedMs) return;
    const earned = ((nowMs - this.#updatedMs) / 1000) * this.#bytesPerSecond;
    this.#tokens = Math.min(this.#burstBytes, this.#tokens + earned);
    this.#updatedMs = nowMs;
  }

  #burstFor(bytesPerSecond: number): number {
    return this.#givenBurstBytes ?? Math.max(MIN_BURST_BYTES, (bytesPerSecond * DEFAULT_BURST_MS) / 1000);
  }
}

function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw new RangeError(`${name} must be a number greater than 0, got ${value}`);
}
