import { RESERVOIR_CELLS } from './shared-reservoir.ts';

/** What each thread tells, in the shared memory behind the reservoir. */
const FRONTIER = 0;
const PROGRESS = 1;
const WEIGHT = 2;
const STEP_BYTES = 3;
const UNTIL_MS = 4;
export const NEIGHBOUR_CELLS = 5;

/** How a queue stands, as its neighbours need to know. */
export interface QueueSummary {
  readonly frontier: number;
  /** How far the first has come that waits; Infinity if none does. */
  readonly progress: number;
  /** What the first passes at once. */
  readonly stepBytes: number;
  /** Of all that wait. */
  readonly weight: number;
  /** When that is of no meaning any more. */
  readonly untilMs: number;
}

/**
 * The queues of other threads before the same tokens, each as it has told last. To this one a queue there is somebody who has come as far
 * as its first, with the weight of all that wait in it: those who wait have come about equally far.
 */
export class Neighbours {
  readonly #cells: Float64Array;
  readonly #thread: number;
  readonly #clockOffsetMs: number;
  /** When it was last looked. */
  #nowMs = -Infinity;

  constructor(memory: SharedArrayBuffer, thread: number, clockOffsetMs: number) {
    this.#cells = new Float64Array(memory).subarray(RESERVOIR_CELLS);
    this.#thread = thread;
    this.#clockOffsetMs = clockOffsetMs;
  }

  /** To be called before all that follows, which tells how it is at this time. */
  look(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  get frontier(): number {
    let frontier = 0;
    for (let at = 0; at < this.#cells.length; at += NEIGHBOUR_CELLS) {
      frontier = Math.max(frontier, this.#cells[at + FRONTIER]!);
    }
    return frontier;
  }

  /** How far the one has come that waits and is furthest behind; Infinity if none waits. */
  get progress(): number {
    let progress = Infinity;
    for (let at = 0; at < this.#cells.length; at += NEIGHBOUR_CELLS) {
      if (this.#isWaiting(at)) progress = Math.min(progress, this.#cells[at + PROGRESS]!);
    }
    return progress;
  }

  /** Of all that wait. */
  get weight(): number {
    let weight = 0;
    for (let at = 0; at < this.#cells.length; at += NEIGHBOUR_CELLS) {
      if (this.#isWaiting(at)) weight += this.#cells[at + WEIGHT]!;
    }
    return weight;
  }

  /** What those take before one who has come so far that are further behind. */
  bytesBefore(progress: number): number {
    let bytes = 0;
    for (let at = 0; at < this.#cells.length; at += NEIGHBOUR_CELLS) {
      const theirs = this.#cells[at + PROGRESS]!;
      if (!this.#isWaiting(at) || theirs > progress) continue;
      bytes += Math.max((progress - theirs) * this.#cells[at + WEIGHT]!, this.#cells[at + STEP_BYTES]!);
    }
    return bytes;
  }

  /** So the queue of this thread stands. */
  tell({ frontier, progress, stepBytes, weight, untilMs }: QueueSummary): void {
    const at = this.#thread * NEIGHBOUR_CELLS;
    this.#cells[at + FRONTIER] = frontier;
    this.#cells[at + PROGRESS] = progress;
    this.#cells[at + STEP_BYTES] = stepBytes;
    this.#cells[at + UNTIL_MS] = untilMs + this.#clockOffsetMs;
    this.#cells[at + WEIGHT] = weight;
  }

  #isWaiting(at: number): boolean {
    if (at === this.#thread * NEIGHBOUR_CELLS) return false;
    return this.#cells[at + WEIGHT]! > 0 && this.#cells[at + UNTIL_MS]! - this.#clockOffsetMs >= this.#nowMs;
  }
}
