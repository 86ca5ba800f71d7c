import type { FolderEntry } from '@tcpcomm/session';
import { beforeEach, expect, it, vi } from 'vitest';
import { listingLines, totalsLine, totalsOf } from '../src/listing.ts';

const NOON = Date.UTC(2026, 2, 1, 12, 5, 59);
const film: FolderEntry = { path: 'film.bin', type: 'file', sizeBytes: 24e6, modifiedMs: NOON, mode: 0o644 };
const notes: FolderEntry = { path: 'notes', type: 'folder', sizeBytes: 0, modifiedMs: NOON, mode: 0o755 };

beforeEach(() => {
  vi.stubEnv('TZ', 'UTC');
  return () => vi.unstubAllEnvs();
});

it('times, sizes and names stand in columns, and folders end in a slash', () => {
  expect(listingLines([film, notes, { ...film, path: 'notes/größe 日本語.txt', sizeBytes: 7, modifiedMs: 0 }])).toEqual(
    [
      '2026-03-01 12:05  24.0 MB  film.bin',
      '2026-03-01 12:05           notes/',
      '1970-01-01 00:00      7 B  notes/größe 日本語.txt',
    ],
  );
});

it('names and times that no honest server has spoil neither the terminal nor the columns', () => {
  expect(listingLines([{ ...film, path: '\x1b[2J\n\u202egpj.exe', modifiedMs: 8.64e15 }, film])).toEqual([
    '275760-09-13 00:00  24.0 MB  \\u{1b}[2J\\n\\u{202e}gpj.exe',
    '  2026-03-01 12:05  24.0 MB  film.bin',
  ]);
});

it('the totals count files, folders and bytes', () => {
  expect(totalsLine(totalsOf([film, notes, film]))).toBe('2 files, 1 folder, 48.0 MB');
  expect(totalsLine(totalsOf([]))).toBe('0 files, 0 folders, 0 B');
});

it('more entries are listed than a call takes arguments', () => {
  expect(listingLines(new Array<FolderEntry>(200_000).fill(notes))).toHaveLength(200_000);
});
