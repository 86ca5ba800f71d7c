/** What comes within this time of an arrival belongs to it: one read of the socket, or one turn of the sender. */
const SAME_ARRIVAL_MS = 1;

interface Arrived {
  readonly atMs: number;
  bytes: number;
}

/** Remembers what arrived when, so that the rate over any stretch of time can be told afterwards. */
export class ArrivalLog {
  readonly #arrivals: Arrived[] = [];

  /** @param nowMs of a clock that never runs backwards */
  add(bytes: number, nowMs: number): void {
    const last = this.#arrivals.at(-1);
    if (last !== undefined && nowMs - last.atMs < SAME_ARRIVAL_MS) last.bytes += bytes;
    else this.#arrivals.push({ atMs: nowMs, bytes });
  }

  /**
   * Bytes a second: what came after the first arrival of the stretch, up to and with the last, by the time between the two.
   * So it does not matter where in a message the stretch begins or ends. 0 when fewer than two arrivals are in it.
   */
  bytesPerSecond({ fromMs, toMs }: Stretch): number {
    const first = this.#indexFrom(fromMs);
    const end = this.#indexFrom(toMs);
    if (end - first < 2) return 0;
    const bytes = this.#arrivals.slice(first + 1, end).reduce((sum, arrival) => sum + arrival.bytes, 0);
    return (bytes / (this.#arrivals[end - 1]!.atMs - this.#arrivals[first]!.atMs)) * 1000;
  }

  /** Of the first arrival at that time or later. */
  #indexFrom(ms: number): number {
    let [low, high] = [0, this.#arrivals.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#arrivals[middle]!.atMs < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** From a moment on, up to another one, which is not in it. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Parts of a second each, as many as fit; one that is all of it if none does. */
export function secondsOf({ fromMs, toMs }: Stretch): Stretch[] {
  const count = Math.floor((toMs - fromMs) / 1000);
  if (count === 0) return [{ fromMs, toMs }];
  return Array.from({ length: count }, (_, index) => ({
    fromMs: fromMs + index * 1000,
    toMs: fromMs + (index + 1) * 1000,
  }));
}
