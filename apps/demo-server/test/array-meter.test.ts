import type { ArrayProgress } from '@tcpcomm/large-array';
import { expect, it, vi } from 'vitest';
import { ArrayMeter } from '../src/terminal/array-meter.ts';
import { JsonArrayProgress } from '../src/terminal/json-array.ts';

it('an array on its way is measured as a file is', () => {
  const meter = new ArrayMeter(1_000);
  const byteLength = 4_000_000;
  expect(meter.measure({ movedBytes: 0, byteLength }, 1_000)).toEqual({
    transferredBytes: 0,
    totalBytes: byteLength,
    percent: 0,
    bytesPerSecond: 0,
    elapsedMs: 0,
    remainingMs: undefined,
  });
  expect(meter.measure({ movedBytes: 1_000_000, byteLength }, 1_500)).toEqual({
    transferredBytes: 1_000_000,
    totalBytes: byteLength,
    percent: 25,
    bytesPerSecond: 2_000_000,
    elapsedMs: 500,
    remainingMs: 1_500,
  });
  expect(meter.measure({ movedBytes: 3_999_999, byteLength }, 3_000).percent).toBe(99);
  expect(new ArrayMeter(0).measure({ movedBytes: 0, byteLength: 0 }, 0).percent).toBe(100);
});

it('programs are told about ten times a second, and when all of it has gone', () => {
  const lines: unknown[] = [];
  const write = vi
    .spyOn(process.stdout, 'write')
    .mockImplementation((line) => lines.push(JSON.parse(String(line))) > 0);
  const now = vi.spyOn(performance, 'now').mockReturnValue(0);
  const progress = new JsonArrayProgress('sunset');
  const at = (nowMs: number, movedBytes: number) => {
    now.mockReturnValue(nowMs);
    const facts: ArrayProgress = { id: 1, label: 'sunset', byteLength: 100, movedBytes, direction: 'outgoing' };
    progress.handle(facts);
  };
  try {
    for (const [nowMs, moved] of [
      [0, 10],
      [50, 20],
      [99, 30],
      [100, 50],
      [150, 100],
    ] as const) {
      at(nowMs, moved);
    }
  } finally {
    write.mockRestore();
    now.mockRestore();
  }
  expect(lines).toEqual([
    {
      event: 'progress',
      direction: 'outgoing',
      name: 'sunset',
      transferredBytes: 10,
      totalBytes: 100,
      percent: 10,
      bytesPerSecond: 0,
      elapsedMs: 0,
    },
    {
      event: 'progress',
      direction: 'outgoing',
      name: 'sunset',
      transferredBytes: 50,
      totalBytes: 100,
      percent: 50,
      bytesPerSecond: 500,
      elapsedMs: 100,
      remainingMs: 100,
    },
    {
      event: 'progress',
      direction: 'outgoing',
      name: 'sunset',
      transferredBytes: 100,
      totalBytes: 100,
      percent: 100,
      bytesPerSecond: 667,
      elapsedMs: 150,
      remainingMs: 0,
    },
  ]);
});
