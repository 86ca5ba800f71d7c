const FIRST_SLAB_BYTES = 1024;
export const MAX_SLAB_BYTES = 65_536;
/** So many slabs of the largest size are kept for what is to come: as much as waits in a channel before its sender is told to. */
const MAX_SPARE_SLABS = 16;

/** A stretch of memory that is filled from the beginning, and used again when all that lay in it is written. */
export class Slab {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the next bytes go. */
  usedBytes = 0;
  /** Of the bytes before that, those which are still needed. */
  liveBytes = 0;

  constructor(byteLength: number) {
    this.bytes = new Uint8Array(byteLength);
  }
}

/** Has room for nothing, so nothing is ever changed in it. */
const NO_SLAB = new Slab(0);

/**
 * Memory in which headers and small messages are laid one behind the other, so that a thousand of them cost one
 * chunk of output and no object each. There is none for the many sessions that are idle; slabs start small, and grow with use.
 */
export class PackBuffer {
  /** The slab that `reserve` last returned an offset into. */
  slab = NO_SLAB;
  readonly #spares: Slab[] = [];

  /** Makes room for `byteLength` bytes in `slab` and returns where they begin. */
  reserve(byteLength: number): number {
    if (this.slab.usedBytes + byteLength > this.slab.bytes.length) this.slab = this.#nextSlab(byteLength);
    const { slab } = this;
    const offset = slab.usedBytes;
    slab.usedBytes += byteLength;
    slab.liveBytes += byteLength;
    return offset;
  }

  /** Gives back bytes of a slab that are written or dropped. When none is left in it the slab is used again. */
  release(slab: Slab, byteLength: number): void {
    slab.liveBytes -= byteLength;
    if (slab.liveBytes > 0) return;
    slab.usedBytes = 0;
    const isSpare = slab !== this.slab && slab.bytes.length === MAX_SLAB_BYTES;
    if (isSpare && this.#spares.length < MAX_SPARE_SLABS) this.#spares.push(slab);
  }

  /** Lets memory go that is not needed now. */
  trim(): void {
    this.#spares.length = 0;
    if (this.slab.liveBytes === 0) this.slab = NO_SLAB;
  }

  get #nextSlabBytes(): number {
    return Math.min(MAX_SLAB_BYTES, Math.max(FIRST_SLAB_BYTES, this.slab.bytes.length * 2));
  }

  #nextSlab(byteLength: number): Slab {
    const spare = byteLength <= MAX_SLAB_BYTES ? this.#spares.pop() : undefined;
    return spare ?? new Slab(Math.max(byteLength, this.#nextSlabBytes));
  }
}
