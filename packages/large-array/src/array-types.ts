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

const TYPES: readonly ArrayType[] = [
  { number: 1, name: 'Int8Array', elementBytes: 1, create: (buffer, elements) => new Int8Array(buffer, 0, elements) },
  { number: 2, name: 'Uint8Array', elementBytes: 1, create: (buffer, elements) => new Uint8Array(buffer, 0, elements) },
  {
    number: 3,
    name: 'Uint8ClampedArray',
    elementBytes: 1,
    create: (buffer, elements) => new Uint8ClampedArray(buffer, 0, elements),
  },
  { number: 4, name: 'Int16Array', elementBytes: 2, create: (buffer, elements) => new Int16Array(buffer, 0, elements) },
  {
    number: 5,
    name: 'Uint16Array',
    elementBytes: 2,
    create: (buffer, elements) => new Uint16Array(buffer, 0, elements),
  },
  { number: 6, name: 'Int32Array', elementBytes: 4, create: (buffer, elements) => new Int32Array(buffer, 0, elements) },
  {
    number: 7,
    name: 'Uint32Array',
    elementBytes: 4,
    create: (buffer, elements) => new Uint32Array(buffer, 0, elements),
  },
  {
    number: 8,
    name: 'Float16Array',
    elementBytes: 2,
    create: (buffer, elements) => new Float16Array(buffer, 0, elements),
  },
  {
    number: 9,
    name: 'Float32Array',
    elementBytes: 4,
    create: (buffer, elements) => new Float32Array(buffer, 0, elements),
  },
  {
    number: 10,
    name: 'Float64Array',
    elementBytes: 8,
    create: (buffer, elements) => new Float64Array(buffer, 0, elements),
  },
  {
    number: 11,
    name: 'BigInt64Array',
    elementBytes: 8,
    create: (buffer, elements) => new BigInt64Array(buffer, 0, elements),
  },
  {
    number: 12,
    name: 'BigUint64Array',
    elementBytes: 8,
    create: (buffer, elements) => new BigUint64Array(buffer, 0, elements),
  },
  { number: 13, name: 'DataView', elementBytes: 1, create: (buffer, elements) => new DataView(buffer, 0, elements) },
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
