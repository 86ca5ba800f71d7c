import { testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import type { LargeArray } from '../src/index.ts';
import { transferPair, watch } from './transfer-pair.ts';

const PIECE_BYTES = 262_144;

/** Every type, in memory of its own and in the middle of shared memory. */
const memory = testBytes(48).buffer;
const sharedMemory = new SharedArrayBuffer(48);
new Uint8Array(sharedMemory).set(testBytes(48, 2));
type ViewClass = new (memory: ArrayBufferLike | number, byteOffset?: number, elements?: number) => LargeArray;
const VIEWS = [
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float16Array],
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array],
] as readonly unknown[] as readonly ViewClass[];
const ARRAYS: [string, LargeArray][] = [
  ...VIEWS.map((View): [string, LargeArray] => [View.name, new View(memory, 8, 3)]),
  ...VIEWS.map((View): [string, LargeArray] => [`shared ${View.name}`, new View(sharedMemory, 16, 2)]),
  ['DataView', new DataView(memory, 3, 21)],
  ['shared DataView', new DataView(sharedMemory, 3, 21)],
  ['ArrayBuffer', memory],
  ['SharedArrayBuffer', sharedMemory],
];

/** What a program sees of an array, and what memory it is in. */
function contentsOf(array: LargeArray): unknown {
  const isView = ArrayBuffer.isView(array);
  const buffer = isView ? array.buffer : array;
  const offset = isView ? array.byteOffset : 0;
  return {
    type: Object.prototype.toString.call(array),
    isShared: buffer instanceof SharedArrayBuffer,
    bytes: Array.from(new Uint8Array(buffer, offset, array.byteLength)),
  };
}

async function sendThrough(array: LargeArray): Promise<LargeArray> {
  const { left, right, deliverAll } = await transferPair();
  right.collect();
  const sent = watch(left.transfer.send(array));
  await deliverAll();
  expect(sent.outcome).toBe('resolved');
  expect(right.taken.length).toBe(1);
  expect(right.failures).toEqual([]);
  return right.taken[0]!;
}

describe('an array arrives as what it was', () => {
  it.each(ARRAYS)('%s', async (_name, array) => {
    expect(contentsOf(await sendThrough(array))).toEqual(contentsOf(array));
  });

  it.each(ARRAYS)('%s, in more than one piece', async (name, small) => {
    const byteLength = PIECE_BYTES + 16;
    const buffer = name.includes('hared') ? new SharedArrayBuffer(byteLength) : new ArrayBuffer(byteLength);
    new Uint8Array(buffer).set(testBytes(byteLength));
    const View = small.constructor as ViewClass;
    const array = ArrayBuffer.isView(small) ? new View(buffer) : buffer;
    const arrived = await sendThrough(array);
    expect(arrived.constructor).toBe(array.constructor);
    expect(Buffer.from(bytesOf(arrived)).equals(Buffer.from(bytesOf(array)))).toBe(true);
  });

  it.each(VIEWS)('empty %o', async (View) => {
    const arrived = await sendThrough(new View(0));
    expect(arrived).toBeInstanceOf(View);
    expect(arrived.byteLength).toBe(0);
  });

  it.each([new DataView(new ArrayBuffer(0)), new ArrayBuffer(0), new SharedArrayBuffer(0)])(
    'empty %o',
    async (array) => {
      expect(contentsOf(await sendThrough(array))).toEqual(contentsOf(array));
    },
  );

  it('a Buffer, or whatever else extends a typed array, as what it extends', async () => {
    class Samples extends Float32Array {}
    const text = await sendThrough(Buffer.from('from the pool of all small buffers'));
    expect(text.constructor).toBe(Uint8Array);
    expect(Buffer.from(text as Uint8Array).toString()).toBe('from the pool of all small buffers');
    expect(await sendThrough(Samples.of(1, 2.5))).toEqual(Float32Array.of(1, 2.5));
  });

  it('an array of another realm', async () => {
    const { runInNewContext } = await import('node:vm');
    const [view, buffer] = runInNewContext('[Float64Array.of(1, 2), Uint8Array.of(7, 8).buffer]') as LargeArray[];
    expect(await sendThrough(view!)).toEqual(Float64Array.of(1, 2));
    expect(contentsOf(await sendThrough(buffer!))).toEqual(contentsOf(Uint8Array.of(7, 8).buffer));
  });

  it('an array over resizable memory with the length that it had when it was sent', async () => {
    const buffer = new ArrayBuffer(16, { maxByteLength: 32 });
    const growing = new Float64Array(buffer);
    growing.set([1, 2]);
    const { left, right, deliverAll } = await transferPair();
    right.collect();
    const sent = left.transfer.send(growing);
    buffer.resize(32);
    await deliverAll();
    await sent;
    expect(right.taken).toEqual([Float64Array.of(1, 2)]);
  });

  it.each([PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 1_048_576, 1_048_577, 16_777_216, 16_777_217, 40_000_000])(
    'of %i bytes, in one allocation of exactly that',
    async (byteLength) => {
      const array = testBytes(byteLength);
      const arrived = await sendThrough(array);
      expect(Buffer.from(bytesOf(arrived)).equals(array)).toBe(true);
      const { buffer } = arrived as Uint8Array;
      expect(buffer.byteLength).toBe(byteLength);
      expect((buffer as ArrayBuffer).resizable).toBe(byteLength > 16_777_216);
      // The array does not change its length with its memory: it is none that tracks it.
      if ((buffer as ArrayBuffer).resizable) (buffer as ArrayBuffer).resize(byteLength - 1);
      expect(arrived.byteLength).toBe((buffer as ArrayBuffer).resizable ? 0 : byteLength);
    },
  );
});

describe('a description', () => {
  it('tells what was sent with the array, and nothing of any other', async () => {
    const { left, right, deliverAll } = await transferPair();
    right.collect();
    const label = '\u{feff}température \u{1f321}';
    void left.transfer.send(new Float64Array(6), { shape: [1, 2, 3], label });
    void left.transfer.send(new SharedArrayBuffer(3));
    void left.transfer.send(new DataView(new ArrayBuffer(4)), { shape: [2, 2], label: '' });
    void left.transfer.send(Int8Array.of(5), { shape: [] });
    void left.transfer.send(new Uint16Array(0), { shape: [0, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] });
    await deliverAll();
    expect(right.taken.map((array) => right.transfer.descriptionOf(array))).toEqual([
      { id: 1, type: 'Float64Array', shape: [1, 2, 3], label, byteLength: 48 },
      { id: 2, type: 'SharedArrayBuffer', shape: undefined, label: undefined, byteLength: 3 },
      { id: 3, type: 'DataView', shape: [2, 2], label: '', byteLength: 4 },
      { id: 4, type: 'Int8Array', shape: [], label: undefined, byteLength: 1 },
      {
        id: 5,
        type: 'Uint16Array',
        shape: [0, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
        label: undefined,
        byteLength: 0,
      },
    ]);
    expect(right.transfer.descriptionOf(new Float64Array(6))).toBeUndefined();
    expect(left.transfer.descriptionOf(right.taken[0]!)).toBeUndefined();
  });

  it('has room for the longest label and 32 dimensions, with an empty array and with a large one', async () => {
    const { left, right, deliverAll } = await transferPair();
    right.collect();
    const shape = Array<number>(31).fill(1);
    const label = '\u{20ac}'.repeat(1024);
    void left.transfer.send(new Uint8Array(0), { shape: [...shape, 0], label });
    void left.transfer.send(new Uint8Array(300_000), { shape: [...shape, 300_000], label });
    await deliverAll();
    expect(right.taken.map((array) => right.transfer.descriptionOf(array))).toMatchObject([
      { shape: [...shape, 0], label },
      { shape: [...shape, 300_000], label },
    ]);
  });

  it('is of the shape that was given, whatever becomes of that', async () => {
    const { left, right, deliverAll } = await transferPair({ right: { maxArrays: 1 } });
    const shape = [4];
    const sent = Promise.all([left.transfer.send(new Uint8Array(4)), left.transfer.send(new Uint8Array(4), { shape })]);
    shape[0] = 5;
    right.collect();
    await deliverAll();
    await sent;
    expect(right.transfer.descriptionOf(right.taken[1]!)?.shape).toEqual([4]);
  });
});

function bytesOf(array: LargeArray): Uint8Array {
  return ArrayBuffer.isView(array)
    ? new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
    : new Uint8Array(array);
}
