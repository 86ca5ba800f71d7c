import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparable, isVisible, quoted } from '../src/machine-id.ts';

/** What nobody sees, by what it is called. */
const INVISIBLE: readonly (readonly [what: string, character: string])[] = [
  ['the null character', '\u0000'],
  ['a tabulator', '\t'],
  ['a line feed', '\n'],
  ['an escape', '\u001b'],
  ['a delete', '\u007f'],
  ['a C1 control character', '\u009b'],
  ['a soft hyphen', '\u00ad'],
  ['a zero-width space', '\u200b'],
  ['a zero-width joiner', '\u200d'],
  ['a word joiner', '\u2060'],
  ['a byte order mark', '\ufeff'],
  ['a right-to-left mark', '\u200f'],
  ['a right-to-left override', '\u202e'],
  ['a bidi isolate', '\u2066'],
  ['an Arabic letter mark', '\u061c'],
  ['a line separator', '\u2028'],
  ['a paragraph separator', '\u2029'],
  ['a tag', '\u{e0041}'],
  ['a high surrogate alone', '\ud83d'],
  ['a low surrogate alone', '\ude80'],
  ['a combining grapheme joiner', '\u034f'],
  ['a Hangul filler', '\u3164'],
  ['a half-width Hangul filler', '\uffa0'],
  ['a variation selector', '\ufe0f'],
  ['an empty Braille pattern', '\u2800'],
];

describe('a machine id', () => {
  it.each(INVISIBLE)('with %s cannot be seen as it is, wherever that stands', (_what, character) => {
    for (const machineId of [character, `${character}desk`, `de${character}sk`, `desk${character}`]) {
      expect([JSON.stringify(machineId), isVisible(machineId)]).toEqual([JSON.stringify(machineId), false]);
    }
  });

  it.each(['desk-7', 'Büro 3', '名前', '🚀', 'עברית', 'عربي', 'e\u0301', ' ', '\u00a0', '"\\', '§ ½ ™', '가', 'हिन्दी'])(
    '%j can be seen',
    (machineId) => {
      expect(isVisible(machineId)).toBe(true);
    },
  );

  it.each([
    ['composed and decomposed', '\u00e9', 'e\u0301'],
    ['composed and decomposed, with two marks in another order', 'o\u0323\u0302', 'o\u0302\u0323'],
    ['Hangul and its letters', '\uac00', '\u1100\u1161'],
    ['the unit Ångström and the letter', '\u212b', '\u00c5'],
    ['full-width and usual', 'ＰＣ－１', 'PC-1'],
    ['half-width and usual', 'ｱ', 'ア'],
    ['a ligature and its letters', 'ﬁle', 'file'],
    ['raised and usual', 'x²', 'x2'],
    ['a space that does not break and a usual one', 'a\u00a0b', 'a b'],
  ])('is the same as another that looks like it: %s', (_what, one, other) => {
    expect(one).not.toBe(other);
    expect(comparable(one)).toBe(comparable(other));
  });

  it.each([
    ['desk', 'Desk'],
    ['desk', 'desk '],
    ['o', '0'],
    ['é', 'e'],
    ['a', 'а'],
  ])('%j is another one than %j', (one, other) => {
    expect(comparable(one)).not.toBe(comparable(other));
  });

  it('compared once is compared for good, and stays visible', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (machineId) => {
        const form = comparable(machineId);
        expect(comparable(form)).toBe(form);
        if (isVisible(machineId)) expect(isVisible(form)).toBe(true);
      }),
    );
  });

  it('is told so that everything of it is seen', () => {
    expect(quoted('desk "7"')).toBe('"desk \\"7\\""');
    expect(quoted('ad\u200bmin\u202e\u{e0041}')).toBe('"ad\\u{200b}min\\u{202e}\\u{e0041}"');
    expect(quoted('a\nb\ud800')).toBe('"a\\nb\\ud800"');
    expect(quoted('名前 🚀')).toBe('"名前 🚀"');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (machineId) => {
        expect(isVisible(quoted(machineId))).toBe(true);
      }),
    );
  });
});
