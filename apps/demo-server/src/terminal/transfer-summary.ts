import type { TransferResult } from '@tcpcomm/session';
import { printable } from './printable.ts';
import { type TransferView, transferTitle } from './progress-line.ts';
import { formatBytes, formatDuration, formatRate } from './quantities.ts';
import type { Screen } from './screen.ts';

type Title = Pick<TransferView, 'direction' | 'name' | 'peer'>;

/** `✓ ↓ picture.jpg  24.0 MB in 2.7 s, 9.0 MB/s, xxh64 0123456789abcdef` */
export function doneLine(
  title: Title,
  result: TransferResult,
  elapsedMs: number,
  screen: Pick<Screen, 'paint'>,
): string {
  const rate = result.totalBytes > 0 && elapsedMs > 0 ? `, ${formatRate((result.totalBytes / elapsedMs) * 1_000)}` : '';
  const facts = `${formatBytes(result.totalBytes)} in ${formatDuration(elapsedMs)}${rate}`;
  return `${screen.paint('green', '✓')} ${transferTitle(title)}  ${facts}  ${screen.paint('dim', `xxh64 ${result.hash}`)}`;
}

/** `✗ ↓ picture.jpg  there is no such file` */
export function failedLine(title: Title, why: string, screen: Pick<Screen, 'paint'>): string {
  // An error of a transfer begins with the name, which is here already.
  const prefix = `${JSON.stringify(title.name)}: `;
  const detail = why.startsWith(prefix) ? why.slice(prefix.length) : why;
  return `${screen.paint('red', '✗')} ${transferTitle(title)}  ${screen.paint('red', printable(detail))}`;
}
