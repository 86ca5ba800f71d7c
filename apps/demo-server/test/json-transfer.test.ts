import { expect, it } from 'vitest';
import { readProgress } from '../src/terminal/json-transfer.ts';

const LINE = {
  event: 'progress',
  direction: 'outgoing',
  name: 'picture.jpg',
  transferredBytes: 42,
  percent: 42,
  bytesPerSecond: 7,
  elapsedMs: 6_000,
};
const PROGRESS = { transferredBytes: 42, percent: 42, bytesPerSecond: 7, elapsedMs: 6_000 };

it('a line of a file is read as it was: what was not known is not known again', () => {
  expect(readProgress(LINE)).toStrictEqual({
    direction: 'outgoing',
    name: 'picture.jpg',
    progress: { ...PROGRESS, totalBytes: undefined, remainingMs: undefined },
  });
  expect(readProgress({ ...LINE, direction: 'incoming', totalBytes: 100, remainingMs: 0 })).toStrictEqual({
    direction: 'incoming',
    name: 'picture.jpg',
    progress: { ...PROGRESS, totalBytes: 100, remainingMs: 0 },
  });
});

it.each([
  [
    { limitedBy: 'link', roundTripMs: 1.5 },
    { limitedBy: 'link', roundTripMs: 1.5 },
  ],
  [{ limitedBy: 'throttle' }, { limitedBy: 'throttle', roundTripMs: undefined }],
  [{ limitedBy: 'the moon' }, undefined],
  [{ limitedBy: 'toString' }, undefined],
  [{ roundTripMs: 3 }, undefined],
])('of %j it is read that %j holds the file back', (facts, sending) => {
  expect(readProgress({ ...LINE, ...facts }).sending).toEqual(sending);
});

it('what a line tells of the files of a folder is in one place again', () => {
  const folder = { doneFiles: 3, totalFiles: 9, failedFiles: 1, currentFileBytes: 5, currentFileSizeBytes: 10 };
  expect(readProgress({ ...LINE, ...folder }).progress.folder).toEqual({ ...folder, currentFile: undefined });
  expect(readProgress({ ...LINE, ...folder, currentFile: 'a/b' }).progress.folder?.currentFile).toBe('a/b');
});
