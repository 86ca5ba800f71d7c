import { untyped } from '@tcpcomm/test-support';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ArrayPort, type ArrayPortSource, LargeArrayTransfer } from '../src/index.ts';
import { TestPort } from './port-pair.ts';

let port: TestPort;
let transfer: LargeArrayTransfer;

beforeEach(() => {
  [port] = TestPort.pair();
  transfer = new LargeArrayTransfer(port);
});

describe('an option out of its range is refused', () => {
  it.each([
    [{ maxBytes: 0 }, 'maxBytes must be a whole number from 1 to 9007199254740991, got 0'],
    [{ maxBytes: 1.5 }, 'maxBytes must be a whole number from 1 to 9007199254740991, got 1.5'],
    [{ maxBytes: '1' }, 'maxBytes must be a whole number from 1 to 9007199254740991, got a string'],
    [
      { maxBytes: 10, maxBufferedBytes: 9 },
      'maxBufferedBytes must be a whole number from 10 to 9007199254740991, got 9',
    ],
    [{ maxBufferedBytes: 1 }, 'maxBufferedBytes must be a whole number from 1073741824 to 9007199254740991, got 1'],
    [{ maxArrays: -1 }, 'maxArrays must be a whole number from 0 to 4294967295, got -1'],
    [{ maxArrays: 2 ** 32 }, 'maxArrays must be a whole number from 0 to 4294967295, got 4294967296'],
  ])('%o', (options, message) => {
    const [other] = TestPort.pair();
    expect(() => new LargeArrayTransfer(other, untyped(options))).toThrow(new RangeError(message));
    expect(other.receiver).toBeUndefined();
  });

  it.each([
    [{ onProgress: 1 }, 'onProgress must be a function, got 1'],
    [{ onFailure: {} }, 'onFailure must be a function, got an object'],
    [null, 'options must be an object, got null'],
  ])('%o', (options, message) => {
    expect(() => new LargeArrayTransfer(port, untyped(options))).toThrow(new TypeError(message));
  });

  it.each([undefined, null, 5, {}, { send: () => {} }, { arrayPort: true }])('%o for a port', (value) => {
    expect(() => new LargeArrayTransfer(untyped(value))).toThrow(
      /^port must be a session or client of tcpcomm, or an ArrayPort, got (undefined|null|5|an object)$/,
    );
  });
});

describe('an argument of send is refused', () => {
  it.each([undefined, null, 'text', [1, 2], {}, new Map(), { [Symbol.toStringTag]: 'ArrayBuffer', byteLength: 4 }])(
    '%o for an array',
    async (array) => {
      const sent = transfer.send(untyped(array));
      await expect(sent).rejects.toThrow(TypeError);
      await expect(sent).rejects.toThrow(
        /^array must be a typed array, DataView, ArrayBuffer or SharedArrayBuffer, got /,
      );
    },
  );

  it.each([
    [{ shape: '4' }, TypeError, 'shape must be an array of numbers, got a string'],
    [{ shape: [5] }, RangeError, 'shape must have as many elements as the array, 4, got [5]'],
    [{ shape: [2, 3] }, RangeError, 'shape must have as many elements as the array, 4, got [2, 3]'],
    [{ shape: [] }, RangeError, 'shape must have as many elements as the array, 4, got []'],
    [
      { shape: [0, 2 ** 53 - 1] },
      RangeError,
      `shape must have as many elements as the array, 4, got [0, ${2 ** 53 - 1}]`,
    ],
    [{ shape: [-2, -2] }, RangeError, 'a dimension of shape must be a whole number from 0 to 9007199254740991, got -2'],
    [
      { shape: [4, undefined] },
      RangeError,
      'a dimension of shape must be a whole number from 0 to 9007199254740991, got undefined',
    ],
    [{ shape: Array(33).fill(1) }, RangeError, 'shape must have at most 32 dimensions, got 33'],
    [{ label: 5 }, TypeError, 'label must be a string, got 5'],
    [{ label: 'x'.repeat(1025) }, RangeError, 'label must have at most 1024 characters, got 1025'],
    [{ label: '\ud800' }, RangeError, 'label must be well-formed, got one with half a surrogate pair'],
    [{ signal: {} }, TypeError, 'signal must be an AbortSignal, got an object'],
    [{ onProgress: 'x' }, TypeError, 'onProgress must be a function, got a string'],
    [null, TypeError, 'options must be an object, got null'],
  ])('%o', async (options, errorClass, message) => {
    const sent = transfer.send(new Float64Array(4), untyped(options));
    await expect(sent).rejects.toThrow(errorClass);
    await expect(sent).rejects.toThrow(message);
  });
});

describe('a session', () => {
  it.each([
    [{}, 100, { priority: 'low' }],
    [
      { channel: 7, priority: 'urgent', weight: 2, bytesPerSecond: 1000, maxBytes: 5 } as const,
      7,
      { priority: 'urgent', weight: 2, bytesPerSecond: 1000 },
    ],
  ])('is asked for the port of its channel: %o', (options, channel, portOptions) => {
    const asked: unknown[] = [];
    const session: ArrayPortSource = {
      arrayPort(...details): ArrayPort {
        asked.push(details);
        return TestPort.pair()[0];
      },
    };
    new LargeArrayTransfer(session, options);
    expect(asked).toEqual([[channel, portOptions]]);
  });
});
