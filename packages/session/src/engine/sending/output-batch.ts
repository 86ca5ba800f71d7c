/**
 * The bytes of one write: frames of small messages lie packed in one array, large payloads are referred to where they
 * are. What lies side by side in memory is one chunk.
 */
export class OutputBatch {
  readonly #chunks: Uint8Array[] = [];
  #byteLength = 0;
  #packedByteLength = 0;
  /** A run of packed bytes that may still grow. */
  #run: Uint8Array | undefined;
  #runStart = 0;
  #runEnd = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  /** How many of the bytes lie in a `PackBuffer`, which gets them back when they are written. */
  get packedByteLength(): number {
    return this.#packedByteLength;
  }

  /** Adds bytes of a pack buffer. */
  addPacked(slab: Uint8Array, start: number, end: number): void {
    this.#byteLength += end - start;
    this.#packedByteLength += end - start;
    if (this.#run === slab && this.#runEnd === start) {
      this.#runEnd = end;
      return;
    }
    this.#finishRun();
    this.#run = slab;
    this.#runStart = start;
    this.#runEnd = end;
  }

  /** Adds bytes that stay where they are until they are written. */
  addView(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#finishRun();
    this.#byteLength += bytes.length;
    this.#chunks.push(bytes);
  }

  /** The chunks in the order of writing. The batch is complete after this. */
  finish(): readonly Uint8Array[] {
    this.#finishRun();
    return this.#chunks;
  }

  #finishRun(): void {
    if (this.#run === undefined) return;
    this.#chunks.push(this.#run.subarray(this.#runStart, this.#runEnd));
    this.#run = undefined;
  }
}
