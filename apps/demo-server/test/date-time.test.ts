import { afterEach, expect, it, vi } from 'vitest';
import { formatDateTime } from '../src/terminal/date-time.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

it('a moment is told to the minute, in the time of this machine', () => {
  const moment = Date.UTC(2026, 11, 31, 22, 59, 59);
  vi.stubEnv('TZ', 'UTC');
  expect(formatDateTime(moment)).toBe('2026-12-31 22:59');
  vi.stubEnv('TZ', 'Asia/Tokyo');
  expect(formatDateTime(moment)).toBe('2027-01-01 07:59');
});
