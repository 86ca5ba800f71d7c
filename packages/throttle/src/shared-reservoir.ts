import { Reservoir, type ReservoirState } from './reservoir.ts';

/** In the shared memory: the lock, then the state of the reservoir. */
const BYTES_PER_SECOND = 1;
const TOKENS = 2;
const UPDATED_MS = 3;
const FULL_MS = 4;
/** So many numbers of eight bytes it takes. */
export const RESERVOIR_CELLS = 5;

const FREE = 0;
/** Others need it for less than a microsecond, unless they are interrupted just then. */
const MAX_SPINS = 100;
const SLEEP_MS = 1;
const MAX_SLEEPS = 1_000;

/** The state of a reservoir in memory that threads share. All of them have the same clock; this one may begin it elsewhere. */
class SharedState implements ReservoirState {
  readonly #cells: Float64Array;
  readonly #clockOffsetMs: number;

  constructor(memory: SharedArrayBuffer, clockOffsetMs: number) {
    this.#cells = new Float64Array(memory);
    this.#clockOffsetMs = clockOffsetMs;
  }

  get bytesPerSecond(): number {
    return this.#cells[BYTES_PER_SECOND]!;
  }

  set bytesPerSecond(value: number) {
    this.#cells[BYTES_PER_SECOND] = value;
  }

  get tokens(): number {
    return this.#cells[TOKENS]!;
  }

  set tokens(value: number) {
    this.#cells[TOKENS] = value;
  }

  get updatedMs(): number {
    return this.#cells[UPDATED_MS]! - this.#clockOffsetMs;
  }

  set updatedMs(value: number) {
    this.#cells[UPDATED_MS] = value + this.#clockOffsetMs;
  }

  get fullMs(): number {
    return this.#cells[FULL_MS]! - this.#clockOffsetMs;
  }

  set fullMs(value: number) {
    this.#cells[FULL_MS] = value + this.#clockOffsetMs;
  }
}

/** A reservoir that several threads draw from. What changes it is done by one of them at a time, so not a byte is counted wrong. */
export class SharedReservoir extends Reservoir {
  readonly #lock: Int32Array;
  readonly #owner: number;

  /** @param owner by which it is known who has the lock; not 0 */
  constructor(memory: SharedArrayBuffer, owner: number, clockOffsetMs: number) {
    super(new SharedState(memory, clockOffsetMs), undefined);
    this.#lock = new Int32Array(memory);
    this.#owner = owner;
  }

  override refill(nowMs: number): void {
    this.#acquire();
    super.refill(nowMs);
    this.#release();
  }

  override spend(bytes: number): void {
    this.#acquire();
    super.spend(bytes);
    this.#release();
  }

  override setRate(bytesPerSecond: number, nowMs: number): void {
    // It refills, under the lock, first.
    this.refill(nowMs);
    this.#acquire();
    super.changeRate(bytesPerSecond);
    this.#release();
  }

  #acquire(): void {
    for (let tries = 0; tries < MAX_SPINS + MAX_SLEEPS; tries += 1) {
      const owner = Atomics.compareExchange(this.#lock, 0, FREE, this.#owner);
      if (owner === FREE) return;
      if (tries >= MAX_SPINS) Atomics.wait(this.#lock, 0, owner, SLEEP_MS);
    }
    // No thread that lives has it for so long.
    Atomics.store(this.#lock, 0, this.#owner);
  }

  #release(): void {
    Atomics.store(this.#lock, 0, FREE);
  }
}

/** Puts a state into memory that nobody uses yet. */
export function writeReservoir(memory: SharedArrayBuffer, state: ReservoirState): void {
  Object.assign(new SharedState(memory, 0), state);
}

/** The thread of an owner has ended, perhaps in the middle: if it had the lock, that is free. */
export function freeLock(memory: SharedArrayBuffer, owner: number): void {
  Atomics.compareExchange(new Int32Array(memory), 0, owner, FREE);
}
