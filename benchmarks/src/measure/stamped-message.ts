/** Bytes of a small message: when it was handed over, its number, and, in the last one, how many there were. */
export const STAMPED_MESSAGE_BYTES = 32;

const NUMBER_OFFSET = 8;
const TOTAL_OFFSET = 12;

export interface Stamp {
  /** On the machine's monotonic clock, which all its processes have in common, in whatever network they are. */
  readonly sentMs: number;
  /** From 1. */
  readonly number: number;
  /** How many have been sent, in the last one; 0 in the others. */
  readonly total: number;
}

/** The machine's monotonic clock, in milliseconds. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function writeStampedMessage(stamp: Stamp): Buffer {
  const message = Buffer.alloc(STAMPED_MESSAGE_BYTES);
  writeStamp(message, stamp);
  return message;
}

/** Writes it to the beginning of a message, which may be longer. */
export function writeStamp(message: Buffer, { sentMs, number, total }: Stamp): void {
  message.writeDoubleBE(sentMs);
  message.writeUInt32BE(number, NUMBER_OFFSET);
  message.writeUInt32BE(total, TOTAL_OFFSET);
}

export function readStampedMessage(bytes: Uint8Array): Stamp {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    sentMs: view.getFloat64(0),
    number: view.getUint32(NUMBER_OFFSET),
    total: view.getUint32(TOTAL_OFFSET),
  };
}

/** Finds the messages in a stream that has no borders. */
export class StampedMessageReader {
  readonly #handleMessage: (bytes: Uint8Array) => void;
  readonly #message = new Uint8Array(STAMPED_MESSAGE_BYTES);
  #length = 0;

  constructor(handleMessage: (bytes: Uint8Array) => void) {
    this.#handleMessage = handleMessage;
  }

  read(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length;) {
      const part = bytes.subarray(start, start + STAMPED_MESSAGE_BYTES - this.#length);
      this.#message.set(part, this.#length);
      this.#length += part.length;
      start += part.length;
      if (this.#length < STAMPED_MESSAGE_BYTES) return;
      this.#length = 0;
      this.#handleMessage(this.#message);
    }
  }
}
