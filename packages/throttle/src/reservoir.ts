/** Default burst: what the rate lets through in this time, so that a timer that fires late loses nothing. */
const DEFAULT_BURST_MS = 20;
const MIN_BURST_BYTES = 4096;
/**
 * Fewer missing bytes count as none. A delay and the tokens earned in it are rounded, so who waited exactly as long as
 * told could still lack the trace of a byte, and wait again, for nothing. The trace stays in the books as a debt.
 */
const NEGLIGIBLE_BYTES = 0.5;

/** What a reservoir has to remember. Several threads may have the same. */
export interface ReservoirState {
  bytesPerSecond: number;
  /** Below 0 it is in debt. */
  tokens: number;
  updatedMs: number;
  /** When it was last seen full. */
  fullMs: number;
}

/** One that is full. */
export function fullReservoir(bytesPerSecond: number, givenBurstBytes: number | undefined): ReservoirState {
  const tokens = burstFor(bytesPerSecond, givenBurstBytes);
  return { bytesPerSecond, tokens, updatedMs: -Infinity, fullMs: -Infinity };
}

/**
 * The tokens of one bucket, by itself. Starts full and holds at most its burst; below 0 it is in debt. Without a limit, that is at
 * Infinity bytes a second, it is always full.
 */
export class Reservoir {
  readonly #state: ReservoirState;
  readonly #givenBurstBytes: number | undefined;

  constructor(state: ReservoirState, givenBurstBytes: number | undefined) {
    this.#state = state;
    this.#givenBurstBytes = givenBurstBytes;
  }

  get bytesPerSecond(): number {
    return this.#state.bytesPerSecond;
  }

  get burstBytes(): number {
    return burstFor(this.#state.bytesPerSecond, this.#givenBurstBytes);
  }

  get isLimited(): boolean {
    return this.#state.bytesPerSecond < Infinity;
  }

  /** When it was last seen full. */
  get fullMs(): number {
    return this.#state.fullMs;
  }

  /** What may pass at once. */
  spendableBytesAt(nowMs: number): number {
    if (!this.isLimited) return Infinity;
    this.refill(nowMs);
    return Math.max(0, this.#state.tokens);
  }

  get isFull(): boolean {
    return !this.isLimited || this.burstBytes - this.#state.tokens < NEGLIGIBLE_BYTES;
  }

  /** Milliseconds until there are tokens for `bytes`, or all that it holds, and for `bytesBefore` that pass first. */
  delayMs(bytes: number, bytesBefore = 0): number {
    if (!this.isLimited) return 0;
    const missing = bytesBefore + Math.min(bytes, this.burstBytes) - this.#state.tokens;
    return missing < NEGLIGIBLE_BYTES ? 0 : (missing / this.#state.bytesPerSecond) * 1000;
  }

  refill(nowMs: number): void {
    const state = this.#state;
    if (!(nowMs > state.updatedMs)) return;
    const { burstBytes } = this;
    if (this.isLimited) {
      const earned = ((nowMs - state.updatedMs) / 1000) * state.bytesPerSecond;
      state.tokens = Math.min(burstBytes, state.tokens + earned);
    }
    state.updatedMs = nowMs;
    if (state.tokens === burstBytes) state.fullMs = nowMs;
  }

  spend(bytes: number): void {
    if (this.isLimited) this.#state.tokens -= bytes;
  }

  /** Tokens earned so far stay, as far as the new burst holds them; a debt stays too, unless there is no limit any more. */
  setRate(bytesPerSecond: number, nowMs: number): void {
    this.refill(nowMs);
    this.changeRate(bytesPerSecond);
  }

  protected changeRate(bytesPerSecond: number): void {
    const state = this.#state;
    state.bytesPerSecond = bytesPerSecond;
    state.tokens = this.isLimited ? Math.min(state.tokens, this.burstBytes) : this.burstBytes;
  }
}

function burstFor(bytesPerSecond: number, givenBurstBytes: number | undefined): number {
  return givenBurstBytes ?? Math.max(MIN_BURST_BYTES, (bytesPerSecond * DEFAULT_BURST_MS) / 1000);
}
