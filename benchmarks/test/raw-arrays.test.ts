import { expect, it } from 'vitest';
import { bytesOf, createArray } from '../src/subjects/array-load.ts';
import { createArrayHeader, RawArrayReader } from '../src/subjects/raw-arrays.ts';

const arrays = [createArray(8), createArray(200_000), createArray(24), createArray(800_000), createArray(65_536)];
const stream = Buffer.concat(arrays.flatMap((array) => [createArrayHeader(array.byteLength), bytesOf(array)]));

it('an array is preceded by its length in bytes, a float64 with the highest byte first', () => {
  expect(Buffer.from(createArrayHeader(1_000_000)).toString('hex')).toBe('412e848000000000');
});

it.each([1, 7, 8, 9, 65_536, 1_000_003, stream.length])('arrays are read in chunks of %s bytes', (size) => {
  const { reader, read } = createReader();
  for (let start = 0; start < stream.length; start += size) reader.read(stream.subarray(start, start + size));
  expectAll(read);
});

it.each([1000, 65_536, Infinity])('arrays are read into the room that is given, up to %s bytes at once', (size) => {
  const { reader, read } = createReader();
  for (let start = 0; start < stream.length;) {
    const room = reader.roomForNext();
    const chunk = stream.subarray(start, start + Math.min(size, room.length));
    room.set(chunk);
    reader.read(room.subarray(0, chunk.length));
    start += chunk.length;
  }
  expectAll(read);
});

it('of a large array the room is where it belongs, as far as that is missing', () => {
  const { reader, read } = createReader();
  reader.read(createArrayHeader(300_000));
  const first = reader.roomForNext();
  expect(first.length).toBe(262_144);
  reader.read(first.subarray(0, 200_000));
  const second = reader.roomForNext();
  expect(second.length).toBe(100_000);
  reader.read(second);
  expect(read[0]!.buffer).toBe(first.buffer);
});

function createReader() {
  const read: Float64Array[] = [];
  return { reader: new RawArrayReader((array) => read.push(array)), read };
}

function expectAll(read: readonly Float64Array[]): void {
  expect(read.map(({ byteLength }) => byteLength)).toEqual(arrays.map(({ byteLength }) => byteLength));
  for (const [at, array] of read.entries()) {
    expect(Buffer.compare(bytesOf(array), bytesOf(arrays[at]!))).toBe(0);
    expect(array.buffer.byteLength).toBe(array.byteLength);
  }
}
