const MIN_SPAN_MS = 1000;

interface Reading {
  readonly atMs: number;
  readonly bytes: number;
}

/** The rate of a counter that is only looked at now and then: what it gained since an earlier look, by the time since then. */
export class RateMeter {
  /** Of those that are a second old or more only the latest is kept, so a look every second or so gives the last second's rate. */
  #readings: Reading[];

  /** @param beganMs when the counter was 0 */
  constructor(beganMs: number) {
    this.#readings = [{ atMs: beganMs, bytes: 0 }];
  }

  /** Takes a look, and returns bytes a second. */
  measure(bytes: number, nowMs: number): number {
    const base = this.#readings.findLastIndex(({ atMs }) => nowMs - atMs >= MIN_SPAN_MS);
    if (base > 0) this.#readings = this.#readings.slice(base);
    const first = this.#readings[0]!;
    const last = this.#readings.at(-1)!;
    // Readings less than a tenth of the span apart would only take room.
    if (nowMs - last.atMs >= MIN_SPAN_MS / 10) this.#readings.push({ atMs: nowMs, bytes });
    return nowMs > first.atMs ? ((bytes - first.bytes) / (nowMs - first.atMs)) * 1000 : 0;
  }
}
