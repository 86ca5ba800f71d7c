import { formatBytes, formatCount, formatDateTime, printable } from '@tcpcomm/demo-server';
import type { FolderEntry } from '@tcpcomm/session';

/** How many files and folders there are, and of how many bytes. */
export interface ListingTotals {
  readonly files: number;
  readonly folders: number;
  readonly bytes: number;
}

export function totalsOf(entries: readonly FolderEntry[]): ListingTotals {
  const files = entries.filter(({ type }) => type === 'file');
  return {
    files: files.length,
    folders: entries.length - files.length,
    bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

/** A line for each, in columns: time, size, name; `2026-03-01 14:05   24.0 MB  harbour film.bin`. A folder's name ends in a slash. */
export function listingLines(entries: readonly FolderEntry[]): string[] {
  const rows = entries.map(({ path, type, sizeBytes, modifiedMs }) => {
    const isFile = type === 'file';
    return {
      time: formatDateTime(modifiedMs),
      size: isFile ? formatBytes(sizeBytes) : '',
      name: printable(path) + (isFile ? '' : '/'),
    };
  });
  const timeColumns = widest(rows.map(({ time }) => time));
  const sizeColumns = widest(rows.map(({ size }) => size));
  return rows.map(({ time, size, name }) => `${time.padStart(timeColumns)}  ${size.padStart(sizeColumns)}  ${name}`);
}

/** `12 files, 1 folder, 24.0 MB` */
export function totalsLine({ files, folders, bytes }: ListingTotals): string {
  return `${formatCount(files, 'file')}, ${formatCount(folders, 'folder')}, ${formatBytes(bytes)}`;
}

/** Not by `Math.max(...)`, which takes a hundred thousand or so. */
function widest(texts: readonly string[]): number {
  return texts.reduce((columns, text) => Math.max(columns, text.length), 0);
}
