import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeConsumed,
  decodeFailure,
  decodeRequestHead,
  encodeConsumed,
  encodeFailure,
  encodeRequestHead,
  ProtocolError,
  REQUEST_HEAD_BYTES,
  requestBody,
  RequestMessage,
} from '../src/index.ts';

const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** Somewhere in memory that has more in front of it. */
function messageOf(kind: RequestMessage, id: number, body: Uint8Array, offset: number): Uint8Array {
  const memory = new Uint8Array(offset + REQUEST_HEAD_BYTES + body.length);
  memory.set(encodeRequestHead(kind, id), offset);
  memory.set(body, offset + REQUEST_HEAD_BYTES);
  return memory.subarray(offset);
}

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
        const message = messageOf(what, number, bytes, offset);
        expect(decodeRequestHead(message)).toEqual({ kind: what, id: number });
        expect([...requestBody(message)]).toEqual([...bytes]);
      }),
    );
  });

  it('begins with its kind and seven bytes of its number', () => {
    expect([...encodeRequestHead(RequestMessage.REPLY, 0x01_02_03_04_05_06)]).toEqual([3, 0, 1, 2, 3, 4, 5, 6]);
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
    const failure = decodeFailure(encodeFailure({ code: 96, message: 'm'.repeat(2_000), reason: 'r'.repeat(100) }));
    expect(failure).toEqual({ code: 96, message: 'm'.repeat(1_024), reason: 'r'.repeat(64) });
    expect(decodeFailure(encodeFailure({ code: 97, message: '' }))).toEqual({ code: 97, message: '' });
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
  expect(decodeConsumed(encodeConsumed(2 ** 40))).toBe(2 ** 40);
  expect(() => decodeConsumed(new Uint8Array(9))).toThrow('a counter of 9 bytes, expected 8');
});
