import { TransferError, WireError } from '@tcpcomm/protocol';
import type { FolderOutcome, TransferResult } from '@tcpcomm/session';
import { expect, it } from 'vitest';
import { doneLine, failedEntryLines, failedLine } from '../src/terminal/transfer-summary.ts';

const screen = { paint: (_style: unknown, text: string) => text };
const title = { direction: 'incoming', name: 'picture.jpg' } as const;
const result: TransferResult = {
  localPath: '/home/anna/picture.jpg',
  name: 'picture.jpg',
  totalBytes: 24e6,
  resumedFromBytes: 0,
  hash: '0123456789abcdef',
};

function failed(count: number): FolderOutcome['failed'] {
  return Array.from({ length: count }, (_, index) => {
    const path = `${String(index).padStart(2, '0')}\x1b.txt`;
    const message = `${JSON.stringify(path)}: access is denied`;
    return { path, error: new TransferError(WireError.FILE_ACCESS_DENIED, message, 'local') };
  });
}

it('what is done is told with size, time, rate and hash', () => {
  expect(doneLine(title, result, 2_000, screen)).toBe(
    '✓ ↓ picture.jpg  24.0 MB in 2.0 s, 12.0 MB/s  xxh64 0123456789abcdef',
  );
  const sha256 = { ...result, hash: 'f'.repeat(64) };
  expect(doneLine(title, sha256, 2_000, screen)).toMatch(/ {2}sha256 f{64}$/);
});

it('what an earlier attempt left does not count for the rate, and another name is told', () => {
  const resumed = { ...result, name: 'picture (1).jpg', resumedFromBytes: 20e6 };
  expect(doneLine({ ...title, peer: 'anna' }, resumed, 2_000, screen)).toBe(
    '✓ ↓ anna: picture.jpg  24.0 MB in 2.0 s, 2.0 MB/s, 20.0 MB were there already, as picture (1).jpg  xxh64 0123456789abcdef',
  );
});

it('a folder is told with what is in it, and without a hash', () => {
  const folder = { files: 340, folders: 1, unchangedFiles: 300, failed: [] };
  const done = { ...result, hash: undefined, resumedFromBytes: 24e6, folder };
  expect(doneLine(title, done, 2_000, screen)).toBe(
    '✓ ↓ picture.jpg/  340 files, 1 folder, 24.0 MB in 2.0 s, 300 unchanged, 24.0 MB were there already',
  );
  const incomplete = { ...done, resumedFromBytes: 0, folder: { ...folder, unchangedFiles: 0, failed: failed(2) } };
  expect(doneLine(title, incomplete, 2_000, screen)).toBe(
    '! ↓ picture.jpg/  340 files, 1 folder, 24.0 MB in 2.0 s, 12.0 MB/s, 2 failed',
  );
});

it('the reason of a failure stands without the name, which is there already', () => {
  expect(failedLine(title, '"picture.jpg": the disk is full', screen)).toBe('✗ ↓ picture.jpg  the disk is full');
});

it('of what failed in a folder the first ten are told, by name, and how many there are besides', () => {
  expect(failedEntryLines(failed(10).toReversed(), screen)).toHaveLength(10);
  const lines = failedEntryLines(failed(13).toReversed(), screen);
  expect(lines[0]).toBe('  ✗ 00\\u{1b}.txt  access is denied');
  expect(lines.slice(9)).toEqual(['  ✗ 09\\u{1b}.txt  access is denied', '  and 3 more']);
});
