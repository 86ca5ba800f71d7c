import { type Announcement, descriptionOf } from './announcement.ts';
import type { ArrayDescription } from './array-description.ts';
import { ArrayMemory } from './array-memory.ts';
import type { LargeArray } from './array-types.ts';
import { isLittleEndian, swapElements } from './byte-order.ts';

/** An array on its way from the peer: what of it has come, in the memory where it will stay. */
export class IncomingArray {
  readonly description: ArrayDescription;
  readonly #announcement: Announcement;
  readonly #memory: ArrayMemory;
  #receivedBytes = 0;
  /** Of elements that are in the order of this machine. */
  #orderedBytes = 0;

  /** @throws RangeError where there is no memory for it */
  constructor(announcement: Announcement) {
    this.#announcement = announcement;
    this.description = descriptionOf(announcement);
    this.#memory = new ArrayMemory(announcement.byteLength, announcement.isShared);
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get missingBytes(): number {
    return this.#announcement.byteLength - this.#receivedBytes;
  }

  /**
   * Takes the next bytes, at most those that are missing.
   *
   * @throws RangeError where there is no memory for them
   */
  append(bytes: Uint8Array): void {
    this.#memory.write(bytes, this.#receivedBytes);
    this.#receivedBytes += bytes.length;
    const { elementBytes } = this.#announcement.type;
    if (elementBytes > 1 && this.#announcement.isLittleEndian !== isLittleEndian)
      this.#order(elementBytes as 2 | 4 | 8);
  }

  /** The array, of which nothing is missing. */
  complete(): LargeArray {
    const { type, byteLength } = this.#announcement;
    return type.create(this.#memory.buffer, byteLength / type.elementBytes);
  }

  free(): void {
    this.#memory.free();
  }

  /** While they are in the cache, and no array is waited for at its end. A piece may end within an element. */
  #order(elementBytes: 2 | 4 | 8): void {
    const readyBytes = this.#receivedBytes - (this.#receivedBytes % elementBytes) - this.#orderedBytes;
    swapElements(this.#memory.buffer, this.#orderedBytes, readyBytes, elementBytes);
    this.#orderedBytes += readyBytes;
  }
}
