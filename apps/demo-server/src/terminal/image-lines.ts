import type { ImageOutcome } from '../images/image-outcome.ts';
import { printable } from './printable.ts';
import { formatBytes, formatCount, formatDuration, formatRate } from './quantities.ts';
import type { Screen } from './screen.ts';
import { type TransferTitle, transferTitle } from './transfer-title.ts';

/** What an image is called that has no label. */
export const UNNAMED_IMAGE = 'an image';

/**
 * `✓ ↓ anna: sunset  1280 x 960, 3 colours, 3.7 MB in 0.4 s, 9.0 MB/s  sha256 0123...`, and in a second line the colours.
 *
 * @param elapsedMs how long it was on its way
 */
export function imageLines(
  title: Omit<TransferTitle, 'name'>,
  { label = UNNAMED_IMAGE, width, height, colours, bytes, sha256 }: ImageOutcome,
  elapsedMs: number,
  screen: Pick<Screen, 'paint'>,
): string[] {
  const facts = [
    `${width} x ${height}`,
    formatCount(colours.length, 'colour'),
    `${formatBytes(bytes)} in ${formatDuration(elapsedMs)}`,
    ...(elapsedMs > 0 ? [formatRate((bytes / elapsedMs) * 1_000)] : []),
  ].join(', ');
  const digest = screen.paint('dim', `sha256 ${sha256}`);
  return [
    `${screen.paint('green', '✓')} ${transferTitle({ ...title, name: label })}  ${facts}  ${digest}`,
    `  ${coloursText(colours)}`,
  ];
}

/** `red 0 to 255, mean 87.2; green ...` */
export function coloursText(colours: ImageOutcome['colours']): string {
  return colours
    .map(({ name, least, most, mean }) => `${printable(name)} ${least} to ${most}, mean ${mean.toFixed(1)}`)
    .join('; ');
}
