/** Of one piece of memory that small ones are cut from. */
const POOL_BYTES = 65_536;
/** Larger ones get memory of their own. */
const MAX_POOLED_BYTES = 2_048;

/**
 * Memory for many small messages that live as long as it takes to send them. V8 keeps at most 64 bytes of a typed array in its heap: what is larger has to
 * be allocated outside, and collected there, which takes a microsecond or several of them; a view of memory that is there takes a twentieth of that.
 *
 * What was given out is never given out again: whoever keeps a little keeps 64 KiB with it, and nothing else comes of it.
 */
export class MemoryPool {
  #memory = new ArrayBuffer(0);
  #usedBytes = 0;

  /** Memory that is all zero. */
  allocate(byteLength: number): Uint8Array<ArrayBuffer> {
    if (byteLength > MAX_POOLED_BYTES) return new Uint8Array(byteLength);
    if (this.#usedBytes + byteLength > this.#memory.byteLength) {
      this.#memory = new ArrayBuffer(POOL_BYTES);
      this.#usedBytes = 0;
    }
    const bytes = new Uint8Array(this.#memory, this.#usedBytes, byteLength);
    this.#usedBytes += byteLength;
    return bytes;
  }
}
