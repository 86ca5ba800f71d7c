/** What a picture is made of: nothing else has any influence on it. */
export interface JuliaSpec {
  readonly width: number;
  readonly height: number;
  /** Which one: 0 to 2^32 - 1. */
  readonly seed: number;
}

/** Red, green, blue. */
export const JULIA_CHANNELS = 3;

const MAX_ITERATIONS = 120;
/** Large, so that the colours run into one another; see `smoothIterations`. */
const ESCAPE_RADIUS_SQUARED = 256;
/** What there is to see of the plane, along the shorter side. */
const SHORTER_SIDE = 2.5;
/** So many that neighbours differ by less than can be seen. */
const PALETTE_COLOURS = 16_384;
/** How often the palette comes round, over all iterations. */
const PALETTE_TURNS = 3;

/**
 * Draws a filled Julia set in colours: a number c of the seed's choice, and for each point of the plane how many times z² + c can be taken before z runs
 * away. Three bytes a pixel, row by row.
 */
export function drawJulia(spec: JuliaSpec): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array(spec.width * spec.height * JULIA_CHANNELS);
  drawJuliaRows(pixels, spec, 0, spec.height);
  return pixels;
}

/** Draws some rows of it at their place, so that a large picture can be drawn bit by bit. */
export function drawJuliaRows(pixels: Uint8Array, spec: JuliaSpec, firstRow: number, endRow: number): void {
  const { width, height, seed } = spec;
  const random = createRandom(seed);
  const { cx, cy } = chooseC(random);
  const palette = createPalette(random);
  const step = SHORTER_SIDE / Math.min(width, height);
  for (let row = firstRow; row < endRow; row += 1) {
    const y = (row + 0.5 - height / 2) * step;
    let at = row * width * JULIA_CHANNELS;
    for (let column = 0; column < width; column += 1) {
      const x = (column + 0.5 - width / 2) * step;
      const colour = Math.floor((smoothIterations(x, y, cx, cy) / MAX_ITERATIONS) * (PALETTE_COLOURS - 1));
      for (let channel = 0; channel < JULIA_CHANNELS; channel += 1) {
        pixels[at] = palette[colour * JULIA_CHANNELS + channel]!;
        at += 1;
      }
    }
  }
}

/** How many times until it runs away, with a fraction, so that there are no steps between the colours. */
function smoothIterations(x: number, y: number, cx: number, cy: number): number {
  let count = 0;
  let squaredX = x * x;
  let squaredY = y * y;
  while (squaredX + squaredY <= ESCAPE_RADIUS_SQUARED) {
    if (count === MAX_ITERATIONS) return MAX_ITERATIONS;
    y = 2 * x * y + cy;
    x = squaredX - squaredY + cx;
    squaredX = x * x;
    squaredY = y * y;
    count += 1;
  }
  // https://en.wikipedia.org/wiki/Plotting_algorithms_for_the_Mandelbrot_set#Continuous_(smooth)_coloring
  const fraction = Math.log2(Math.log2(squaredX + squaredY) / Math.log2(ESCAPE_RADIUS_SQUARED));
  return Math.min(MAX_ITERATIONS, Math.max(0, count - fraction));
}

/** Just outside the main cardioid of the Mandelbrot set: there the Julia sets are about to fall to pieces, and have most to show. */
function chooseC(random: () => number): { readonly cx: number; readonly cy: number } {
  const angle = (0.1 + 0.8 * random()) * 2 * Math.PI;
  const outside = 1.01 + 0.05 * random();
  return {
    cx: outside * (Math.cos(angle) / 2 - Math.cos(2 * angle) / 4),
    cy: outside * (Math.sin(angle) / 2 - Math.sin(2 * angle) / 4),
  };
}

/** Three cosines, each with a phase of its own (Inigo Quilez, https://iquilezles.org/articles/palettes/); what never runs away is dark. */
function createPalette(random: () => number): Uint8Array {
  const palette = new Uint8Array(PALETTE_COLOURS * JULIA_CHANNELS);
  const start = random();
  const spread = 0.08 + 0.12 * random();
  for (let colour = 0; colour < PALETTE_COLOURS - 1; colour += 1) {
    // Most of the plane is done with after a few iterations.
    const turn = Math.sqrt(colour / PALETTE_COLOURS) * PALETTE_TURNS;
    for (let channel = 0; channel < JULIA_CHANNELS; channel += 1) {
      const phase = 2 * Math.PI * (turn + start + channel * spread);
      palette[colour * JULIA_CHANNELS + channel] = Math.round(127.5 + 127.5 * Math.cos(phase));
    }
  }
  return palette;
}

/** mulberry32 (Tommy Ettinger, public domain): numbers from 0 up to 1, always the same ones for a seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
