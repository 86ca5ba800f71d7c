import * as v from 'valibot';
import { COUNTER_BYTES, readCounter, readUint32, writeCounter } from './counters.ts';
import { ProtocolError } from './errors.ts';
import { WireError } from './wire-error.ts';

/**
 * What travels on the lanes of requests and of replies (docs/PROTOCOL.md §7.5): a head of 8 bytes, which says what it is and which request it
 * belongs to, and a body.
 */
export const RequestMessage = {
  /** Asks for one reply. On the lane of requests. */
  REQUEST: 1,
  /** Asks for a reply that may come in items. On the lane of requests. */
  STREAM_REQUEST: 2,
  /** The reply, whole. This and all others: on the lane of replies. */
  REPLY: 3,
  /** One item of a reply. */
  ITEM: 4,
  /** There are no more items. */
  END: 5,
  /** There is no reply. */
  FAILED: 6,
  /** From who asked: no longer wants a reply. */
  CANCEL: 7,
  /** From who asked: how far items have been consumed. */
  CONSUMED: 8,
} as const;

export type RequestMessage = (typeof RequestMessage)[keyof typeof RequestMessage];

/** Bytes of the head: one says what it is, seven are the number of the request. */
export const REQUEST_HEAD_BYTES = 8;
/** Bytes of items, each counted as its body and the head, that may be on their way before the first is consumed. */
export const REPLY_WINDOW_BYTES = 262_144;

const MAX_SENTENCE_LENGTH = 1_024;
const MAX_REASON_LENGTH = 64;
const KIND_SHIFT = 2 ** 24;
const HIGH_WORD = 2 ** 32;

const failureSchema = v.object({
  code: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff)),
  message: v.pipe(v.string(), v.maxLength(MAX_SENTENCE_LENGTH)),
  /** What the handler calls it, for programs. */
  reason: v.optional(v.pipe(v.string(), v.maxLength(MAX_REASON_LENGTH))),
});

/** Why there is no reply. */
export type RequestFailure = v.InferOutput<typeof failureSchema>;

/** What a message on these lanes says before its body. */
export interface RequestHead {
  readonly kind: number;
  /** From 1 on: who asks numbers its requests, each channel for itself. */
  readonly id: number;
}

/** What a message begins with; its body follows. */
export function encodeRequestHead(kind: RequestMessage, id: number): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(REQUEST_HEAD_BYTES);
  writeCounter(head, 0, id);
  head[0] = kind;
  return head;
}

/** The body of a FAILED. */
export function encodeFailure({ code, message, reason }: RequestFailure): Uint8Array<ArrayBuffer> {
  const failure = {
    code,
    message: message.slice(0, MAX_SENTENCE_LENGTH),
    ...(reason !== undefined && { reason: reason.slice(0, MAX_REASON_LENGTH) }),
  };
  return new TextEncoder().encode(JSON.stringify(failure));
}

/** The body of a CONSUMED. */
export function encodeConsumed(consumedBytes: number): Uint8Array<ArrayBuffer> {
  const counter = new Uint8Array(COUNTER_BYTES);
  writeCounter(counter, 0, consumedBytes);
  return counter;
}

/** @throws ProtocolError for a message without a whole head */
export function decodeRequestHead(bytes: Uint8Array): RequestHead {
  if (bytes.length < REQUEST_HEAD_BYTES)
    throw invalid(`${bytes.length} bytes, expected at least ${REQUEST_HEAD_BYTES}`);
  const id = (readUint32(bytes, 0) % KIND_SHIFT) * HIGH_WORD + readUint32(bytes, 4);
  if (id === 0 || !Number.isSafeInteger(id)) throw invalid(`number ${id}, expected 1 to ${Number.MAX_SAFE_INTEGER}`);
  return { kind: bytes[0]!, id };
}

/** What follows the head: a view. */
export function requestBody(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + REQUEST_HEAD_BYTES, bytes.length - REQUEST_HEAD_BYTES);
}

/** @throws ProtocolError for a body that is no failure */
export function decodeFailure(body: Uint8Array): RequestFailure {
  const result = v.safeParse(failureSchema, parse(body));
  if (result.success) return result.output;
  throw invalid(`a failure that is none: ${result.issues[0].message}`);
}

/** @throws ProtocolError for a body that is no counter */
export function decodeConsumed(body: Uint8Array): number {
  if (body.length !== COUNTER_BYTES) throw invalid(`a counter of ${body.length} bytes, expected ${COUNTER_BYTES}`);
  return readCounter(body, 0);
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw invalid('a failure that is not JSON in UTF-8', cause);
  }
}

function invalid(detail: string, cause?: unknown): ProtocolError {
  return new ProtocolError(WireError.INVALID_MESSAGE, `message of a request: ${detail}`.slice(0, MAX_SENTENCE_LENGTH), {
    ...(cause !== undefined && { cause }),
  });
}
