import { InvalidArgumentError } from 'commander';
import { expect, it } from 'vitest';
import {
  parseAttempts,
  parseChannel,
  parseMachineId,
  parsePort,
  parseSeconds,
  parseSeed,
  parseSide,
} from '../src/option-parsers.ts';

it.each([
  [parsePort, '1', 1],
  [parsePort, '65535', 65_535],
  [parseChannel, '1', 1],
  [parseChannel, '250', 250],
  [parseAttempts, '1', 1],
  [parseAttempts, '1000', 1_000],
  [parseSeconds, '0.5', 500],
  [parseSeconds, '86400', 86_400_000],
  [parseSide, '1', 1],
  [parseSide, '65535', 65_535],
  [parseSeed, '0', 0],
  [parseSeed, '4294967295', 4_294_967_295],
  [parseMachineId, 'x'.repeat(256), 'x'.repeat(256)],
  [parseMachineId, '', ''],
])('%o takes %j', (parse, text, value) => {
  expect(parse(text)).toBe(value);
});

it.each([
  [parsePort, ['0', '65536', '-1', '1.5', '1e3', '0x10', '', ' ', 'http']],
  [parseChannel, ['0', '251', '255', '-1', '1.5', '', 'one']],
  [parseAttempts, ['0', '1001', '-1', '1.5', '', 'often']],
  [parseSeconds, ['0', '-1', '86401', '', ' ', 'soon', 'NaN', 'Infinity']],
  [parseSide, ['0', '65536', '-1', '1.5', '1e3', '', 'wide']],
  [parseSeed, ['-1', '4294967296', '0.5', '', 'sunset']],
  [parseMachineId, ['x'.repeat(257)]],
])('%o refuses %j', (parse, texts) => {
  for (const text of texts) expect(() => parse(text)).toThrow(InvalidArgumentError);
});
