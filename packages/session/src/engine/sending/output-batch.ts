import { joinBytes } from '../join-bytes.ts';
import type { PackBuffer, Slab } from './pack-buffer.ts';

/** A few bytes are copied in less time than the system takes to gather one more chunk. */
const MAX_JOINED_BYTES = 512;

/**
 * The bytes of one write: frames of small messages lie packed in slabs, large payloads are referred to where they
 * are. What lies side by side in memory is one chunk, and so are a few bytes here and there.
 */
export class OutputBatch {
  readonly #chunks: Uint8Array[] = [];
  #byteLength = 0;
  /** The slab of each run of packed bytes, and how many of those are of no use once they are written. */
  readonly #packedSlabs: Slab[] = [];
  readonly #packedBytes: number[] = [];
  /** A run of packed bytes that may still grow. */
  #run: Slab | undefined;
  #runStart = 0;
  #runEnd = 0;
  #runPackedBytes = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Adds bytes of a pack buffer's slab, which gets them back when they are written. */
  addPacked(slab: Slab, start: number, end: number): void {
    this.addKept(slab, start, end);
    this.#runPackedBytes += end - start;
  }

  /** Adds bytes of a pack buffer's slab that are still needed when they are written. */
  addKept(slab: Slab, start: number, end: number): void {
    this.#byteLength += end - start;
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
    this.#addChunk(bytes);
  }

  /** The chunks in the order of writing. The batch is complete after this. */
  finish(): readonly Uint8Array[] {
    this.#finishRun();
    return this.#chunks;
  }

  /** The batch is written: the pack buffer gets back what lay in its slabs. */
  releasePacked(packBuffer: PackBuffer): void {
    for (let index = 0; index < this.#packedSlabs.length; index += 1) {
      packBuffer.release(this.#packedSlabs[index]!, this.#packedBytes[index]!);
    }
  }

  #finishRun(): void {
    if (this.#run === undefined) return;
    const { buffer } = this.#run.bytes;
    this.#addChunk(new Uint8Array(buffer, this.#runStart, this.#runEnd - this.#runStart));
    if (this.#runPackedBytes > 0) {
      this.#packedSlabs.push(this.#run);
      this.#packedBytes.push(this.#runPackedBytes);
    }
    this.#run = undefined;
    this.#runPackedBytes = 0;
  }

  #addChunk(bytes: Uint8Array): void {
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.length + bytes.length <= MAX_JOINED_BYTES) {
      this.#chunks[this.#chunks.length - 1] = joinBytes(last, bytes);
    } else this.#chunks.push(bytes);
  }
}
