import cliTruncate from 'cli-truncate';
import stringWidth from 'string-width';

/** Text as wide as so many columns of a terminal: padded at its end, or cut in its middle. */
export function fitColumns(text: string, columns: number): string {
  const cut = cliTruncate(text, columns, { position: 'middle' });
  return cut + ' '.repeat(Math.max(0, columns - stringWidth(cut)));
}
