import type { LargeArray } from '@tcpcomm/large-array';
import { expect, it } from 'vitest';
import { imageOf } from '../src/images/image.ts';

it.each<[LargeArray, number[], string[]]>([
  [new Uint8Array(6), [2, 3, 1], ['grey']],
  [new Uint8Array(18), [2, 3, 3], ['red', 'green', 'blue']],
  [new Uint8ClampedArray(24), [2, 3, 4], ['red', 'green', 'blue', 'alpha']],
  [new Uint8Array(new SharedArrayBuffer(18)), [2, 3, 3], ['red', 'green', 'blue']],
  [Buffer.alloc(18), [2, 3, 3], ['red', 'green', 'blue']],
])('bytes of height, width and one, three or four colours are an image: %#', (data, shape, colours) => {
  const image = imageOf(data, { type: 'Uint8Array', shape });
  expect(image).toEqual({ width: 3, height: 2, colours, data });
});

it.each<[LargeArray, number[] | undefined, string]>([
  [new Float64Array(18), [2, 3, 3], 'a Float64Array of the shape [2, 3, 3]'],
  [new Int8Array(18), [2, 3, 3], 'a Int8Array of the shape [2, 3, 3]'],
  [new DataView(new ArrayBuffer(18)), [2, 3, 3], 'a DataView of the shape [2, 3, 3]'],
  [new Uint8Array(18), undefined, 'a Uint8Array of the shape []'],
  [new Uint8Array(18), [6, 3], 'a Uint8Array of the shape [6, 3]'],
  [new Uint8Array(18), [1, 2, 3, 3], 'a Uint8Array of the shape [1, 2, 3, 3]'],
  [new Uint8Array(12), [2, 3, 2], 'a Uint8Array of the shape [2, 3, 2]'],
  [new Uint8Array(30), [2, 3, 5], 'a Uint8Array of the shape [2, 3, 5]'],
  [new Uint8Array(0), [0, 3, 3], 'a Uint8Array of the shape [0, 3, 3]'],
  [new Uint8Array(0), [2, 0, 3], 'a Uint8Array of the shape [2, 0, 3]'],
  [new Uint8Array(0), [2, 3, 0], 'a Uint8Array of the shape [2, 3, 0]'],
])('anything else is none: %#', (array, shape, what) => {
  const type = array.constructor.name as 'Uint8Array';
  expect(() => imageOf(array, { type, shape })).toThrow(
    expect.objectContaining({ reason: 'NOT_AN_IMAGE', message: expect.stringContaining(`got ${what}`) as string }),
  );
});
