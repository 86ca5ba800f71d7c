import {
  type ControlFrameType,
  type ControlMessage,
  COUNTER_BYTES,
  encodeControlMessage,
  encodeFrame,
  FRAME_HEADER_BYTES,
  FrameDecoder,
  type FrameHeader,
  FrameType,
  frameTypeName,
  isControlFrameType,
  MAX_FRAME_LENGTH,
  MessageFlag,
  PayloadCollector,
  readCounter,
  writeCounter,
} from '@tcpcomm/protocol';

export const NO_BYTES = new Uint8Array(0);

export function messageFrame(channel: number, payload: Uint8Array = NO_BYTES, flags: number = MessageFlag.FIN) {
  return encodeFrame(FrameType.MESSAGE, channel, flags, 0, payload);
}

export function fileDataFrame(channel: number, transferId: number, payload: Uint8Array) {
  return encodeFrame(FrameType.FILE_DATA, channel, 0, transferId, payload);
}

export function ackFrame(receivedBytes: number) {
  return encodeFrame(FrameType.ACK, 0, 0, 0, counters(receivedBytes));
}

export function creditFrame(channel: number, limitBytes: number, consumed: number, transferId = 0) {
  return encodeFrame(FrameType.CREDIT, channel, 0, transferId, counters(limitBytes, consumed));
}

export function pingFrame(payload: Uint8Array = new Uint8Array(8)) {
  return encodeFrame(FrameType.PING, 0, 0, 0, payload);
}

export function pongFrame(payload: Uint8Array = new Uint8Array(8)) {
  return encodeFrame(FrameType.PONG, 0, 0, 0, payload);
}

export function controlFrame<Type extends ControlFrameType>(type: Type, message: ControlMessage<Type>, transferId = 0) {
  return encodeFrame(type, 0, 0, transferId, encodeControlMessage(type, message));
}

/** GOAWAY as an ordinary goodbye. */
export function goodbyeFrame(received: Record<string, number> = {}) {
  return controlFrame(FrameType.GOAWAY, { code: 0, message: 'bye', received });
}

/** A frame with a text as its payload: for what is no JSON, or none of the right shape. */
export function textFrame(type: number, text: string, transferId = 0) {
  return encodeFrame(type, 0, 0, transferId, new TextEncoder().encode(text));
}

/** Only the header of a frame that announces this length. */
export function headerOf(type: number, length: number, channel = 0) {
  const frame = encodeFrame(type, channel, 0, 0, NO_BYTES);
  frame.set([length >>> 16, length >>> 8, length]);
  return frame;
}

export function joinBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** One frame as it travelled. */
export interface SeenFrame {
  readonly type: number;
  readonly channel: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
  /** Header included. */
  readonly frameBytes: number;
}

/** Reads whole frames out of the bytes of one direction, however they are cut. */
export class FrameReader {
  readonly #decoder = new FrameDecoder(MAX_FRAME_LENGTH);
  readonly #collector = new PayloadCollector();

  read(bytes: Uint8Array): SeenFrame[] {
    const frames: SeenFrame[] = [];
    this.#decoder.decode(bytes, {
      onFrame: (header: FrameHeader, piece, position) => {
        this.#collector.append(piece);
        if (position + piece.length < header.length) return;
        const payload = this.#collector.take();
        frames.push({ ...header, payload: payload.slice(), frameBytes: FRAME_HEADER_BYTES + header.length });
      },
    });
    return frames;
  }
}

export function countersOf(frame: SeenFrame): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < frame.payload.length; at += COUNTER_BYTES) numbers.push(readCounter(frame.payload, at));
  return numbers;
}

export function jsonOf(frame: SeenFrame): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(frame.payload)) as Record<string, unknown>;
}

/**
 * A frame in a few words, for expectations: `MESSAGE 7 FIN 12` (channel, flags, payload bytes), `ACK 4096`, `CREDIT 7 65544 1`,
 * `FILE_DATA #1 100` (transfer, payload bytes), `GOAWAY 0` and the like with their code.
 */
export function describeFrame(frame: SeenFrame): string {
  const { type, channel, flags, stream, payload } = frame;
  const words: (string | number)[] = [frameTypeName(type)];
  if (channel > 0 && stream === 0) words.push(channel);
  if (stream > 0) words.push(`#${stream}`);
  if (type === FrameType.MESSAGE) {
    if ((flags & MessageFlag.FIN) !== 0) words.push('FIN');
    if ((flags & MessageFlag.CONFIRM) !== 0) words.push('CONFIRM');
    words.push(payload.length);
  } else if (type === FrameType.FILE_DATA) words.push(payload.length);
  else if (type === FrameType.ACK || type === FrameType.CREDIT) words.push(...countersOf(frame));
  else if (isControlFrameType(type)) {
    const { code, offsetBytes, prefixHash } = jsonOf(frame);
    if (typeof code === 'number') words.push(code);
    if (prefixHash !== undefined) words.push('from', Number(offsetBytes), 'behind', prefixHash as string);
  }
  return words.join(' ');
}

function counters(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * COUNTER_BYTES);
  for (const [index, value] of values.entries()) writeCounter(bytes, index * COUNTER_BYTES, value);
  return bytes;
}
