/** Places of the fields of a record, which lie side by side. */
const END_BYTES = 0;
const SENT_MS = 1;
const FIELDS = 2;

const INITIAL_RECORDS = 8;
const NO_RECORDS = new Float64Array(0);
/** Bytes sent at the same time share a record up to this size, so that many small messages cost few records. */
const MAX_SHARED_BYTES = 8_192;

/**
 * When what is in flight was sent, oldest first, in a ring of plain numbers: a frame sent and acknowledged allocates
 * nothing once the ring is as large as the most that was ever in flight.
 */
export class SendTimes {
  #ring = NO_RECORDS;
  #first = 0;
  #length = 0;
  /** Where the last record begins in the stream of bytes. */
  #lastStartBytes = 0;
  #sentBytes = 0;

  /** All bytes ever sent. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  push(bytes: number, nowMs: number): void {
    const startBytes = this.#sentBytes;
    this.#sentBytes += bytes;
    if (!this.#canShare(nowMs)) {
      if ((this.#length + 1) * FIELDS > this.#ring.length) this.#grow();
      this.#length += 1;
      this.#lastStartBytes = startBytes;
      this.#ring[this.#last() + SENT_MS] = nowMs;
    }
    this.#ring[this.#last() + END_BYTES] = this.#sentBytes;
  }

  /** When the last of the first `totalBytes` bytes was sent; what was sent before it is forgotten. */
  takeUpTo(totalBytes: number): number {
    while (this.#ring[this.#first + END_BYTES]! < totalBytes) this.#removeFirst();
    const sentMs = this.#ring[this.#first + SENT_MS]!;
    if (this.#ring[this.#first + END_BYTES] === totalBytes) this.#removeFirst();
    return sentMs;
  }

  #last(): number {
    return (this.#first + (this.#length - 1) * FIELDS) % this.#ring.length;
  }

  #canShare(nowMs: number): boolean {
    return (
      this.#length > 0 &&
      this.#ring[this.#last() + SENT_MS] === nowMs &&
      this.#sentBytes - this.#lastStartBytes <= MAX_SHARED_BYTES
    );
  }

  #removeFirst(): void {
    this.#first = (this.#first + FIELDS) % this.#ring.length;
    this.#length -= 1;
  }

  #grow(): void {
    const ring = new Float64Array(Math.max(INITIAL_RECORDS * FIELDS, this.#ring.length * 2));
    ring.set(this.#ring.subarray(this.#first));
    ring.set(this.#ring.subarray(0, this.#first), this.#ring.length - this.#first);
    this.#ring = ring;
    this.#first = 0;
  }
}
