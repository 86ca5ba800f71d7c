import { Packr } from 'msgpackr';

/** How the values of a typed channel become bytes and values again, as `session.channel(5, { codec })` takes it. */
export interface MsgpackCodec<Value> {
  readonly name: string;
  encode(value: Value): Uint8Array;
  decode(bytes: Uint8Array): Value;
}

/**
 * MessagePack (https://msgpack.org), without extensions of our own: any other implementation reads it. Beside what JSON has it carries bytes, dates,
 * bigints of 64 bits, Map and Set as what they stand for in the format. What a value is when it has come is not known: a schema tells, or a type
 * that one is sure of.
 */
export function msgpackCodec<Value = unknown>(): MsgpackCodec<Value> {
  return CODEC as MsgpackCodec<Value>;
}

// Records are an extension that others do not read. Bytes are copied, for those that were received may be lent.
const packr = new Packr({ useRecords: false, variableMapSize: true, copyBuffers: true });

const CODEC: MsgpackCodec<unknown> = {
  name: 'MessagePack',
  encode: (value) => packr.pack(value),
  decode: (bytes) => packr.unpack(bytes) as unknown,
};
