import { createHash } from 'node:crypto';
import { decode } from 'fast-png';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { examineImage } from '../src/images/examine-image.ts';
import type { Image } from '../src/images/image.ts';
import { statisticsOf } from '../src/images/image-statistics.ts';

const COLOURS = { 1: ['grey'], 3: ['red', 'green', 'blue'], 4: ['red', 'green', 'blue', 'alpha'] };

/** Bytes in each kind of memory that an array may come in. */
const MEMORIES: readonly [string, (length: number) => Uint8Array | Uint8ClampedArray][] = [
  ['memory of its own', (length) => new Uint8Array(length)],
  [
    'memory that has grown',
    (length) => new Uint8Array(new ArrayBuffer(length, { maxByteLength: length + 9 }), 0, length),
  ],
  ['shared memory', (length) => new Uint8Array(new SharedArrayBuffer(length))],
  [
    'shared memory that has grown, clamped',
    (length) => new Uint8ClampedArray(new SharedArrayBuffer(length, { maxByteLength: length + 9 }), 0, length),
  ],
];

it.each(MEMORIES)('the PNG of an image in %s has its pixels, and the hash is that of its bytes', (_name, create) => {
  for (const channels of [1, 3, 4] as const) {
    const data = create(2 * 3 * channels).map((_, at) => (at * 41) % 256);
    const image: Image = { width: 3, height: 2, colours: COLOURS[channels], data };
    const { png, sha256 } = examineImage({ image, wantsPng: true });
    const { width, height, channels: decodedChannels, data: decoded } = decode(png!);
    expect({ width, height, decodedChannels }).toEqual({ width: 3, height: 2, decodedChannels: channels });
    expect([...decoded]).toEqual([...data]);
    expect(sha256).toBe(createHash('sha256').update(Uint8Array.from(data)).digest('hex'));
  }
});

it('there is no PNG where nobody wants one', () => {
  const image: Image = { width: 1, height: 1, colours: ['grey'], data: Uint8Array.of(7) };
  expect(examineImage({ image, wantsPng: false })).toMatchObject({ png: undefined, statistics: [{ mean: 7 }] });
});

it('bytes that are not as many as the image has are told of', () => {
  const image: Image = { width: 2, height: 2, colours: ['grey'], data: new Uint8Array(3) };
  expect(() => examineImage({ image, wantsPng: true })).toThrow(RangeError);
});

it('the statistics are those of each colour', () => {
  expect(statisticsOf(Uint8Array.of(1, 200, 0, 4, 100, 0), 3)).toEqual([
    { least: 1, most: 4, mean: 2.5 },
    { least: 100, most: 200, mean: 150 },
    { least: 0, most: 0, mean: 0 },
  ]);
  const images = fc
    .constantFrom(1, 3, 4)
    .chain((channels) => fc.tuple(fc.constant(channels), fc.uint8Array({ minLength: channels, maxLength: 60 })));
  fc.assert(
    fc.property(images, ([channels, bytes]) => {
      const data = bytes.subarray(0, bytes.length - (bytes.length % channels));
      statisticsOf(data, channels).forEach((facts, channel) => {
        const values = [...data].filter((_, at) => at % channels === channel);
        expect(facts.least).toBe(Math.min(...values));
        expect(facts.most).toBe(Math.max(...values));
        expect(facts.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 9);
      });
    }),
  );
});
