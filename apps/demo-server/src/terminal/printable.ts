/** Control characters, and those that turn the direction of writing around. */
const UNPRINTABLE = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/gu;

/**
 * What came from elsewhere, fit for a terminal and for one line: escape sequences and line breaks in a name or a text are shown,
 * never obeyed.
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}
