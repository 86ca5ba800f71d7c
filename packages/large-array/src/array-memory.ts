/** Up to this the memory is there at once: no more than what a peer may have under way anyway. */
const FIXED_BYTES = 1_048_576;
/** Else it grows by this, so a size that is only announced takes no more. */
const GROWTH_BYTES = 16_777_216;

/**
 * Memory for an array that arrives: one allocation, written from the beginning to the end. Of a large one only the addresses are
 * reserved at first, and the memory grows in place as bytes arrive; nothing is ever copied.
 */
export class ArrayMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  readonly #bytes: Uint8Array;
  readonly #maxBytes: number;

  /** @throws RangeError where there is not that much memory */
  constructor(maxBytes: number, isShared: boolean) {
    this.#maxBytes = maxBytes;
    const isFixed = maxBytes <= FIXED_BYTES;
    const [byteLength, options] = isFixed ? [maxBytes] : [0, { maxByteLength: maxBytes }];
    this.buffer = isShared ? new SharedArrayBuffer(byteLength, options) : new ArrayBuffer(byteLength, options);
    this.#bytes = new Uint8Array(this.buffer);
  }

  /** @throws RangeError where there is not that much memory */
  write(bytes: Uint8Array, at: number): void {
    const end = at + bytes.length;
    if (end > this.buffer.byteLength) this.#grow(end);
    this.#bytes.set(bytes, at);
  }

  /** Gives the memory back without waiting for the garbage collector, which shared memory has to. */
  free(): void {
    if (this.buffer instanceof SharedArrayBuffer) return;
    if (this.buffer.resizable) this.buffer.resize(0);
    else this.buffer.transfer(0);
  }

  #grow(neededBytes: number): void {
    const byteLength = Math.min(Math.max(neededBytes, this.buffer.byteLength + GROWTH_BYTES), this.#maxBytes);
    if (this.buffer instanceof SharedArrayBuffer) this.buffer.grow(byteLength);
    else this.buffer.resize(byteLength);
  }
}
