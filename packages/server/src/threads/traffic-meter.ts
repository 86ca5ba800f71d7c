/** Something that moves bytes. */
export interface Mover {
  /** Over the connection that it has now. */
  readonly movedBytes: number;
}

/** Measures what all of a worker's sessions move, without being in the way of it: each is looked at now and then. */
export class TrafficMeter {
  /** What each had moved when it was last looked at. */
  readonly #movedBytes = new Map<Mover, number>();
  #measuredMs = performance.now();

  add(mover: Mover): void {
    this.#movedBytes.set(mover, 0);
  }

  delete(mover: Mover): void {
    this.#movedBytes.delete(mover);
  }

  /** The rate since the last call, bytes a second. */
  measure(nowMs: number): number {
    let bytes = 0;
    for (const [mover, before] of this.#movedBytes) {
      const { movedBytes } = mover;
      // A new connection begins at 0.
      bytes += movedBytes < before ? movedBytes : movedBytes - before;
      this.#movedBytes.set(mover, movedBytes);
    }
    const elapsedMs = nowMs - this.#measuredMs;
    this.#measuredMs = nowMs;
    return elapsedMs > 0 ? (bytes / elapsedMs) * 1000 : 0;
  }
}
