import { describe } from './describe.ts';

const DEFAULT_INTERVAL_MS = 200;
const DEFAULT_WINDOW_MS = 1_000;
const MIN_INTERVAL_MS = 10;
const MAX_WINDOW_MS = 3_600_000;

export interface CpuMonitorOptions {
  /** How often it is measured, a whole number from 10 ms. Default 200 ms. */
  readonly intervalMs?: number;
  /** Over how long each figure is an average, from `intervalMs` to an hour. Default 1 s. */
  readonly windowMs?: number;
}

/** Options with all defaults filled in. */
export type MonitorSetup = Required<CpuMonitorOptions>;

/** @throws RangeError or TypeError that names the option, its range and what came */
export function resolveMonitorOptions(options: CpuMonitorOptions): MonitorSetup {
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw new TypeError(`options must be an object, got ${describe(options)}`);
  }
  const { intervalMs = DEFAULT_INTERVAL_MS, windowMs = Math.max(DEFAULT_WINDOW_MS, intervalMs) } = options;
  requireInteger('intervalMs', intervalMs, MIN_INTERVAL_MS, MAX_WINDOW_MS);
  requireInteger('windowMs', windowMs, intervalMs, MAX_WINDOW_MS);
  return { intervalMs, windowMs };
}

function requireInteger(name: string, value: unknown, min: number, max: number): void {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}, got ${describe(value)}`);
}
