import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readCounter, writeCounter } from '../src/index.ts';

it.each([
  [0, '0000000000000000'],
  [1, '0000000000000001'],
  [4_294_967_295, '00000000ffffffff'],
  [4_294_967_296, '0000000100000000'],
  [9_007_199_254_740_991, '001fffffffffffff'],
])('%d is written as %s and read back', (value, hex) => {
  const bytes = new Uint8Array(8);
  writeCounter(bytes, 0, value);
  expect(Buffer.from(bytes).toString('hex')).toBe(hex);
  expect(readCounter(bytes, 0)).toBe(value);
});

it.each(['0020000000000000', '0020000000000001', 'ffffffffffffffff'])(
  '%s is refused: a double cannot count it',
  (hex) => {
    expect(() => readCounter(Buffer.from(hex, 'hex'), 0)).toThrow(
      expect.objectContaining({
        code: 'ERR_TCPCOMM_INVALID_ACKNOWLEDGEMENT',
        message: expect.stringContaining('exceeds 9007199254740991') as string,
      }),
    );
  },
);

it('any counter survives at any offset, in a view of a larger buffer too', () => {
  const property = fc.property(fc.maxSafeNat(), fc.nat(9), fc.nat(9), (value, viewOffset, offset) => {
    const memory = new Uint8Array(40);
    const view = memory.subarray(viewOffset);
    writeCounter(view, offset, value);
    expect(readCounter(view, offset)).toBe(value);
    expect(Buffer.from(memory).readBigUInt64BE(viewOffset + offset)).toBe(BigInt(value));
  });
  fc.assert(property);
});
