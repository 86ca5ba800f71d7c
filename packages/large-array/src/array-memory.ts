/** It grows by this, or by a quarter if that is more, so a size that is only announced takes no more. Each step makes the garbage collector look around. */
const GROWTH_BYTES = 16_777_216;
const GROWTH_PART = 1 / 4;
/** Up to this it is there with the first byte, and is the memory of an earlier array where the allocator has some. */
const FIXED_BYTES = GROWTH_BYTES;

/**
 * Memory for an array that arrives: one allocation, written from the beginning to the end. Of a large one only the addresses are
 * reserved at first, and the memory grows in place as bytes arrive; nothing is ever copied.
 */
export class ArrayMemory {
  readonly #maxBytes: number;
  readonly #isShared: boolean;
  #buffer: ArrayBuffer | SharedArrayBuffer | undefined;
  #bytes = new Uint8Array(0) as Uint8Array;

  /** @throws RangeError where there is not that much memory */
  constructor(maxBytes: number, isShared: boolean) {
    this.#maxBytes = maxBytes;
    this.#isShared = isShared;
    if (maxBytes > FIXED_BYTES) this.#create(0, { maxByteLength: maxBytes });
  }

  /** All of it. @throws RangeError where there is not that much memory */
  get buffer(): ArrayBuffer | SharedArrayBuffer {
    return this.#buffer ?? this.#create(this.#maxBytes);
  }

  /** @throws RangeError where there is not that much memory */
  write(bytes: Uint8Array, at: number): void {
    const { buffer } = this;
    const end = at + bytes.length;
    if (end > buffer.byteLength) this.#grow(buffer, end);
    this.#bytes.set(bytes, at);
  }

  /** Gives the memory back without waiting for the garbage collector. */
  free(): void {
    const buffer = this.#buffer;
    if (buffer === undefined || buffer instanceof SharedArrayBuffer) return;
    if (buffer.resizable) buffer.resize(0);
    else buffer.transfer(0);
  }

  #create(byteLength: number, options?: { readonly maxByteLength: number }): ArrayBuffer | SharedArrayBuffer {
    this.#buffer = this.#isShared ? new SharedArrayBuffer(byteLength, options) : new ArrayBuffer(byteLength, options);
    this.#bytes = new Uint8Array(this.#buffer);
    return this.#buffer;
  }

  #grow(buffer: ArrayBuffer | SharedArrayBuffer, neededBytes: number): void {
    const growthBytes = Math.max(GROWTH_BYTES, Math.floor(buffer.byteLength * GROWTH_PART));
    const byteLength = Math.min(Math.max(neededBytes, buffer.byteLength + growthBytes), this.#maxBytes);
    if (buffer instanceof SharedArrayBuffer) buffer.grow(byteLength);
    else buffer.resize(byteLength);
  }
}
