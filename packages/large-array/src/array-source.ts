import { type ArrayType, arrayTypeNamed, type LargeArray } from './array-types.ts';
import { ArrayTransferError } from './errors.ts';
import { describe } from './requirements.ts';

/** The name that every typed array has in its class, whatever it was derived from: a Buffer is a Uint8Array. */
const typedArrayName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)!.get as (this: ArrayBufferView) => string | undefined;

/** Throws for a view whose memory is gone, where its length says 0. */
const elementIndices = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  'keys',
)!.value as (this: ArrayBufferView) => unknown;

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
      throw new TypeError(`array must be a typed array, DataView, ArrayBuffer or SharedArrayBuffer, got ${describe(array)}`);
    }
    this.type = type;
    try {
      if (ArrayBuffer.isView(array)) {
        if (type.name !== 'DataView') elementIndices.call(array);
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
    this.isShared = tagOf(this.#buffer) === 'SharedArrayBuffer';
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

function typeNameOf(value: unknown): string | undefined {
  if (ArrayBuffer.isView(value)) return typedArrayName.call(value) ?? 'DataView';
  const tag = tagOf(value);
  return tag === 'SharedArrayBuffer' ? 'ArrayBuffer' : tag === 'ArrayBuffer' ? tag : undefined;
}

/** By its tag, not its class: memory that comes from another realm (node:vm) is none of this one's. */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

function sourceGone(cause: unknown): ArrayTransferError {
  return new ArrayTransferError(
    'ARRAY_SOURCE_GONE',
    'the memory of the array was transferred, or became smaller than the array, before all of it was sent',
    'local',
    { cause },
  );
}
