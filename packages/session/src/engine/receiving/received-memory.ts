/** Messages up to this size are copied where what they arrive in is for the most part something else, such as a file. */
const MAX_COPIED_BYTES = 2_048;
const MIN_MESSAGE_PART = 1 / 4;

/**
 * Decides which messages are handed over as views of the memory that they were received in, which then belongs to them. A copy
 * of each would cost a receiver of many small ones its speed; a view of a few bytes would keep all of a file's around it in memory.
 * What came last tells what to expect.
 */
export class ReceivedMemory {
  #isKept = false;
  #messageBytes = 0;
  #copiesSmall = false;

  /** Whether a message is a view of what was received last. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /** Something has been received. */
  begin(): void {
    this.#isKept = false;
    this.#messageBytes = 0;
  }

  /** Something still needs what was received last. */
  keep(): void {
    this.#isKept = true;
  }

  /** The bytes to hand over for a message that lies in what was received. */
  handOver(bytes: Uint8Array): Uint8Array {
    this.#messageBytes += bytes.length;
    if (this.#copiesSmall && bytes.length <= MAX_COPIED_BYTES) return bytes.slice();
    this.#isKept = true;
    return bytes;
  }

  /** All of it, so many bytes, has been handled. */
  end(receivedBytes: number): void {
    this.#copiesSmall = this.#messageBytes < receivedBytes * MIN_MESSAGE_PART;
  }
}
