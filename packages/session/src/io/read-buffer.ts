import { markAsUntransferable } from 'node:worker_threads';
import { allocateForReceived } from './memory.ts';

const MIN_READ_BYTES = 4_096;
/**
 * As much as the kernel has in one piece at most. A read that wants more holds the socket while the next pieces come in, which then
 * have to be taken in by the reader: measured over loopback, the sender used twice the CPU time for it, and half as much got through.
 */
export const MAX_READ_BYTES = 65_536;
const GROWTH = 4;
/** So many small reads in a row give the memory of large ones back. */
const SMALL_READS_TO_SHRINK = 64;

/**
 * Where a socket is to put what it reads next. What nobody keeps is overwritten by the next read, which spares the garbage
 * collector most of its work; what became messages is given away with them, and the reading goes on behind it.
 *
 * It begins small, for the many connections that are idle, and follows the size of the reads.
 */
export class ReadBuffer {
  #memory: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** Where the next read goes. */
  #offset = 0;
  #readBytes = MIN_READ_BYTES;
  #smallReads = 0;

  /** The room for the next read. */
  get room(): Uint8Array<ArrayBuffer> {
    if (this.#memory.length - this.#offset < this.#readBytes / 2) {
      this.#memory = allocateForReceived(this.#readBytes);
      // Who transferred a message to a worker would take away what the system is about to read to.
      markAsUntransferable(this.#memory.buffer);
      this.#offset = 0;
    }
    return this.#offset === 0 ? this.#memory : this.#memory.subarray(this.#offset);
  }

  /**
   * So much was read to the beginning of `room`.
   *
   * @param roomBytes how much of it was offered for that
   * @param isKept whether it must stay as it is
   */
  handleRead(byteLength: number, roomBytes: number, isKept: boolean): void {
    const wasRoomy = roomBytes >= this.#readBytes / 2;
    if (wasRoomy && byteLength === roomBytes) this.#resize(this.#readBytes * GROWTH);
    else if (wasRoomy) this.#countSmall(byteLength * GROWTH * GROWTH < this.#readBytes);
    if (isKept) this.#offset = Math.min(this.#memory.length, this.#offset + byteLength);
  }

  #countSmall(isSmall: boolean): void {
    this.#smallReads = isSmall ? this.#smallReads + 1 : 0;
    if (this.#smallReads === SMALL_READS_TO_SHRINK) this.#resize(this.#readBytes / GROWTH);
  }

  #resize(byteLength: number): void {
    this.#smallReads = 0;
    const readBytes = Math.min(MAX_READ_BYTES, Math.max(MIN_READ_BYTES, byteLength));
    if (readBytes === this.#readBytes) return;
    this.#readBytes = readBytes;
    // The next read gets memory of the new size.
    this.#offset = this.#memory.length;
  }
}
