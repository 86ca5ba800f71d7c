/** The same header as ours: length u24, type u8, channel u8, flags u8, stream u16. */
export const RAW_HEADER_BYTES = 8;

export function writeRawHeader(target: Buffer, offset: number, length: number, type: number): void {
  target.writeUInt32BE(((length << 8) | type) >>> 0, offset);
  target.writeUInt32BE(0x01_01_00_00, offset + 4);
}

/** A frame around a payload. */
export function createRawFrame(type: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(RAW_HEADER_BYTES + payload.length);
  writeRawHeader(frame, 0, payload.length, type);
  frame.set(payload, RAW_HEADER_BYTES);
  return frame;
}

/**
 * The least that a program over raw `node:net` does to get its small messages back out of the bytes: finds where each begins
 * and ends. Nothing is allocated for a frame; the handler looks at the bytes, from the payload's start to its end, at once.
 */
export class RawFrameReader {
  readonly #handleFrame: (type: number, bytes: Uint8Array, start: number, end: number) => void;
  /** A frame that began in one chunk and goes on in the next. */
  readonly #split: Uint8Array;
  #splitLength = 0;

  constructor(
    maxPayloadBytes: number,
    handleFrame: (type: number, bytes: Uint8Array, start: number, end: number) => void,
  ) {
    this.#split = new Uint8Array(RAW_HEADER_BYTES + maxPayloadBytes);
    this.#handleFrame = handleFrame;
  }

  read(bytes: Uint8Array): void {
    let start = this.#splitLength === 0 ? 0 : this.#completeSplit(bytes);
    for (; start + RAW_HEADER_BYTES <= bytes.length;) {
      const end = start + frameLength(bytes, start);
      if (end > bytes.length) break;
      this.#handleFrame(bytes[start + 3]!, bytes, start + RAW_HEADER_BYTES, end);
      start = end;
    }
    if (start < bytes.length) this.#keep(bytes, start, bytes.length);
  }

  /** Returns where the next frame begins in the chunk. */
  #completeSplit(bytes: Uint8Array): number {
    const inHeader = Math.max(0, RAW_HEADER_BYTES - this.#splitLength);
    let start = Math.min(inHeader, bytes.length);
    this.#keep(bytes, 0, start);
    if (this.#splitLength < RAW_HEADER_BYTES) return start;
    const length = frameLength(this.#split, 0);
    const end = Math.min(start + length - this.#splitLength, bytes.length);
    this.#keep(bytes, start, end);
    start = end;
    if (this.#splitLength < length) return start;
    this.#splitLength = 0;
    this.#handleFrame(this.#split[3]!, this.#split, RAW_HEADER_BYTES, length);
    return start;
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    this.#split.set(bytes.subarray(start, end), this.#splitLength);
    this.#splitLength += end - start;
  }
}

function frameLength(bytes: Uint8Array, start: number): number {
  return RAW_HEADER_BYTES + ((bytes[start]! << 16) | (bytes[start + 1]! << 8) | bytes[start + 2]!);
}
