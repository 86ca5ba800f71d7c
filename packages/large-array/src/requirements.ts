import type { ArrayPort, ArrayPortSource } from './array-port.ts';

/**
 * Checks of what a program passes in. Each throws a RangeError or a TypeError that names the argument, what it must be and what
 * came, before anything is done.
 */

/** What a shape may have, and what a description has room for. */
export const MAX_DIMENSIONS = 32;
/** In UTF-16 units. */
export const MAX_LABEL_LENGTH = 1024;

export function requireInteger(name: string, value: unknown, min: number, max: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}, got ${describe(value)}`);
}

export function requireOptions(name: string, value: unknown): void {
  if (typeof value === 'object' && value !== null) return;
  throw new TypeError(`${name} must be an object, got ${describe(value)}`);
}

export function requireCallback(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  throw new TypeError(`${name} must be a function, got ${describe(value)}`);
}

export function requireSignal(name: string, value: unknown): void {
  if (value === undefined || value instanceof AbortSignal) return;
  throw new TypeError(`${name} must be an AbortSignal, got ${describe(value)}`);
}

export function requireLabel(value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== 'string') throw new TypeError(`label must be a string, got ${describe(value)}`);
  if (value.length > MAX_LABEL_LENGTH) {
    throw new RangeError(`label must have at most ${MAX_LABEL_LENGTH} characters, got ${value.length}`);
  }
  if (!value.isWellFormed()) throw new RangeError('label must be well-formed, got one with half a surrogate pair');
}

export function requireShape(value: unknown, elements: number): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) throw new TypeError(`shape must be an array of numbers, got ${describe(value)}`);
  if (value.length > MAX_DIMENSIONS) {
    throw new RangeError(`shape must have at most ${MAX_DIMENSIONS} dimensions, got ${value.length}`);
  }
  for (const dimension of value) requireInteger('a dimension of shape', dimension, 0, Number.MAX_SAFE_INTEGER);
  if (isShapeOf(value as number[], elements)) return;
  throw new RangeError(`shape must have as many elements as the array, ${elements}, got [${value.join(', ')}]`);
}

/** Whether an array of these dimensions has that many elements. */
export function isShapeOf(shape: readonly number[], elements: number): boolean {
  // Beyond 2^53 a product is not exact, and at last Infinity, but no number of elements is that large.
  const product = shape.includes(0) ? 0 : shape.reduce((product, dimension) => product * dimension, 1);
  return product === elements;
}

export function requirePort(value: unknown): ArrayPort | ArrayPortSource {
  const { arrayPort, send, receive } = (value ?? {}) as Record<string, unknown>;
  if (typeof arrayPort === 'function' || (typeof send === 'function' && typeof receive === 'function')) {
    return value as ArrayPort | ArrayPortSource;
  }
  throw new TypeError(`port must be a session or client of tcpcomm, or an ArrayPort, got ${describe(value)}`);
}

/** A value in a few words: enough to see the mistake, never a dump. */
export function describe(value: unknown): string {
  if (typeof value === 'number' || value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
