import { joinBytes } from '../engine/join-bytes.ts';
import { allocateMemory } from '../io/memory.ts';
import { fillYoungGeneration } from '../io/young-generation.ts';

/** Up to this size messages are copied, one behind the other: a post costs more than that. */
const MAX_PACKED_BYTES = 16_384;
const FIRST_PACK_BYTES = 4_096;
const NO_BYTES = new Uint8Array(0);

/** What of a message crosses beside its bytes. */
export interface BatchedMessage {
  readonly channel: number;
  readonly bytes: Uint8Array;
  /** Of the call that waits for its consumption; 0 if none does. */
  readonly callId: number;
}

/** Messages on their way from one thread to another, in their order. */
export interface MessageBatch {
  /** Channel, length, and call of each, one message after the other. */
  readonly table: readonly number[];
  /** The small ones. */
  readonly packed: Uint8Array<ArrayBuffer>;
  /** The others. */
  readonly large: readonly Uint8Array[];
}

/**
 * Gathers the messages of one turn of the event loop, so that many small ones cross in one post. Their memory is the receiver's then: small ones are
 * copied, a larger one too if its memory is not given away with it. Shared memory is not copied.
 */
export class MessageBatcher {
  #table: number[] = [];
  #large: Uint8Array[] = [];
  #packed = new Uint8Array(0);
  /** How much of it is filled. */
  #packedBytes = 0;
  /** As much as last time, or each turn would begin with copying from small memory to larger. */
  #nextPackBytes = FIRST_PACK_BYTES;
  #byteLength = 0;

  get isEmpty(): boolean {
    return this.#table.length === 0;
  }

  /** Of the messages gathered so far. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /**
   * @param isGiven whether the memory may be taken, if the message has it for itself
   * @param head what the message begins with, in front of the bytes
   */
  add(channel: number, bytes: Uint8Array, callId: number, isGiven: boolean, head: Uint8Array = NO_BYTES): void {
    const messageBytes = head.length + bytes.length;
    this.#table.push(channel, messageBytes, callId);
    this.#byteLength += messageBytes;
    if (messageBytes <= MAX_PACKED_BYTES) {
      this.#pack(head);
      this.#pack(bytes);
      return;
    }
    const isTaken = head.length === 0 && (isShared(bytes) || (isGiven && isWhole(bytes)));
    this.#large.push(isTaken ? bytes : joinBytes(head, bytes, allocateMemory(messageBytes)));
  }

  /** What has been gathered, and the memory that goes with it. */
  take(): { readonly batch: MessageBatch; readonly transferred: ArrayBuffer[] } {
    const packed = this.#packed.subarray(0, this.#packedBytes);
    const batch = { table: this.#table, packed, large: this.#large };
    const own = this.#large.filter((bytes) => !isShared(bytes)).map(({ buffer }) => buffer as ArrayBuffer);
    this.#nextPackBytes = Math.max(FIRST_PACK_BYTES, this.#packedBytes);
    this.#table = [];
    this.#large = [];
    this.#packed = new Uint8Array(0);
    this.#packedBytes = 0;
    this.#byteLength = 0;
    return { batch, transferred: packed.length > 0 ? [...own, packed.buffer] : own };
  }

  #pack(bytes: Uint8Array): void {
    const neededBytes = this.#packedBytes + bytes.length;
    if (neededBytes > this.#packed.length) {
      const grown = new Uint8Array(Math.max(neededBytes, this.#packed.length * 2, this.#nextPackBytes));
      grown.set(this.#packed.subarray(0, this.#packedBytes));
      this.#packed = grown;
    }
    this.#packed.set(bytes, this.#packedBytes);
    this.#packedBytes = neededBytes;
  }
}

/** The messages of a batch that has come, in their order. */
export function* messagesOf({ table, packed, large }: MessageBatch): Generator<BatchedMessage, void, void> {
  let [packedAt, largeAt] = [0, 0];
  fillYoungGeneration(packed.length);
  for (let at = 0; at < table.length; at += 3) {
    const [channel, length, callId] = [table[at]!, table[at + 1]!, table[at + 2]!];
    if (length > MAX_PACKED_BYTES) {
      const bytes = large[largeAt]!;
      if (!isShared(bytes)) fillYoungGeneration(length);
      yield { channel, bytes, callId };
      largeAt += 1;
    } else {
      yield { channel, bytes: packed.subarray(packedAt, packedAt + length), callId };
      packedAt += length;
    }
  }
}

function isShared({ buffer }: Uint8Array): boolean {
  return buffer instanceof SharedArrayBuffer;
}

/** Whether its memory is its own, all of it. */
function isWhole({ byteLength, buffer }: Uint8Array): boolean {
  return byteLength === buffer.byteLength;
}
