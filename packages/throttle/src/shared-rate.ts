import { FairQueue } from './fair-queue.ts';
import { NEIGHBOUR_CELLS, Neighbours } from './neighbours.ts';
import { requireRate } from './requirements.ts';
import { fullReservoir } from './reservoir.ts';
import { freeLock, RESERVOIR_CELLS, SharedReservoir, writeReservoir } from './shared-reservoir.ts';
import { TokenBucket } from './token-bucket.ts';

const CELL_BYTES = 8;

export interface SharedRateOptions {
  /** Of all threads together: 1 to Infinity, which lets everything through. */
  readonly bytesPerSecond: number;
  /** How many threads there are. */
  readonly threads: number;
}

/**
 * A rate that several threads share. Each has a bucket of its own, whose parent is common to all: what passes in any of them is counted to the
 * byte, and those that are below the buckets get their shares by weight, whatever thread they are on.
 *
 * One thread makes it and gives its `memory` to the others, which come to it by `SharedRate.of`. The lock is held by none of them for long; if a
 * thread ends, `release` sees to what it held.
 */
export class SharedRate {
  readonly memory: SharedArrayBuffer;
  readonly #clockOffsetMs: number;

  private constructor(memory: SharedArrayBuffer, clockOffsetMs: number) {
    this.memory = memory;
    this.#clockOffsetMs = clockOffsetMs;
  }

  /**
   * A new one; its bucket is full.
   *
   * @param clockOffsetMs see `of`
   * @throws RangeError for a rate out of its range
   */
  static create({ bytesPerSecond, threads }: SharedRateOptions, clockOffsetMs = 0): SharedRate {
    requireRate(bytesPerSecond);
    const memory = new SharedArrayBuffer((RESERVOIR_CELLS + threads * NEIGHBOUR_CELLS) * CELL_BYTES);
    writeReservoir(memory, fullReservoir(bytesPerSecond, undefined));
    return new SharedRate(memory, clockOffsetMs);
  }

  /**
   * The one that another thread has made.
   *
   * @param clockOffsetMs what is to be added to the times of this thread, so that they are those of the others
   */
  static of(memory: SharedArrayBuffer, clockOffsetMs = 0): SharedRate {
    return new SharedRate(memory, clockOffsetMs);
  }

  /**
   * The bucket of a thread, to be the parent of others there.
   *
   * @param thread 0 and up; each has its own
   */
  bucketOf(thread: number): TokenBucket {
    const neighbours = new Neighbours(this.memory, thread, this.#clockOffsetMs);
    const queue = new FairQueue(neighbours);
    return new TokenBucket({ bytesPerSecond: Infinity }, { reservoir: this.#reservoirOf(thread + 1), queue });
  }

  /**
   * Changes the rate for all threads; otherwise as `TokenBucket.setRate`. Whoever waits is to be told to ask again.
   *
   * @throws RangeError for a rate that is not a number from 1 to Infinity
   */
  setRate(bytesPerSecond: number, nowMs: number): void {
    requireRate(bytesPerSecond);
    this.#reservoirOf(NO_THREAD).setRate(bytesPerSecond, nowMs);
  }

  /** A thread has ended, whatever it was doing: nobody waits for it, and another one may have its number. */
  release(thread: number): void {
    freeLock(this.memory, thread + 1);
    new Neighbours(this.memory, thread, 0).tell(NOBODY);
  }

  #reservoirOf(owner: number): SharedReservoir {
    return new SharedReservoir(this.memory, owner, this.#clockOffsetMs);
  }
}

/** Holds the lock for whoever has no bucket. */
const NO_THREAD = -1;
const NOBODY = { frontier: 0, progress: Infinity, stepBytes: 0, weight: 0, untilMs: -Infinity };
