/** What can be sent, and what arrives: the same type again, with the same values. */
export type LargeArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float16Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | DataView
  | ArrayBuffer
  | SharedArrayBuffer;

export type LargeArrayType =
  | 'Int8Array'
  | 'Uint8Array'
  | 'Uint8ClampedArray'
  | 'Int16Array'
  | 'Uint16Array'
  | 'Int32Array'
  | 'Uint32Array'
  | 'Float16Array'
  | 'Float32Array'
  | 'Float64Array'
  | 'BigInt64Array'
  | 'BigUint64Array'
  | 'DataView'
  | 'ArrayBuffer'
  | 'SharedArrayBuffer';

/** A type as it travels. A SharedArrayBuffer travels as an ArrayBuffer in shared memory. */
export interface ArrayType {
  /** On the wire. */
  readonly number: number;
  readonly name: LargeArrayType;
  /** What the order of bytes is a question for; of a DataView and an ArrayBuffer the program knows, and elements are bytes. */
  readonly elementBytes: 1 | 2 | 4 | 8;
  /** An array of this type of all of the memory. */
  create(buffer: ArrayBufferLike, elements: number): LargeArray;
}

/** Each is made by a function of its own, as one that this runtime has not can only be named where it is used. */
const TYPES: readonly ArrayType[] = [
  viewType(1, 'Int8Array', 1, (...part) => new Int8Array(...part)),
  viewType(2, 'Uint8Array', 1, (...part) => new Uint8Array(...part)),
  viewType(3, 'Uint8ClampedArray', 1, (...part) => new Uint8ClampedArray(...part)),
  viewType(4, 'Int16Array', 2, (...part) => new Int16Array(...part)),
  viewType(5, 'Uint16Array', 2, (...part) => new Uint16Array(...part)),
  viewType(6, 'Int32Array', 4, (...part) => new Int32Array(...part)),
  viewType(7, 'Uint32Array', 4, (...part) => new Uint32Array(...part)),
  viewType(8, 'Float16Array', 2, (...part) => new Float16Array(...part)),
  viewType(9, 'Float32Array', 4, (...part) => new Float32Array(...part)),
  viewType(10, 'Float64Array', 8, (...part) => new Float64Array(...part)),
  viewType(11, 'BigInt64Array', 8, (...part) => new BigInt64Array(...part)),
  viewType(12, 'BigUint64Array', 8, (...part) => new BigUint64Array(...part)),
  viewType(13, 'DataView', 1, (...part) => new DataView(...part)),
  { number: 14, name: 'ArrayBuffer', elementBytes: 1, create: (buffer) => buffer },
];

const typeByNumber = new Map(TYPES.map((type) => [type.number, type]));
const typeByName = new Map<string, ArrayType>(TYPES.map((type) => [type.name, type]));

export function arrayTypeOf(number: number): ArrayType | undefined {
  return typeByNumber.get(number);
}

export function arrayTypeNamed(name: string): ArrayType | undefined {
  return typeByName.get(name);
}

/** Float16Array came with Node.js 24: what this runtime has not, cannot arrive here. */
export function isSupported(type: ArrayType): boolean {
  return type.name !== 'Float16Array' || typeof Float16Array !== 'undefined';
}

function viewType(
  number: number,
  name: LargeArrayType,
  elementBytes: ArrayType['elementBytes'],
  view: (buffer: ArrayBufferLike, byteOffset: number, elements: number) => LargeArray,
): ArrayType {
  return { number, name, elementBytes, create: (buffer, elements) => view(buffer, 0, elements) };
}
