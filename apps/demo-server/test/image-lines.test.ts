import { expect, it } from 'vitest';
import type { ImageOutcome } from '../src/images/image-outcome.ts';
import { imageLines } from '../src/terminal/image-lines.ts';
import { imageFacts } from '../src/terminal/json-image.ts';
import { portraitText } from '../src/terminal/portrait-text.ts';

const screen = { paint: (_style: unknown, text: string) => text };
const outcome: ImageOutcome = {
  width: 1280,
  height: 960,
  bytes: 3_686_400,
  sha256: 'ab'.repeat(32),
  colours: [
    { name: 'red', least: 0, most: 255, mean: 87.24999 },
    { name: 'green', least: 3, most: 9, mean: 5 },
    { name: 'blue', least: 0, most: 0, mean: 0 },
  ],
  receivedMs: 400.4,
  examinedMs: 99.6,
};

it('an image is told of in two lines: what came, and its colours', () => {
  expect(
    imageLines({ direction: 'incoming', peer: 'an\x1bna' }, { ...outcome, label: 'sun\nset' }, 400, screen),
  ).toEqual([
    `✓ ↓ an\\u{1b}na: sun\\nset  1280 x 960, 3 colours, 3.7 MB in 0.4 s, 9.2 MB/s  sha256 ${'ab'.repeat(32)}`,
    '  red 0 to 255, mean 87.2; green 3 to 9, mean 5.0; blue 0 to 0, mean 0.0',
  ]);
});

it('one without a label, that came at once, is told of too', () => {
  const colours = [{ name: 'grey', least: 1, most: 1, mean: 1 }];
  const [line] = imageLines(
    { direction: 'outgoing' },
    { ...outcome, width: 1, height: 1, bytes: 1, colours },
    0,
    screen,
  );
  expect(line).toBe(`✓ ↑ an image  1 x 1, 1 colour, 1 B in 0.0 ms  sha256 ${'ab'.repeat(32)}`);
});

it('programs get it without digits that mean nothing', () => {
  expect(imageFacts(outcome)).toMatchObject({ receivedMs: 400, examinedMs: 100, colours: [{ mean: 87.25 }, {}, {}] });
});

it('what a program says that it is, is shown and not obeyed', () => {
  expect(portraitText({ nodeVersion: 'v26\x1b[2J', platform: 'li\nnux', processId: 7 })).toBe(
    'Node.js v26\\u{1b}[2J on li\\nnux, process 7',
  );
});
