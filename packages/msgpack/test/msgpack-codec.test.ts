import fc from 'fast-check';
import { expect, it } from 'vitest';
import { msgpackCodec } from '../src/index.ts';

const codec = msgpackCodec();

it('gives back what it was given: what JSON has, and bytes, dates and bigints', () => {
  const value = {
    text: 'hé, 世界',
    numbers: [0, -1, 1.5, 2 ** 40],
    large: 2n ** 60n,
    bytes: Uint8Array.of(1, 2, 3),
    at: new Date(1_700_000_000_123),
    nothing: null,
    nested: { list: [true, false] },
  };
  const { bytes, ...rest } = codec.decode(codec.encode(value)) as typeof value;
  expect(rest).toEqual({ ...value, bytes: undefined });
  expect([...bytes]).toEqual([1, 2, 3]);
});

it('writes the format as it is specified, so that others read it', () => {
  expect([...codec.encode({ a: 1, b: [true, null] })]).toEqual([0x82, 0xa1, 0x61, 1, 0xa1, 0x62, 0x92, 0xc3, 0xc0]);
});

it('keeps no part of the bytes that it has read', () => {
  const encoded = Uint8Array.from(codec.encode({ bytes: Uint8Array.of(1, 2, 3) }));
  const { bytes } = codec.decode(encoded) as { bytes: Uint8Array };
  encoded.fill(0);
  expect([...bytes]).toEqual([1, 2, 3]);
});

it('keeps its hands off what it has written', () => {
  const first = codec.encode({ text: 'one' });
  const copy = Uint8Array.from(first);
  for (let at = 0; at < 1_000; at += 1) codec.encode({ text: 'another', at });
  expect([...first]).toEqual([...copy]);
});

it('reads any bytes, or throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
      try {
        codec.decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
  );
  expect(() => codec.decode(Uint8Array.of(0x92, 1))).toThrow();
});

it('pollutes no prototype', () => {
  const hostile = codec.encode(JSON.parse('{"__proto__":{"polluted":true}}'));
  codec.decode(hostile);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});
