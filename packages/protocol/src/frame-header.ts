/** A frame begins with 8 bytes, big-endian: `length u24 | type u8 | channel u8 | flags u8 | stream u16`. */
export const FRAME_HEADER_BYTES = 8;

export interface FrameHeader {
  /** Bytes of the payload that follows. */
  readonly length: number;
  /** A `FrameType`, or a number that this version does not know. */
  readonly type: number;
  readonly channel: number;
  readonly flags: number;
  /** The id of the transfer that the frame belongs to, 0 for none. */
  readonly stream: number;
}

/** Writes a header of 8 bytes at `offset`. The caller has checked that every number fits its field. */
export function writeFrameHeader(
  target: Uint8Array,
  offset: number,
  length: number,
  type: number,
  channel: number,
  flags: number,
  stream: number,
): void {
  target[offset] = length >>> 16;
  target[offset + 1] = length >>> 8;
  target[offset + 2] = length;
  target[offset + 3] = type;
  target[offset + 4] = channel;
  target[offset + 5] = flags;
  target[offset + 6] = stream >>> 8;
  target[offset + 7] = stream;
}

/** A whole frame in memory of its own. For the rare frames; hot ones are packed by the engine. */
export function encodeFrame(
  type: number,
  channel: number,
  flags: number,
  stream: number,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  writeFrameHeader(frame, 0, payload.length, type, channel, flags, stream);
  frame.set(payload, FRAME_HEADER_BYTES);
  return frame;
}
