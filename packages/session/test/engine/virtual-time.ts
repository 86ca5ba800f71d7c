/** Something that happens by itself when its time has come. */
export interface TimedSource {
  /** When, Infinity for not at all. */
  readonly dueMs: number;
  run(nowMs: number): void;
}

const MAX_STEPS = 6_000_000;

/** A clock that jumps from one event to the next. Nothing waits, and every run is the same. */
export class VirtualTime {
  readonly #sources: TimedSource[] = [];
  readonly #appointments: { readonly atMs: number; readonly run: () => void }[] = [];
  #nowMs = 0;
  #steps = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  add(...sources: TimedSource[]): void {
    this.#sources.push(...sources);
  }

  /** Calls back at this time; of several at the same time the first made comes first. */
  schedule(atMs: number, run: () => void): void {
    const index = this.#appointments.findIndex((appointment) => appointment.atMs > atMs);
    this.#appointments.splice(index < 0 ? this.#appointments.length : index, 0, { atMs, run });
  }

  /** Runs until nothing is due any more, ever. */
  runUntilQuiet(): void {
    this.runUntil(Infinity);
  }

  /** Runs all that is due up to this time, which it is afterwards; with Infinity the time of the last event stays. */
  runUntil(untilMs: number): void {
    while (this.#nextMs <= untilMs && this.#nextMs < Infinity) this.#step();
    if (untilMs < Infinity) this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Runs until a condition holds. */
  runUntilTrue(isMet: () => boolean): void {
    while (!isMet()) {
      if (this.#nextMs === Infinity) throw new Error('nothing is due any more, and the condition does not hold');
      this.#step();
    }
  }

  get #nextMs(): number {
    let nextMs = this.#appointments[0]?.atMs ?? Infinity;
    for (const source of this.#sources) nextMs = Math.min(nextMs, source.dueMs);
    return nextMs;
  }

  #step(): void {
    this.#steps += 1;
    if (this.#steps > MAX_STEPS) throw new Error(`still not quiet after ${MAX_STEPS} steps, at ${this.#nowMs} ms`);
    const nextMs = this.#nextMs;
    this.#nowMs = Math.max(this.#nowMs, nextMs);
    const appointment = this.#appointments[0];
    if (appointment !== undefined && appointment.atMs <= this.#nowMs) {
      this.#appointments.shift();
      appointment.run();
      return;
    }
    this.#sources.find((source) => source.dueMs === nextMs)?.run(this.#nowMs);
  }
}
