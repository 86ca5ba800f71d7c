import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  encodeFrame,
  foreignAnswer,
  FrameType,
  isControlFrameType,
  prefaceError,
  recognizePreface,
} from '../src/index.ts';
import { cuts, type DecodedFrame, decodeFrames } from './decode-frames.ts';

interface WireErrorVector {
  readonly number: number;
  readonly name: string;
}

interface FrameVector {
  readonly name: string;
  readonly hex: string;
  readonly maxFrameBytes?: number;
  readonly frames: readonly DecodedFrame[];
  readonly error?: WireErrorVector;
}

interface PrefaceVector {
  readonly name: string;
  readonly hex: string;
  readonly verdict: string;
  readonly version?: number;
  readonly error?: WireErrorVector;
  readonly answerHex?: string;
}

const frames = readVectors('frames') as readonly FrameVector[];
const sequences = readVectors('sequences') as readonly FrameVector[];
const malformed = readVectors('malformed') as readonly FrameVector[];
const prefaces = readVectors('prefaces') as readonly PrefaceVector[];

describe.each([...frames, ...sequences])('$name', (vector) => {
  it('decodes to the same frames however it is cut', () => {
    const bytes = Buffer.from(vector.hex, 'hex');
    for (const chunks of cuts(bytes)) {
      expect(decodeFrames(chunks, vector.maxFrameBytes)).toEqual({ frames: vector.frames });
    }
  });

  it('is what encoding its frames gives', () => {
    const encoded = vector.frames.map(({ type, channel, flags, stream, payloadHex }) =>
      encodeFrame(type, channel, flags, stream, Buffer.from(payloadHex, 'hex')),
    );
    expect(Buffer.concat(encoded).toString('hex')).toBe(vector.hex);
  });
});

describe.each(malformed)('$name', (vector) => {
  it('is refused with the same error, at its last byte, however it is cut', () => {
    const bytes = Buffer.from(vector.hex, 'hex');
    for (const chunks of cuts(bytes)) {
      const { frames: before, error, errorAtChunk } = decodeFrames(chunks, vector.maxFrameBytes);
      expect({ before, error }).toEqual({ before: vector.frames, error: vector.error });
      expect(chunks.slice(errorAtChunk! + 1).every((chunk) => chunk.length === 0)).toBe(true);
    }
  });
});

describe.each(prefaces)('preface: $name', (vector) => {
  const bytes = Buffer.from(vector.hex, 'hex');

  it('is recognised, and with more bytes the verdict only ever comes, never changes', () => {
    const verdict = { kind: vector.verdict, ...(vector.version === undefined ? {} : { version: vector.version }) };
    expect(recognizePreface(bytes)).toEqual(verdict);
    const verdicts = Array.from({ length: bytes.length }, (_, length) => recognizePreface(bytes.subarray(0, length)));
    const decidedAt = verdicts.findIndex(({ kind }) => kind !== 'incomplete');
    if (decidedAt >= 0) for (const later of verdicts.slice(decidedAt)) expect(later).toEqual(verdict);
  });

  it('has the error and the answer that go with it', () => {
    const verdict = recognizePreface(bytes);
    if (vector.error) expect(prefaceError(verdict, bytes).wireError).toBe(vector.error.number);
    else expect(['match', 'incomplete']).toContain(verdict.kind);
    const answer = foreignAnswer(verdict);
    if (verdict.kind === 'http') expect(Buffer.from(answer!).toString()).toMatch(/^HTTP\/1\.1 400 /);
    else expect(answer && Buffer.from(answer).toString('hex')).toBe(vector.answerHex);
  });
});

it('the vectors have a valid frame of every type, and of every JSON type a malformed one', () => {
  const types = Object.values(FrameType);
  expect(types.filter((type) => !frames.some((vector) => vector.frames[0]?.type === type))).toEqual([]);
  const refused = malformed.map(({ hex, frames: before }) => {
    const skippedDigits = before.reduce((digits, { payloadHex }) => digits + 16 + payloadHex.length, 0);
    return Number.parseInt(hex.slice(skippedDigits + 6, skippedDigits + 8), 16);
  });
  expect(types.filter((type) => isControlFrameType(type) && !refused.includes(type))).toEqual([]);
});

it('the vectors are named once each', () => {
  for (const vectors of [frames, sequences, malformed, prefaces]) {
    const names = vectors.map(({ name }) => name);
    expect([...new Set(names)]).toEqual(names);
  }
});

function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'));
}
