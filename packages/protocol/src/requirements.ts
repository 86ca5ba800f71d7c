import { UsageError } from './errors.ts';
import { MAX_CHANNEL, MIN_CHANNEL } from './limits.ts';

/**
 * Checks of what a program passes in. Each throws a UsageError that names the argument, its range and
 * what came, before anything is done.
 */

export function requireInteger(name: string, value: unknown, min: number, max: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
  throw new UsageError(`${name} must be a whole number from ${min} to ${max}, got ${describe(value)}`);
}

/** For waiting times: from 0 on, Infinity included. */
export function requireDurationMs(name: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0) return;
  throw new UsageError(`${name} must be a number of milliseconds from 0 to Infinity, got ${describe(value)}`);
}

/** For a rate in bytes a second: from 1 on, Infinity included, or 0 for no limit. */
export function requireRate(name: string, value: unknown): void {
  if (typeof value === 'number' && (value === 0 || value >= 1)) return;
  throw new UsageError(
    `${name} must be a number of bytes a second from 1 to Infinity, or 0 for no limit, got ${describe(value)}`,
  );
}

export function requireNumber(name: string, value: unknown, min: number, max: number): void {
  if (typeof value === 'number' && value >= min && value <= max) return;
  throw new UsageError(`${name} must be a number from ${min} to ${max}, got ${describe(value)}`);
}

export function requireChannel(value: unknown): void {
  requireInteger('channel', value, MIN_CHANNEL, MAX_CHANNEL);
}

export function requireBytes(name: string, value: unknown): void {
  if (value instanceof Uint8Array) return;
  throw new UsageError(`${name} must be a Uint8Array, got ${describe(value)}`);
}

export function requireText(name: string, value: unknown, maxLength = Infinity): void {
  if (typeof value === 'string' && value.length <= maxLength) return;
  const bound = maxLength === Infinity ? '' : ` of at most ${maxLength} characters`;
  throw new UsageError(`${name} must be a string${bound}, got ${describe(value)}`);
}

export function requireBoolean(name: string, value: unknown): void {
  if (typeof value === 'boolean') return;
  throw new UsageError(`${name} must be true or false, got ${describe(value)}`);
}

export function requireFunction(name: string, value: unknown): void {
  if (typeof value === 'function') return;
  throw new UsageError(`${name} must be a function, got ${describe(value)}`);
}

/** For where a module is. */
export function requireUrl(name: string, value: unknown): void {
  if (value instanceof URL) return;
  const example = `new URL('./${name}.js', import.meta.url)`;
  throw new UsageError(`${name} must be a URL, such as ${example}, got ${describe(value)}`);
}

/** For an object of options. */
export function requireOptions(name: string, value: unknown): void {
  if (typeof value === 'object' && value !== null) return;
  throw new UsageError(`${name} must be an object, got ${describe(value)}`);
}

export function requireSignal(name: string, value: unknown): void {
  if (value === undefined || value instanceof AbortSignal) return;
  throw new UsageError(`${name} must be an AbortSignal, got ${describe(value)}`);
}

export function requireOneOf(name: string, value: unknown, choices: readonly string[]): void {
  if (typeof value === 'string' && choices.includes(value)) return;
  const list = choices.map((choice) => `"${choice}"`).join(' or ');
  throw new UsageError(`${name} must be ${list}, got ${describe(value)}`);
}

/** A value in a few words: enough to see the mistake, never a dump. */
function describe(value: unknown): string {
  if (typeof value === 'string')
    return value.length <= 40 ? JSON.stringify(value) : `a string of ${value.length} characters`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined)
    return String(value);
  if (typeof value === 'object') {
    // An object without a prototype has no constructor, whatever its type says.
    const { constructor } = value as { constructor?: { name?: string } };
    return `an object of type ${constructor?.name ?? 'Object'}`;
  }
  return `a ${typeof value}`;
}
