import { expect, it } from 'vitest';
import { printable } from '../src/terminal/printable.ts';

it.each([
  ['plain text, größe 日本語 👩‍👩‍👧 🌊', 'plain text, größe 日本語 👩‍👩‍👧 🌊'],
  ['\x1b[2J\x1b]0;title\x07', '\\u{1b}[2J\\u{1b}]0;title\\u{7}'],
  ['\u009b31m', '\\u{9b}31m'],
  ['two\nlines\tand\rmore', 'two\\nlines\\tand\\u{d}more'],
  ['evil\u202egpj.exe', 'evil\\u{202e}gpj.exe'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});
