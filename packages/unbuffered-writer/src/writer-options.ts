import { ALIGNMENT_BYTES } from './aligned-memory.ts';

/** `direct`: past the page cache or not at all. `buffered`: through it. `auto`: past it where that is possible. */
export type WriteMode = 'auto' | 'direct' | 'buffered';

const MODES: readonly unknown[] = ['auto', 'direct', 'buffered'] satisfies WriteMode[];
const DEFAULT_BUFFER_BYTES = 1_024 * ALIGNMENT_BYTES;
const MAX_BUFFER_BYTES = 1_073_741_824;
const DEFAULT_BUFFER_COUNT = 4;
const MAX_BUFFER_COUNT = 1_024;

export interface UnbufferedWriterOptions {
  /** Size of a buffer: a multiple of 4,096, up to 1 GiB. Default 4 MiB, which is 1,024 pages. */
  readonly bufferBytes?: number;
  /** How many buffers: two can be on their way to the disk while the others are filled. 2 to 1,024, default 4. */
  readonly bufferCount?: number;
  /**
   * What the file is going to have in all. It is given that size at once, and opening fails with `ENOSPC` where the disk
   * cannot hold it. Fewer or more bytes may be written all the same; the file ends with the last one.
   */
  readonly expectedBytes?: number;
  /** Default `auto`. */
  readonly mode?: WriteMode;
  /** Goes on in an existing file: what it has before this byte stays, what it has behind it is written over, and what
   * is left of that goes when the writer is closed. Default 0. */
  readonly startBytes?: number;
  /** Whether a symbolic link in the place of the file is followed; opening fails with `ELOOP` otherwise. Default true. */
  readonly followsLinks?: boolean;
  /** Makes what has been written durable whenever so many more bytes have been, while writing goes on. Default: when closing. */
  readonly syncEachBytes?: number;
  /** And whenever a buffer is written and the last time is so long ago. Default: when closing. */
  readonly syncEachMs?: number;
  /** Called when more bytes are written: how many there are in the file, from its beginning on. */
  readonly onWritten?: (fileBytes: number) => void;
  /** Called when more bytes are durable: how many there are in the file, from its beginning on. */
  readonly onDurable?: (fileBytes: number) => void;
  /** Called once, when writing has failed: there may be no other call under way to tell it to. */
  readonly onError?: (error: Error) => void;
}

/** Options with all defaults filled in. */
export interface WriterSetup {
  readonly bufferBytes: number;
  readonly bufferCount: number;
  readonly expectedBytes: number | undefined;
  readonly mode: WriteMode;
  readonly startBytes: number;
  readonly followsLinks: boolean;
  readonly syncEachBytes: number;
  readonly syncEachMs: number;
  readonly onWritten: ((fileBytes: number) => void) | undefined;
  readonly onDurable: ((fileBytes: number) => void) | undefined;
  readonly onError: ((error: Error) => void) | undefined;
}

/** @throws RangeError or TypeError that names the option, its range and what came */
export function resolveWriterOptions(options: UnbufferedWriterOptions): WriterSetup {
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw new TypeError(`options must be an object, got ${describe(options)}`);
  }
  const {
    bufferBytes = DEFAULT_BUFFER_BYTES,
    bufferCount = DEFAULT_BUFFER_COUNT,
    expectedBytes,
    mode = 'auto',
    startBytes = 0,
    followsLinks = true,
    syncEachBytes = Infinity,
    syncEachMs = Infinity,
    onWritten,
    onDurable,
    onError,
  } = options;
  requireInteger('bufferBytes', bufferBytes, ALIGNMENT_BYTES, MAX_BUFFER_BYTES);
  if (bufferBytes % ALIGNMENT_BYTES !== 0) {
    throw new RangeError(`bufferBytes must be a multiple of ${ALIGNMENT_BYTES}, got ${bufferBytes}`);
  }
  requireInteger('bufferCount', bufferCount, 2, MAX_BUFFER_COUNT);
  requireInteger('startBytes', startBytes, 0, Number.MAX_SAFE_INTEGER);
  if (expectedBytes !== undefined) requireInteger('expectedBytes', expectedBytes, 0, Number.MAX_SAFE_INTEGER);
  if (syncEachBytes !== Infinity) requireInteger('syncEachBytes', syncEachBytes, 1, Number.MAX_SAFE_INTEGER);
  if (syncEachMs !== Infinity) requireInteger('syncEachMs', syncEachMs, 1, Number.MAX_SAFE_INTEGER);
  if (!MODES.includes(mode)) throw new RangeError(`mode must be auto, direct or buffered, got ${describe(mode)}`);
  if (typeof followsLinks !== 'boolean') {
    throw new TypeError(`followsLinks must be true or false, got ${describe(followsLinks)}`);
  }
  for (const [name, callback] of Object.entries({ onWritten, onDurable, onError })) {
    if (callback !== undefined && typeof callback !== 'function') {
      throw new TypeError(`${name} must be a function, got ${describe(callback)}`);
    }
  }
  return {
    ...{ bufferBytes, bufferCount, expectedBytes, mode, startBytes },
    ...{ followsLinks, syncEachBytes, syncEachMs, onWritten, onDurable, onError },
  };
}

/** @throws TypeError for anything but bytes */
export function requireBytes(bytes: unknown): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`bytes must be a Uint8Array, got ${describe(bytes)}`);
}

function requireInteger(name: string, value: unknown, min: number, max: number): void {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}, got ${describe(value)}`);
}

function describe(value: unknown): string {
  if (typeof value === 'string') return value.length <= 40 ? JSON.stringify(value) : `${value.length} characters`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}
