const FIRST_SLAB_BYTES = 1024;
const MAX_SLAB_BYTES = 65_536;

/**
 * Memory in which headers and small messages are laid one behind the other, so that a thousand of them cost one
 * chunk of output and no object each. Slabs start small, for the many sessions that are idle, and grow with use; once all is
 * written the same slab is used again from its beginning.
 */
export class PackBuffer {
  /** The slab that `reserve` last returned an offset into. */
  slab = new Uint8Array(FIRST_SLAB_BYTES);
  #used = 0;
  /** Bytes reserved, in any slab, and not yet released. */
  #liveBytes = 0;

  /** Makes room for `byteLength` bytes in `slab` and returns where they begin. */
  reserve(byteLength: number): number {
    if (this.#used + byteLength > this.slab.length) {
      this.slab = new Uint8Array(Math.max(byteLength, Math.min(MAX_SLAB_BYTES, this.slab.length * 2)));
      this.#used = 0;
    }
    const offset = this.#used;
    this.#used += byteLength;
    this.#liveBytes += byteLength;
    return offset;
  }

  /** Gives back bytes that are written or dropped. When none is left the slab is used again. */
  release(byteLength: number): void {
    this.#liveBytes -= byteLength;
    if (this.#liveBytes === 0) this.#used = 0;
  }

  /** Lets a large slab go when nothing is in it. */
  trim(): void {
    if (this.#liveBytes === 0 && this.slab.length > FIRST_SLAB_BYTES) this.slab = new Uint8Array(FIRST_SLAB_BYTES);
  }
}
