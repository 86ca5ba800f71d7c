import { WindowedMaximum } from './windowed-maximum.ts';

/**
 * How far acknowledgements run ahead of the rate: a receiver that is busy, or a link that gathers, gives them in bursts, and
 * between two of them the sender needs so much more in flight to go on (`extra_acked` of draft-ietf-ccwg-bbr §5.5.9).
 */
export class AcknowledgementBursts {
  readonly #largestBytes: WindowedMaximum;
  #sinceMs = 0;
  #acknowledgedBytes = 0;

  /** @param rounds how many rounds a burst is remembered for */
  constructor(rounds: number) {
    this.#largestBytes = new WindowedMaximum(rounds);
  }

  /** What to allow for. */
  get largestBytes(): number {
    return this.#largestBytes.value;
  }

  /** @param mostBytes no burst counts for more */
  handleAcknowledged(bytes: number, bytesPerSecond: number, mostBytes: number, round: number, nowMs: number): void {
    if (this.#acknowledgedBytes <= ((nowMs - this.#sinceMs) / 1000) * bytesPerSecond) {
      this.#sinceMs = nowMs;
      this.#acknowledgedBytes = 0;
    }
    this.#acknowledgedBytes += bytes;
    const aheadBytes = this.#acknowledgedBytes - ((nowMs - this.#sinceMs) / 1000) * bytesPerSecond;
    this.#largestBytes.update(Math.min(Math.max(aheadBytes, 0), mostBytes), round);
  }
}
