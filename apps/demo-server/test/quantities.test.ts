import { expect, it } from 'vitest';
import {
  formatBytes,
  formatClock,
  formatCount,
  formatDuration,
  formatRate,
  formatShare,
} from '../src/terminal/quantities.ts';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [24_000_000, '24.0 MB'],
  [5e9, '5.0 GB'],
  [7e15, '7000.0 TB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it.each([
  [0.44, '0.4 ms'],
  [99.9, '99.9 ms'],
  [100, '0.1 s'],
  [2_700, '2.7 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min 00 s'],
  [185_000, '3 min 05 s'],
  [3_720_000, '1 h 02 min'],
])('%d ms are %s', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});

it.each([
  [0, '0:00'],
  [7_000, '0:07'],
  [185_000, '3:05'],
  [3_750_000, '1:02:30'],
])('%d ms on a clock are %s', (durationMs, text) => {
  expect(formatClock(durationMs)).toBe(text);
});

it.each([
  [0, '0 files'],
  [1, '1 file'],
  [12, '12 files'],
])('%d of them are %s', (count, text) => {
  expect(formatCount(count, 'file')).toBe(text);
});

it('a rate without limit says so', () => {
  expect([formatRate(9e6), formatRate(Infinity)]).toEqual(['9.0 MB/s', 'unlimited']);
});

it('a share is told in the unit of the whole', () => {
  expect([formatShare(300_000, 24e6), formatShare(24e6, 24e6), formatShare(3, 5)]).toEqual([
    '0.3 of 24.0 MB',
    '24.0 of 24.0 MB',
    '3 of 5 B',
  ]);
});
