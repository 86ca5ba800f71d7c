import { expect, it } from 'vitest';
import { createRawFrame, RawFrameReader } from '../src/subjects/raw-frames.ts';

const frames = [
  [0, 'one'],
  [1, ''],
  [0, 'a longer one'],
] as const;
const stream = Buffer.concat(frames.map(([type, text]) => createRawFrame(type, Buffer.from(text))));

it('a frame has our header: length u24, type u8, channel u8, flags u8, stream u16', () => {
  expect(createRawFrame(0x01, Buffer.from('hi')).toString('hex')).toBe('00000201010100006869');
});

it.each([1, 2, 3, 7, 8, 9, stream.length])('frames are read in chunks of %s bytes', (size) => {
  const read: [number, string][] = [];
  const reader = new RawFrameReader(64, (type, bytes, start, end) => {
    read.push([type, Buffer.from(bytes.subarray(start, end)).toString()]);
  });
  for (let start = 0; start < stream.length; start += size) reader.read(stream.subarray(start, start + size));
  expect(read).toEqual(frames);
});
