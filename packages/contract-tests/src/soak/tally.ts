/** What is under way at the same time, up to a number, and how much of it has ended. Whatever is included must not reject. */
export class Tally {
  readonly #maxRunning: number;
  readonly #running = new Set<Promise<void>>();
  #ended = 0;

  constructor(maxRunning: number) {
    this.#maxRunning = maxRunning;
  }

  get ended(): number {
    return this.#ended;
  }

  /** Resolves when there is room for another one. */
  async include(one: Promise<void>): Promise<void> {
    const counted = one.then(() => {
      this.#running.delete(counted);
      this.#ended += 1;
    });
    this.#running.add(counted);
    if (this.#running.size >= this.#maxRunning) await Promise.race(this.#running);
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }
}
