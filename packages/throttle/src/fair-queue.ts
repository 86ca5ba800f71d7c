import type { Neighbours } from './neighbours.ts';
import type { Reservoir } from './reservoir.ts';

/**
 * What one that was away may catch up on, as a part of its share of the burst: enough for a sender that is busy with a
 * write for some milliseconds, and little enough that the others lose nothing while it is waited for.
 */
const CATCH_UP = 0.25;

/** What a bucket is to the one above it: somebody of a weight who has come so far. */
export class Claimant {
  /** What its own rate lets through. */
  readonly reservoir: Reservoir;
  weight: number;
  /** Bytes passed, divided by the weight: its place in the order. */
  progress = 0;
  /** What it passed at once when it last did. */
  stepBytes = 0;
  servedMs = -Infinity;
  /** Until when its turn is kept for it; -Infinity while it is not in the queue. */
  waitsUntilMs = -Infinity;

  constructor(reservoir: Reservoir, weight: number) {
    this.reservoir = reservoir;
    this.weight = weight;
  }
}

/**
 * Whose turn it is when several want the tokens of one bucket: start-time fair queueing (P. Goyal, H. M. Vin and H. Cheng, 1996).
 * Each claimant has a progress, its bytes divided by its weight. The one that is furthest behind goes first, and while
 * it waits, what it needs to catch up is left to it. So whoever wants tokens gets them by weight, and what one does not want,
 * or may not take at its own rate, is there for the others: weighted max-min fairness, at whatever rate the tokens come.
 *
 * Only those that wait are in the queue. The others cost no time, hold no tokens, and are not even known to it.
 */
export class FairQueue {
  /** In the order of progress, and of arrival where that is equal. */
  readonly #waiting: Claimant[] = [];
  #waitingWeight = 0;
  /** How far those have come whose turn it is: about where one begins that was away. Never falls. */
  #frontier = 0;
  #stepBytes = 0;
  #peakBytes = Infinity;
  #settledMs = Infinity;
  /** The queues of other threads, if the tokens are shared with any. */
  readonly #neighbours: Neighbours | undefined;
  /** Until when anybody's turn is kept. */
  #untilMs = -Infinity;

  constructor(neighbours?: Neighbours) {
    this.#neighbours = neighbours;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Whether there can be a lack of tokens. Without one nobody waits, and nothing here needs to be called. */
  get isScarce(): boolean {
    return this.#peakBytes < Infinity;
  }

  /**
   * How tokens come, to be told before each call that takes a time: the most that can be there at once, and when it last
   * was. What anybody was ahead by before then is paid.
   */
  describeSupply(peakBytes: number, settledMs: number, nowMs: number): void {
    this.#peakBytes = peakBytes;
    this.#settledMs = settledMs;
    if (this.#neighbours === undefined) return;
    this.#neighbours.look(nowMs);
    this.#frontier = Math.max(this.#frontier, this.#neighbours.frontier);
  }

  /** What the claimant may count on of what can be there at once, beside those that wait. */
  shareOf(claimant: Claimant): number {
    const othersWeight =
      claimant.waitsUntilMs > -Infinity ? this.#waitingWeight - claimant.weight : this.#waitingWeight;
    const elsewhereWeight = this.#neighbours?.weight ?? 0;
    return (this.#peakBytes * claimant.weight) / (othersWeight + elsewhereWeight + claimant.weight);
  }

  /** What those that wait before the claimant are expected to take until it is its turn. */
  bytesBefore(claimant: Claimant, nowMs: number): number {
    this.#place(claimant);
    let bytes = this.#neighbours?.bytesBefore(claimant.progress) ?? 0;
    for (let index = 0; index < this.#waiting.length;) {
      const other = this.#waiting[index]!;
      if (other === claimant || other.progress > claimant.progress) break;
      if (other.waitsUntilMs < nowMs) {
        this.#removeAt(index);
      } else {
        const leadBytes = (claimant.progress - other.progress) * other.weight;
        bytes += Math.min(Math.max(leadBytes, other.stepBytes), other.reservoir.spendableBytesAt(nowMs));
        index += 1;
      }
    }
    return bytes;
  }

  /** Keeps the claimant's turn for it until `untilMs`. */
  enter(claimant: Claimant, untilMs: number): void {
    if (claimant.waitsUntilMs === -Infinity) {
      this.#waiting.splice(this.#indexBehind(claimant.progress), 0, claimant);
      this.#waitingWeight += claimant.weight;
    }
    claimant.waitsUntilMs = untilMs;
    this.#untilMs = Math.max(this.#untilMs, untilMs);
    this.#tellNeighbours();
  }

  leave(claimant: Claimant): void {
    if (claimant.waitsUntilMs === -Infinity) return;
    this.#removeAt(this.#waiting.indexOf(claimant));
    this.#tellNeighbours();
  }

  /** The claimant has passed bytes. If it waited, that is over, unless it `goesOnWaiting` on behalf of others. */
  serve(claimant: Claimant, bytes: number, goesOnWaiting: boolean, nowMs: number): void {
    this.#place(claimant);
    const { progress, waitsUntilMs } = claimant;
    this.leave(claimant);
    const firstProgress = Math.min(this.#waiting[0]?.progress ?? Infinity, this.#neighbours?.progress ?? Infinity);
    this.#frontier = Math.max(this.#frontier, Math.min(progress, firstProgress));
    this.#stepBytes = bytes;
    claimant.progress = progress + bytes / claimant.weight;
    claimant.stepBytes = bytes;
    claimant.servedMs = nowMs;
    if (goesOnWaiting && waitsUntilMs > -Infinity) this.enter(claimant, waitsUntilMs);
    else this.#tellNeighbours();
  }

  /** What the claimant is ahead or behind by stays the same number of bytes. */
  setWeight(claimant: Claimant, weight: number): void {
    const { waitsUntilMs } = claimant;
    this.leave(claimant);
    claimant.progress = this.#frontier + ((claimant.progress - this.#frontier) * claimant.weight) / weight;
    claimant.weight = weight;
    if (waitsUntilMs > -Infinity) this.enter(claimant, waitsUntilMs);
  }

  /** Puts one that was away where it belongs: not far behind the others, nor ahead by what is paid. */
  #place(claimant: Claimant): void {
    if (claimant.waitsUntilMs > -Infinity) return;
    if (claimant.servedMs === -Infinity) claimant.stepBytes = this.#stepBytes;
    if (claimant.servedMs < this.#settledMs) claimant.progress = Math.min(claimant.progress, this.#frontier);
    const catchUpBytes = CATCH_UP * this.shareOf(claimant);
    claimant.progress = Math.max(claimant.progress, this.#frontier - catchUpBytes / claimant.weight);
  }

  #removeAt(index: number): void {
    const claimant = this.#waiting[index]!;
    this.#waiting.splice(index, 1);
    claimant.waitsUntilMs = -Infinity;
    // Sums of fractions drift; an empty queue is the chance to begin anew.
    this.#waitingWeight = this.#waiting.length === 0 ? 0 : this.#waitingWeight - claimant.weight;
  }

  #tellNeighbours(): void {
    if (this.#neighbours === undefined) return;
    const first = this.#waiting[0];
    this.#neighbours.tell({
      frontier: this.#frontier,
      progress: first?.progress ?? Infinity,
      stepBytes: first?.stepBytes ?? 0,
      weight: this.#waitingWeight,
      untilMs: this.#untilMs,
    });
  }

  /** The index behind all that have come this far or less. */
  #indexBehind(progress: number): number {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#waiting[middle]!.progress <= progress) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
