import { readUint16, readUint32, readUint64, writeUint16, writeUint32, writeUint64 } from './big-endian.ts';

/**
 * The messages of docs/PROTOCOL.md about arrays, but the announcement of one (announcement.ts). Every message begins with its kind and
 * the number of the array, 8 bytes in all; numbers are big-endian.
 */

export const MessageKind = {
  /** Receiver to sender: what it takes. */
  LIMITS: 0,
  /** Sender to receiver: an array begins. */
  ARRAY: 1,
  /** Sender to receiver: the next message is bytes of that array, and nothing else. */
  PIECE: 2,
  /** Sender to receiver: that array does not come. */
  ABORTED: 3,
  /** Receiver to sender: that array is not wanted. */
  REFUSED: 4,
  /** Receiver to sender: the program has that array. */
  TAKEN: 5,
} as const;
export type MessageKind = (typeof MessageKind)[keyof typeof MessageKind];

export const HEADER_BYTES = 8;
const LIMITS_BYTES = 28;
const FAILURE_BYTES = 10;
/** In UTF-16 units: what is longer is cut off, here and there. */
const MAX_SENTENCE_LENGTH = 1024;
const MAX_UTF8_BYTES_PER_UNIT = 3;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a receiver takes. */
export interface ArrayLimits {
  /** Of one array. */
  readonly maxBytes: number;
  /** Of all arrays together that its program has not taken. */
  readonly maxBufferedBytes: number;
  /** How many there may be of these; 0 for none now. */
  readonly maxArrays: number;
}

/** Why an array does not get across. */
export interface ArrayFailure {
  readonly number: number;
  readonly sentence: string;
}

export function writeHeader(bytes: Uint8Array, kind: MessageKind, id: number): void {
  writeUint64(bytes, 0, id);
  // An id is less than 2^53: the first byte is free.
  bytes[0] = kind;
}

/** A message that is only a header. */
export function encodeHeader(kind: MessageKind, id: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  writeHeader(bytes, kind, id);
  return bytes;
}

/** The number of the array; beyond 2^53 - 1 it is not exact, but no safe integer either. */
export function readId(bytes: Uint8Array): number {
  return (readUint32(bytes, 0) & 0xff_ff_ff) * 2 ** 32 + readUint32(bytes, 4);
}

export function encodeLimits({ maxBytes, maxBufferedBytes, maxArrays }: ArrayLimits): Uint8Array {
  const bytes = new Uint8Array(LIMITS_BYTES);
  writeHeader(bytes, MessageKind.LIMITS, 0);
  writeUint64(bytes, 8, maxBytes);
  writeUint64(bytes, 16, maxBufferedBytes);
  writeUint32(bytes, 24, maxArrays);
  return bytes;
}

/** Undefined for a message that is not of that form. */
export function decodeLimits(bytes: Uint8Array): ArrayLimits | undefined {
  if (bytes.length !== LIMITS_BYTES) return undefined;
  return {
    maxBytes: readUint64(bytes, 8),
    maxBufferedBytes: readUint64(bytes, 16),
    maxArrays: readUint32(bytes, 24),
  };
}

/** ABORTED or REFUSED. */
export function encodeFailure(kind: MessageKind, id: number, { number, sentence }: ArrayFailure): Uint8Array {
  const text = encoder.encode(sentence.slice(0, MAX_SENTENCE_LENGTH));
  const bytes = new Uint8Array(FAILURE_BYTES + text.length);
  writeHeader(bytes, kind, id);
  writeUint16(bytes, HEADER_BYTES, number);
  bytes.set(text, FAILURE_BYTES);
  return bytes;
}

/** Undefined for a message that is not of that form. A sentence that is not UTF-8 is for people all the same. */
export function decodeFailure(bytes: Uint8Array): ArrayFailure | undefined {
  if (bytes.length < FAILURE_BYTES) return undefined;
  // Copied: it may lie in memory that a decoder does not take, shared or resizable.
  const text = bytes.slice(FAILURE_BYTES, FAILURE_BYTES + MAX_SENTENCE_LENGTH * MAX_UTF8_BYTES_PER_UNIT);
  return {
    number: readUint16(bytes, HEADER_BYTES),
    sentence: decoder.decode(text).slice(0, MAX_SENTENCE_LENGTH),
  };
}
