/** An announced size up to this is believed before its bytes have come. */
const BELIEVED_BYTES = 65_536;
/** Memory may be this many times what really came ... */
const MAX_GROWTH = 4;
/** ... and, where no announcement tells how much is to come, twice from this size on. */
const LARGE_BYTES = 1_048_576;
/** Unused memory above this part of the payload is not kept with it. */
const MAX_UNUSED_PART = 1 / 8;

const NO_BYTES = new Uint8Array(0);

function allocateZeroed(byteLength: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(byteLength);
}

/**
 * Gathers the pieces of a payload that did not arrive at once, in memory of its own: the pieces may be overwritten
 * afterwards. Takes linear time, and memory that follows the bytes that really came, whatever length was announced.
 */
export class PayloadCollector {
  /**
   * How much the next payload is likely to have, though less is announced so far: memory for that is taken at once. The caller
   * sees to its bound.
   */
  expectedBytes = 0;

  readonly #allocate: (byteLength: number) => Uint8Array<ArrayBuffer>;
  #memory: Uint8Array<ArrayBuffer> = NO_BYTES;
  #byteLength = 0;

  /** @param allocate gives memory of that size or more, of its own and of any content; default: zeroed */
  constructor(allocate = allocateZeroed) {
    this.#allocate = allocate;
  }

  /** Bytes gathered and not yet taken. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** @param followingBytes how many more are announced to follow; there may be still more, or fewer */
  append(piece: Uint8Array, followingBytes = 0): void {
    const end = this.#byteLength + piece.length;
    if (end > this.#memory.length) this.#grow(end, end + followingBytes);
    if (!this.#isInPlace(piece)) this.#memory.set(piece, this.#byteLength);
    this.#byteLength = end;
  }

  /** Forgets the last bytes that were appended. */
  drop(byteLength: number): void {
    this.#byteLength -= byteLength;
  }

  /**
   * Where the next bytes would lie: who reads them there, and then appends what it has read, spares a copy. May be shorter
   * than what is announced to follow. Not to be written to after anything was appended or taken.
   *
   * @param maxBytes of room that are wanted at most
   */
  roomFor(followingBytes: number, maxBytes = followingBytes): Uint8Array<ArrayBuffer> {
    const start = this.#byteLength;
    if (start === this.#memory.length) this.#grow(start + 1, start + followingBytes);
    return this.#memory.subarray(start, start + Math.min(followingBytes, maxBytes));
  }

  /**
   * All that was gathered as one array; the collector is empty afterwards.
   *
   * @param keepsUnused whether the memory that was allocated is wanted as it is, however little of it is used; otherwise what is
   * much too large is copied
   */
  take(keepsUnused = false): Uint8Array<ArrayBuffer> {
    const payload = this.#memory.subarray(0, this.#byteLength);
    const unusedBytes = this.#memory.length - payload.length;
    this.#memory = NO_BYTES;
    this.#byteLength = 0;
    const isCopied = !keepsUnused && unusedBytes > payload.length * MAX_UNUSED_PART;
    return isCopied ? this.#copy(payload, payload.length) : payload;
  }

  #grow(neededBytes: number, announcedBytes: number): void {
    const believedBytes = Math.max(BELIEVED_BYTES, MAX_GROWTH * neededBytes);
    const growth = this.#memory.length < LARGE_BYTES ? MAX_GROWTH : 2;
    const firstBytes = this.#memory.length === 0 ? this.expectedBytes : 0;
    this.#memory = this.#copy(
      this.#memory.subarray(0, this.#byteLength),
      Math.max(neededBytes, Math.min(announcedBytes, believedBytes), growth * this.#memory.length, firstBytes),
    );
  }

  #isInPlace(piece: Uint8Array): boolean {
    return piece.buffer === this.#memory.buffer && piece.byteOffset === this.#memory.byteOffset + this.#byteLength;
  }

  #copy(bytes: Uint8Array, byteLength: number): Uint8Array<ArrayBuffer> {
    const memory = this.#allocate(byteLength);
    memory.set(bytes);
    return memory;
  }
}
