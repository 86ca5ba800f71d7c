const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes for people, in powers of 1,000: `999 B`, `24.0 MB`. */
export function formatBytes(bytes: number): string {
  const unit = unitOf(bytes);
  return `${inUnit(bytes, unit)} ${BYTE_UNITS[unit]!}`;
}

/** A share of some bytes in the unit of the whole: `9.6 of 24.0 MB`. */
export function formatShare(bytes: number, totalBytes: number): string {
  return `${inUnit(bytes, unitOf(totalBytes))} of ${formatBytes(totalBytes)}`;
}

/** A rate for people: `9.0 MB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return Number.isFinite(bytesPerSecond) ? `${formatBytes(bytesPerSecond)}/s` : 'unlimited';
}

/** How many there are of something: `1 file`, `12 files`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** How long something took, for people: `0.4 ms`, `2.7 s`, `3 min 05 s`, `1 h 02 min`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 100) return `${durationMs.toFixed(1)} ms`;
  if (durationMs < 59_950) return `${(durationMs / 1_000).toFixed(1)} s`;
  const { hours, minutes, seconds } = clockOf(durationMs);
  return hours > 0 ? `${hours} h ${twoDigits(minutes)} min` : `${minutes} min ${twoDigits(seconds)} s`;
}

/** A time as a clock shows it: `0:07`, `3:05`, `1:02:30`. */
export function formatClock(durationMs: number): string {
  const { hours, minutes, seconds } = clockOf(durationMs);
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${twoDigits(seconds)}` : `${minutes}:${twoDigits(seconds)}`;
}

function clockOf(durationMs: number): { hours: number; minutes: number; seconds: number } {
  const seconds = Math.round(durationMs / 1_000);
  return { hours: Math.floor(seconds / 3_600), minutes: Math.floor(seconds / 60) % 60, seconds: seconds % 60 };
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

function unitOf(bytes: number): number {
  let unit = 0;
  // What would be rounded to 1000.0 belongs to the next one.
  while (bytes / 1_000 ** unit >= 999.95 && unit < BYTE_UNITS.length - 1) unit += 1;
  return unit;
}

function inUnit(bytes: number, unit: number): string {
  return unit === 0 ? String(Math.round(bytes)) : (bytes / 1_000 ** unit).toFixed(1);
}
