/** What a slow and long line is like, in one direction. */
export interface BottleneckOptions {
  readonly bytesPerSecond: number;
  /** From the end of sending a byte until it is there. */
  readonly delayMs: number;
  /** What may wait to be sent, as in a router. */
  readonly queueBytes: number;
}

interface Chunk {
  readonly bytes: Uint8Array;
  /** When its first byte begins to be there. */
  readonly startMs: number;
  taken: number;
}

/**
 * One direction of a link with a rate and a delay: what is put in comes out in order, no faster than the rate, the delay
 * later. Pure arithmetic: the time is an argument, in milliseconds of a clock that never runs backwards. Who looks late
 * gets all that is due, so late looks do not change the rate.
 */
export class Bottleneck {
  readonly #bytesPerMs: number;
  readonly #delayMs: number;
  readonly #queueBytes: number;
  readonly #maxHeldBytes: number;
  /** From `#head` on: not all taken yet. */
  #chunks: Chunk[] = [];
  #head = 0;
  #heldBytes = 0;
  /** When the line will have sent all that was put in. */
  #idleFromMs = -Infinity;

  constructor({ bytesPerSecond, delayMs, queueBytes }: BottleneckOptions) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#delayMs = delayMs;
    this.#queueBytes = queueBytes;
    this.#maxHeldBytes = queueBytes + this.#bytesPerMs * delayMs;
  }

  /** Whether nothing is under way. */
  get isEmpty(): boolean {
    return this.#heldBytes === 0;
  }

  /**
   * Whether more may be put in. When not, the one who puts in has to wait; a chunk that was begun may exceed the bound.
   * What nobody takes out counts too, so that a receiver who does not read holds the sender back.
   */
  hasRoom(nowMs: number): boolean {
    const waitingBytes = Math.max(0, this.#idleFromMs - nowMs) * this.#bytesPerMs;
    return waitingBytes < this.#queueBytes && this.#heldBytes < this.#maxHeldBytes;
  }

  /** The bytes are kept, not copied. */
  put(bytes: Uint8Array, nowMs: number): void {
    if (bytes.length === 0) return;
    const beginMs = Math.max(nowMs, this.#idleFromMs);
    this.#idleFromMs = beginMs + bytes.length / this.#bytesPerMs;
    this.#chunks.push({ bytes, startMs: beginMs + this.#delayMs, taken: 0 });
    this.#heldBytes += bytes.length;
  }

  /** Takes out what has come through by now. */
  take(nowMs: number): Uint8Array[] {
    const due: Uint8Array[] = [];
    for (; this.#head < this.#chunks.length; this.#head += 1) {
      const chunk = this.#chunks[this.#head]!;
      const there = Math.floor((nowMs - chunk.startMs) * this.#bytesPerMs);
      const end = Math.min(chunk.bytes.length, Math.max(there, chunk.taken));
      if (end > chunk.taken) due.push(chunk.bytes.subarray(chunk.taken, end));
      this.#heldBytes -= end - chunk.taken;
      chunk.taken = end;
      if (end < chunk.bytes.length) break;
    }
    this.#forgetTaken();
    return due;
  }

  #forgetTaken(): void {
    // Seldom enough that moving the rest costs nothing.
    if (this.#head < this.#chunks.length / 2) return;
    this.#chunks = this.#chunks.slice(this.#head);
    this.#head = 0;
  }
}
