import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeConsumed,
  decodeFailure,
  decodeRequestHead,
  encodeConsumed,
  encodeFailure,
  encodeRequestMessage,
  ProtocolError,
  requestBody,
  RequestMessage,
} from '../src/index.ts';

const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe('a message of a request', () => {
  it('is what was encoded, wherever it lies', () => {
    const kind = fc.constantFrom(...Object.values(RequestMessage));
    const id = fc.oneof(
      fc.constantFrom(1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
      fc.maxSafeNat().map((n) => n + 1),
    );
    const body = fc.uint8Array({ maxLength: 20 });
    fc.assert(
      fc.property(kind, id.filter(Number.isSafeInteger), body, fc.nat({ max: 9 }), (what, number, bytes, offset) => {
        const encoded = encodeRequestMessage(what, number, bytes);
        const moved = new Uint8Array(offset + encoded.length);
        moved.set(encoded, offset);
        const message = moved.subarray(offset);
        expect(decodeRequestHead(message)).toEqual({ kind: what, id: number });
        expect([...requestBody(message)]).toEqual([...bytes]);
      }),
    );
  });

  it('has a copy of its body', () => {
    const body = Uint8Array.of(1, 2, 3);
    const message = encodeRequestMessage(RequestMessage.REQUEST, 1, body);
    body.fill(9);
    expect([...message]).toEqual([1, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3]);
  });

  it.each([
    ['no whole head', new Uint8Array(7), '7 bytes, expected at least 8'],
    ['the number 0', Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), 'number 0, expected 1 to 9007199254740991'],
    ['a number above 2^53 - 1', Uint8Array.of(1, 0x20, 0, 0, 0, 0, 0, 0), 'number 9007199254740992, expected'],
  ])('with %s is refused', (_what, bytes, message) => {
    expect(() => decodeRequestHead(bytes)).toThrow(ProtocolError);
    expect(() => decodeRequestHead(bytes)).toThrow(message);
  });
});

describe('a failure', () => {
  it('is what was encoded, cut to what may be said', () => {
    const encoded = encodeFailure(5, { code: 96, message: 'm'.repeat(2_000), reason: 'r'.repeat(100) });
    expect(decodeRequestHead(encoded)).toEqual({ kind: RequestMessage.FAILED, id: 5 });
    const failure = decodeFailure(requestBody(encoded));
    expect(failure).toEqual({ code: 96, message: 'm'.repeat(1_024), reason: 'r'.repeat(64) });
    expect(decodeFailure(requestBody(encodeFailure(5, { code: 97, message: '' })))).toEqual({ code: 97, message: '' });
  });

  it.each([
    ['no JSON', Uint8Array.of(0x7b)],
    ['no UTF-8', Uint8Array.of(0xff)],
    ['no object', bytesOf(1)],
    ['no code', bytesOf({ message: '' })],
    ['a code out of range', bytesOf({ code: 65_536, message: '' })],
    ['a message that is too long', bytesOf({ code: 1, message: 'x'.repeat(1_025) })],
    ['a reason that is no text', bytesOf({ code: 1, message: '', reason: 1 })],
  ])('with %s is refused', (_what, body) => {
    expect(() => decodeFailure(body)).toThrow(ProtocolError);
    expect(() => decodeFailure(body)).toThrow('message of a request: a failure that is');
  });
});

it('consumption is a counter, and nothing else', () => {
  const encoded = encodeConsumed(3, 2 ** 40);
  expect(decodeRequestHead(encoded)).toEqual({ kind: RequestMessage.CONSUMED, id: 3 });
  expect(decodeConsumed(requestBody(encoded))).toBe(2 ** 40);
  expect(() => decodeConsumed(new Uint8Array(9))).toThrow('a counter of 9 bytes, expected 8');
});
