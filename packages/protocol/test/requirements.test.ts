import { describe, expect, it } from 'vitest';
import {
  requireBoolean,
  requireBytes,
  requireChannel,
  requireDurationMs,
  requireFunction,
  requireInteger,
  requireNumber,
  requireOneOf,
  requireOptions,
  requireRate,
  requireSignal,
  requireText,
  UsageError,
} from '../src/index.ts';

interface Requirement {
  readonly name: string;
  readonly check: (value: unknown) => void;
  readonly accepted: readonly unknown[];
  /** Each value, and how the message goes on behind `got `. */
  readonly refused: readonly (readonly [unknown, string])[];
  readonly message: string;
}

const requirements: readonly Requirement[] = [
  {
    name: 'requireInteger',
    check: (value) => requireInteger('threads', value, 0, 64),
    accepted: [0, 1, 64],
    refused: [
      [-1, '-1'],
      [65, '65'],
      [1.5, '1.5'],
      [NaN, 'NaN'],
      [Infinity, 'Infinity'],
      ['1', '"1"'],
      [1n, 'a bigint'],
      [null, 'null'],
      [undefined, 'undefined'],
    ],
    message: 'threads must be a whole number from 0 to 64',
  },
  {
    name: 'requireDurationMs',
    check: (value) => requireDurationMs('timeoutMs', value),
    accepted: [0, 0.5, 30_000, Infinity],
    refused: [
      [-1, '-1'],
      [NaN, 'NaN'],
      [-Infinity, '-Infinity'],
      ['5s', '"5s"'],
      [undefined, 'undefined'],
    ],
    message: 'timeoutMs must be a number of milliseconds from 0 to Infinity',
  },
  {
    name: 'requireRate',
    check: (value) => requireRate('bytesPerSecond', value),
    accepted: [0, -0, 1, 1.5, 9_000_000, Infinity],
    refused: [
      [0.5, '0.5'],
      [0.999, '0.999'],
      [-1, '-1'],
      [-Infinity, '-Infinity'],
      [NaN, 'NaN'],
      ['1', '"1"'],
      [1n, 'a bigint'],
      [null, 'null'],
      [undefined, 'undefined'],
    ],
    message: 'bytesPerSecond must be a number of bytes a second from 1 to Infinity, or 0 for no limit',
  },
  {
    name: 'requireNumber',
    check: (value) => requireNumber('weight', value, 0.01, 100),
    accepted: [0.01, 0.5, 1, 100],
    refused: [
      [0.009, '0.009'],
      [0, '0'],
      [-1, '-1'],
      [100.1, '100.1'],
      [NaN, 'NaN'],
      [Infinity, 'Infinity'],
      ['1', '"1"'],
      [undefined, 'undefined'],
    ],
    message: 'weight must be a number from 0.01 to 100',
  },
  {
    name: 'requireChannel',
    check: (value) => requireChannel(value),
    accepted: [1, 250],
    refused: [
      [0, '0'],
      [251, '251'],
      [7.5, '7.5'],
      ['7', '"7"'],
    ],
    message: 'channel must be a whole number from 1 to 250',
  },
  {
    name: 'requireBytes',
    check: (value) => requireBytes('bytes', value),
    accepted: [new Uint8Array(0), Buffer.from('a')],
    refused: [
      [[1, 2], 'an object of type Array'],
      [new ArrayBuffer(1), 'an object of type ArrayBuffer'],
      [new Uint16Array(1), 'an object of type Uint16Array'],
      [Object.create(null), 'an object of type Object'],
      ['text', '"text"'],
      [null, 'null'],
    ],
    message: 'bytes must be a Uint8Array',
  },
  {
    name: 'requireText',
    check: (value) => requireText('host', value),
    accepted: ['', 'x'.repeat(100_000)],
    refused: [
      [5, '5'],
      [undefined, 'undefined'],
      [Symbol('s'), 'a symbol'],
    ],
    message: 'host must be a string',
  },
  {
    name: 'requireText with a bound',
    check: (value) => requireText('machineId', value, 41),
    accepted: ['', 'x'.repeat(41)],
    refused: [
      ['x'.repeat(42), 'a string of 42 characters'],
      [{}, 'an object of type Object'],
    ],
    message: 'machineId must be a string of at most 41 characters',
  },
  {
    name: 'requireBoolean',
    check: (value) => requireBoolean('thread', value),
    accepted: [true, false],
    refused: [
      [0, '0'],
      ['true', '"true"'],
      [undefined, 'undefined'],
    ],
    message: 'thread must be true or false',
  },
  {
    name: 'requireFunction',
    check: (value) => requireFunction('callback', value),
    accepted: [() => {}, Uint8Array],
    refused: [
      [{}, 'an object of type Object'],
      [true, 'true'],
    ],
    message: 'callback must be a function',
  },
  {
    name: 'requireOptions',
    check: (value) => requireOptions('options', value),
    accepted: [{}, Object.create(null), []],
    refused: [
      [null, 'null'],
      ['fast', '"fast"'],
      [() => {}, 'a function'],
    ],
    message: 'options must be an object',
  },
  {
    name: 'requireSignal',
    check: (value) => requireSignal('signal', value),
    accepted: [undefined, new AbortController().signal, AbortSignal.abort()],
    refused: [
      [null, 'null'],
      [5, '5'],
      [new AbortController(), 'an object of type AbortController'],
    ],
    message: 'signal must be an AbortSignal',
  },
  {
    name: 'requireOneOf',
    check: (value) => requireOneOf('duplicatePolicy', value, ['reject', 'takeover', 'allow']),
    accepted: ['reject', 'takeover', 'allow'],
    refused: [
      ['Reject', '"Reject"'],
      ['y'.repeat(40), `"${'y'.repeat(40)}"`],
      ['y'.repeat(41), 'a string of 41 characters'],
      [0, '0'],
      [() => {}, 'a function'],
    ],
    message: 'duplicatePolicy must be "reject" or "takeover" or "allow"',
  },
];

describe.each(requirements)('$name', ({ check, accepted, refused, message }) => {
  it('lets pass what is in its range', () => {
    for (const value of accepted) expect(() => check(value)).not.toThrow();
  });

  it('throws a UsageError with the argument, its range and what came', () => {
    for (const [value, got] of refused) {
      const expected = { name: 'UsageError', code: 'ERR_TCPCOMM_USAGE', message: `${message}, got ${got}` };
      expect(() => check(value)).toThrow(UsageError);
      expect(() => check(value)).toThrow(expect.objectContaining(expected));
    }
  });
});
