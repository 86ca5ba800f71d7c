import { encodeText } from './text.ts';

/** How the values of a channel become bytes and values again. */
export interface Codec<Value> {
  /** For messages to people: what the bytes are. */
  readonly name: string;
  /** May throw, for a value that it has no form for. */
  encode(value: Value): Uint8Array;
  /** May throw, for bytes that are none of its own. */
  decode(bytes: Uint8Array): Value;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as they are. */
export const bytesCodec: Codec<Uint8Array> = {
  name: 'bytes',
  encode: (value) => {
    if (value instanceof Uint8Array) return value;
    throw new TypeError(`expected a Uint8Array, got a ${typeof value}`);
  },
  decode: (bytes) => bytes,
};

/** Text, as UTF-8. */
export const textCodec: Codec<string> = {
  name: 'UTF-8 text',
  encode: (value) => {
    if (typeof value === 'string') return encodeText(value);
    throw new TypeError(`expected a string, got a ${typeof value}`);
  },
  decode: (bytes) => decoder.decode(bytes),
};

/** What JSON has a form for, as UTF-8 (RFC 8259). What it is when it has come is not known: a schema tells, or a type that one is sure of. */
export function jsonCodec<Value = unknown>(): Codec<Value> {
  return JSON_CODEC as Codec<Value>;
}

const JSON_CODEC: Codec<unknown> = {
  name: 'JSON',
  encode: (value) => {
    // For what it has no form for it returns undefined, whatever its type says.
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return encodeText(text);
    throw new TypeError(`JSON has no form for a value of type ${typeof value}`);
  },
  decode: (bytes) => JSON.parse(decoder.decode(bytes)) as unknown,
};
