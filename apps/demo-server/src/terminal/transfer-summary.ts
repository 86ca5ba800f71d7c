import type { FailedEntry, TransferResult } from '@tcpcomm/session';
import { hashName } from './hash-name.ts';
import { printable } from './printable.ts';
import { formatBytes, formatCount, formatDuration, formatRate } from './quantities.ts';
import type { Screen } from './screen.ts';
import { type TransferTitle, transferTitle } from './transfer-title.ts';

/** Of those that failed so many are shown. */
const MAX_SHOWN_FAILURES = 10;

/**
 * `✓ ↓ picture.jpg  24.0 MB in 2.7 s, 9.0 MB/s  xxh64 0123456789abcdef`, for a folder
 * `! ↓ photos/  340 files, 12 folders, 24.0 MB in 2.7 s, 1.5 MB/s, 300 unchanged, 20.0 MB were there already, 2 failed`
 */
export function doneLine(
  title: TransferTitle,
  result: TransferResult,
  elapsedMs: number,
  screen: Pick<Screen, 'paint'>,
): string {
  const { name, totalBytes, resumedFromBytes, hash, folder } = result;
  const movedBytes = Math.max(0, totalBytes - resumedFromBytes);
  const facts = [
    folder && `${formatCount(folder.files, 'file')}, ${formatCount(folder.folders, 'folder')}`,
    `${formatBytes(totalBytes)} in ${formatDuration(elapsedMs)}`,
    movedBytes > 0 && elapsedMs > 0 && formatRate((movedBytes / elapsedMs) * 1_000),
    folder && folder.unchangedFiles > 0 && `${folder.unchangedFiles} unchanged`,
    resumedFromBytes > 0 && `${formatBytes(resumedFromBytes)} were there already`,
    name !== title.name && `as ${printable(name)}`,
    folder && folder.failed.length > 0 && screen.paint('red', `${folder.failed.length} failed`),
  ].filter((fact) => typeof fact === 'string');
  const sign = folder && folder.failed.length > 0 ? screen.paint('yellow', '!') : screen.paint('green', '✓');
  const digest = hash === undefined ? '' : `  ${screen.paint('dim', `${hashName(hash)} ${hash}`)}`;
  return `${sign} ${transferTitle(title, folder !== undefined)}  ${facts.join(', ')}${digest}`;
}

/** `✗ ↓ picture.jpg  there is no such file` */
export function failedLine(title: TransferTitle, why: string, screen: Pick<Screen, 'paint'>): string {
  return `${screen.paint('red', '✗')} ${transferTitle(title)}  ${screen.paint('red', reasonOf(title.name, why))}`;
}

/** What did not arrive of a folder, by name: `  ✗ 2024/picture.jpg  access is denied`; the first ten, and how many there are besides. */
export function failedEntryLines(failed: readonly FailedEntry[], screen: Pick<Screen, 'paint'>): string[] {
  const lines = failed
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .slice(0, MAX_SHOWN_FAILURES)
    .map(
      ({ path, error }) =>
        `  ${screen.paint('red', '✗')} ${printable(path)}  ${screen.paint('red', reasonOf(path, error.message))}`,
    );
  const rest = failed.length - lines.length;
  return rest > 0 ? [...lines, `  and ${rest} more`] : lines;
}

/** An error of a transfer begins with the name, which is shown already. */
function reasonOf(name: string, message: string): string {
  const prefix = `${JSON.stringify(name)}: `;
  return printable(message.startsWith(prefix) ? message.slice(prefix.length) : message);
}
