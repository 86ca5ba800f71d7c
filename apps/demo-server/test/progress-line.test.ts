import stringWidth from 'string-width';
import { expect, it } from 'vitest';
import { plainProgressLine, progressLines, type TransferView } from '../src/terminal/progress-line.ts';

const half: TransferView = {
  direction: 'incoming',
  name: 'picture.jpg',
  progress: {
    transferredBytes: 12e6,
    totalBytes: 24e6,
    percent: 50,
    bytesPerSecond: 9e6,
    elapsedMs: 1_333,
    remainingMs: 1_333,
  },
};
const long: TransferView = {
  ...half,
  direction: 'outgoing',
  peer: 'anna',
  name: `größe 日本語 ${'x'.repeat(200)}.bin`,
};

function lines(columns: number, ...views: TransferView[]): string[] {
  return progressLines(views, { columns, paint: (_style, text) => text });
}

it('a line shows name, percent, bar, bytes, rate and time left', () => {
  const bar = '━'.repeat(18) + '─'.repeat(18);
  expect(lines(100, half)).toEqual([`↓ picture.jpg  50 % ${bar}    12.0 of 24.0 MB    9.0 MB/s   0:02 left`]);
});

it('a narrow terminal is spared the details, then the bar', () => {
  expect(lines(80, half)[0]).toMatch(/^↓ picture\.jpg {2}50 % ━+─+ {4}12\.0 of 24\.0 MB {4}9\.0 MB\/s {3}0:02 left$/);
  expect(lines(60, half)[0]).toMatch(/^↓ picture\.jpg {2}50 % ━+─+ {4}12\.0 of 24\.0 MB$/);
  expect(lines(40, half)[0]).toMatch(/^↓ picture\.jpg {2}50 % ━+─+$/);
  expect(lines(24, half)[0]).toMatch(/^↓ picture\.jpg {2}50 %$/);
  expect(lines(16, half)[0]).toMatch(/^↓ \S+…\S+ {2}50 %$/);
});

it('a file that is sent shows what holds it back and the round trip, where there is room for it', () => {
  const sent: TransferView = { ...half, direction: 'outgoing', sending: { limitedBy: 'throttle', roundTripMs: 1.23 } };
  expect(lines(120, sent)[0]).toMatch(/ {3}0:02 left {2}held back by throttle {3}1\.2 ms round trip$/);
  expect(lines(100, sent)[0]).toMatch(/ {3}0:02 left {2}held back by throttle$/);
  expect(lines(80, sent)[0]!.slice(1)).toBe(lines(80, half)[0]!.slice(1));
  expect(plainProgressLine(sent)).toBe('↑ picture.jpg  50 %, 12.0 of 24.0 MB, 9.0 MB/s, 0:02 left');
});

it('a line keeps its width whatever holds the file back, and beside files that are received', () => {
  const sendings = (['throttle', 'link', 'peer-window', 'application'] as const).flatMap((limitedBy) =>
    [undefined, 0.04, 99.94, 59_900].map((roundTripMs) => ({ limitedBy, roundTripMs })),
  );
  for (let columns = 10; columns <= 200; columns += 1) {
    const widths = sendings.flatMap((sending) => lines(columns, half, { ...half, sending }).map((line) => line.length));
    expect(new Set(widths).size).toBe(1);
    expect(widths[0]).toBeLessThan(columns);
  }
});

it('no line is wider than the terminal, and the columns of several stand in line', () => {
  for (let columns = 10; columns <= 200; columns += 1) {
    const widths = lines(columns, half, long).map((line) => stringWidth(line));
    expect(widths[0]).toBeLessThan(columns);
    expect(widths[1]).toBe(widths[0]);
  }
});

it('the bar is empty at the start and full at the end', () => {
  const at = (percent: number) => lines(60, { ...half, progress: { ...half.progress, percent } })[0]!;
  expect(at(0)).not.toContain('━');
  expect(at(100)).not.toContain('─');
});

it('a plain line says the same without a bar, and nothing of what is not known', () => {
  expect(plainProgressLine(half)).toBe('↓ picture.jpg  50 %, 12.0 of 24.0 MB, 9.0 MB/s, 0:02 left');
  const progress = {
    transferredBytes: 5,
    totalBytes: undefined,
    percent: 0,
    bytesPerSecond: 0,
    elapsedMs: 0,
    remainingMs: undefined,
  };
  expect(plainProgressLine({ ...half, name: 'a\x1bb', progress })).toBe('↓ a\\u{1b}b  0 %, 5 B, 0 B/s');
});

const folder: TransferView = {
  ...half,
  name: 'photos',
  progress: {
    ...half.progress,
    folder: {
      doneFiles: 12,
      totalFiles: 340,
      failedFiles: 0,
      currentFile: '2024/evil\x1b.jpg',
      currentFileBytes: 42,
      currentFileSizeBytes: 100,
    },
  },
};

it('below the row of a folder is one that tells how many files are done and which one moves', () => {
  expect(lines(100, folder, half).map((line) => line.trimEnd())).toEqual([
    expect.stringMatching(/^↓ photos\/ {6}50 % ━+─+ {4}12\.0 of 24\.0 MB {4}9\.0 MB\/s {3}0:02 left$/),
    '  12 of 340 files, now 2024/evil\\u{1b}.jpg 42 %',
    expect.stringMatching(/^↓ picture\.jpg {2}50 % /),
  ]);
});

it('a folder tells of files that failed, and of no current one before there is any', () => {
  const progress = {
    ...half.progress,
    folder: {
      doneFiles: 0,
      totalFiles: 1,
      failedFiles: 1,
      currentFile: undefined,
      currentFileBytes: 0,
      currentFileSizeBytes: 0,
    },
  };
  expect(lines(100, { ...folder, progress })[1]!.trimEnd()).toBe('  0 of 1 file, 1 failed');
  expect(plainProgressLine({ ...folder, progress })).toBe(
    '↓ photos/  50 %, 12.0 of 24.0 MB, 9.0 MB/s, 0:02 left, 0 of 1 file, 1 failed',
  );
});

it('the second row of a folder is no wider than the terminal', () => {
  const currentFile = '日本語'.repeat(100);
  const long = { ...folder, progress: { ...half.progress, folder: { ...folder.progress.folder!, currentFile } } };
  for (let columns = 10; columns <= 200; columns += 1) {
    expect(lines(columns, long).filter((line) => stringWidth(line) >= columns)).toEqual([]);
  }
});
