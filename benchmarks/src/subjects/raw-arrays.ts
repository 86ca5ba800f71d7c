import { allocateArray } from './array-load.ts';
import { READ_BUFFER_BYTES } from './net-connection.ts';

const HEADER_BYTES = 8;
/** How much is read straight to where it belongs at once: takes less CPU than 64 KiB do; more is no better. */
const READ_BYTES = 262_144;

/** What is written before an array: how many bytes it has. */
export function createArrayHeader(arrayBytes: number): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeDoubleBE(arrayBytes);
  return header;
}

/**
 * The best that a program over raw `node:net` does to get arrays back out of the bytes, each in memory of its own. What is small is read many
 * at once and copied; of a large array all but the beginning and the end is read straight to its place.
 */
export class RawArrayReader {
  readonly #handleArray: (array: Float64Array) => void;
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #memory: Uint8Array<ArrayBuffer> | undefined;
  #filledBytes = 0;

  constructor(handleArray: (array: Float64Array) => void) {
    this.#handleArray = handleArray;
  }

  /** Where the next bytes are to be read to. */
  roomForNext(): Uint8Array {
    const isMuchMissing = this.#memory && this.#memory.length - this.#filledBytes >= this.#buffer.length;
    if (!isMuchMissing) return this.#buffer;
    return this.#memory!.subarray(this.#filledBytes, this.#filledBytes + READ_BYTES);
  }

  /** @param bytes in the room that they were given, or anywhere else */
  read(bytes: Uint8Array): void {
    if (bytes.buffer === this.#memory?.buffer) {
      this.#handleFilled(this.#memory, bytes.length);
      return;
    }
    for (let at = 0; at < bytes.length;) {
      at += this.#memory ? this.#copy(this.#memory, bytes, at) : this.#readHeader(bytes, at);
    }
  }

  /** Returns how many bytes it took. */
  #readHeader(bytes: Uint8Array, at: number): number {
    const part = bytes.subarray(at, at + HEADER_BYTES - this.#headerBytes);
    this.#header.set(part, this.#headerBytes);
    this.#headerBytes += part.length;
    if (this.#headerBytes === HEADER_BYTES) {
      this.#headerBytes = 0;
      this.#memory = allocateArray(this.#header.readDoubleBE());
    }
    return part.length;
  }

  /** Returns how many bytes it took. */
  #copy(memory: Uint8Array<ArrayBuffer>, bytes: Uint8Array, at: number): number {
    const part = bytes.subarray(at, at + memory.length - this.#filledBytes);
    memory.set(part, this.#filledBytes);
    this.#handleFilled(memory, part.length);
    return part.length;
  }

  #handleFilled(memory: Uint8Array<ArrayBuffer>, length: number): void {
    this.#filledBytes += length;
    if (this.#filledBytes < memory.length) return;
    this.#filledBytes = 0;
    this.#memory = undefined;
    this.#handleArray(new Float64Array(memory.buffer));
  }
}
