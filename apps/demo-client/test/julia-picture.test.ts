import { expect, it } from 'vitest';
import { drawJulia, drawJuliaRows, type JuliaSpec } from '../src/image/julia-picture.ts';

const SMALL: JuliaSpec = { width: 60, height: 40, seed: 5 };

it('width, height and seed make the image, and each makes another one', () => {
  const picture = drawJulia(SMALL);
  expect(picture).toHaveLength(60 * 40 * 3);
  expect(drawJulia({ ...SMALL })).toEqual(picture);
  expect(drawJulia({ ...SMALL, seed: 6 })).not.toEqual(picture);
  expect(drawJulia({ ...SMALL, width: 40, height: 60 })).not.toEqual(picture);
});

it.each([0, 1, 5, 8, 4_294_967_295])('the image of the seed %i has many colours, from dark to light', (seed) => {
  const picture = drawJulia({ ...SMALL, seed });
  const colours = new Set<number>();
  for (let at = 0; at < picture.length; at += 3)
    colours.add((picture[at]! << 16) | (picture[at + 1]! << 8) | picture[at + 2]!);
  expect(colours.size).toBeGreaterThan(300);
  expect(Math.min(...picture)).toBeLessThan(16);
  expect(Math.max(...picture)).toBeGreaterThan(239);
});

it('turned upside down it is the same, as every Julia set of z² + c', () => {
  const picture = drawJulia(SMALL);
  const pixels = Array.from({ length: 60 * 40 }, (_, pixel) => [...picture.subarray(pixel * 3, pixel * 3 + 3)]);
  expect(pixels.toReversed()).toEqual(pixels);
});

it('rows that are drawn bit by bit are those of the whole, and nothing else is touched', () => {
  const pixels = new Uint8Array(60 * 40 * 3);
  drawJuliaRows(pixels, SMALL, 10, 20);
  const whole = drawJulia(SMALL);
  expect(pixels.subarray(10 * 180, 20 * 180)).toEqual(whole.subarray(10 * 180, 20 * 180));
  expect(pixels.filter((_, at) => at < 10 * 180 || at >= 20 * 180).every((byte) => byte === 0)).toBe(true);
});

it.each([
  [1, 1],
  [1, 300],
  [300, 1],
])('%i x %i is an image as well', (width, height) => {
  expect(drawJulia({ width, height, seed: 1 })).toHaveLength(width * height * 3);
});
