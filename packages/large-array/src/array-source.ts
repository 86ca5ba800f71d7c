import { type ArrayType, arrayTypeNamed, type LargeArray } from './array-types.ts';
import { ArrayTransferError } from './errors.ts';
import { describe } from './requirements.ts';

/**
 * An array that is sent, as it was when it was given: a part of some memory. The memory stays the program's, so it may have gone or
 * shrunk by the time that a piece is due.
 */
export class ArraySource {
  readonly type: ArrayType;
  readonly isShared: boolean;
  readonly byteLength: number;
  readonly #buffer: ArrayBufferLike;
  readonly #byteOffset: number;

  /**
   * @throws TypeError for what is no array
   * @throws ArrayTransferError ARRAY_SOURCE_GONE where its memory is gone already
   */
  constructor(array: LargeArray) {
    const type = arrayTypeNamed(typeNameOf(array) ?? '');
    if (type === undefined) {
      throw new TypeError(
        `array must be a typed array, DataView, ArrayBuffer or SharedArrayBuffer, got ${describe(array)}`,
      );
    }
    this.type = type;
    try {
      if (ArrayBuffer.isView(array)) {
        // Throws for a view whose memory is gone, where its length says 0. A DataView does that by itself.
        if (type.name !== 'DataView') Uint8Array.prototype.keys.call(array as Uint8Array);
        this.#buffer = array.buffer;
        this.#byteOffset = array.byteOffset;
        this.byteLength = array.byteLength;
      } else {
        this.#buffer = array;
        this.#byteOffset = 0;
        this.byteLength = new Uint8Array(array).length;
      }
    } catch (error) {
      throw sourceGone(error);
    }
    this.isShared = !isBuffer(this.#buffer, ArrayBuffer.prototype);
  }

  /**
   * A part of it, not copied.
   *
   * @throws ArrayTransferError ARRAY_SOURCE_GONE where it is not there any more
   */
  bytes(from: number, byteLength: number): Uint8Array {
    try {
      return new Uint8Array(this.#buffer, this.#byteOffset + from, byteLength);
    } catch (error) {
      throw sourceGone(error);
    }
  }
}

/** The name of the class that is built in: a Buffer is a Uint8Array. */
function typeNameOf(value: unknown): string | undefined {
  if (ArrayBuffer.isView(value)) {
    const name: unknown = Reflect.get(Uint8Array.prototype, Symbol.toStringTag, value);
    return typeof name === 'string' ? name : 'DataView';
  }
  const isMemory = isBuffer(value, ArrayBuffer.prototype) || isBuffer(value, SharedArrayBuffer.prototype);
  return isMemory ? 'ArrayBuffer' : undefined;
}

/** By what it is, not by its class: memory that comes from another realm (node:vm) has none of this one's. */
function isBuffer(value: unknown, prototype: ArrayBufferLike): boolean {
  try {
    Reflect.get(prototype, 'byteLength', value);
    return true;
  } catch {
    return false;
  }
}

function sourceGone(cause: unknown): ArrayTransferError {
  return new ArrayTransferError(
    'ARRAY_SOURCE_GONE',
    'the memory of the array was transferred, or became smaller than the array, before all of it was sent',
    'local',
    { cause },
  );
}
