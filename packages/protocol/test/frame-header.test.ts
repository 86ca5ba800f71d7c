import { expect, it } from 'vitest';
import { encodeFrame, FRAME_HEADER_BYTES, writeFrameHeader } from '../src/index.ts';

it('a header is length u24, type, channel, flags, stream u16, all big-endian', () => {
  const bytes = new Uint8Array(12).fill(0xee);
  writeFrameHeader(bytes, 2, 0x010203, 0x04, 0x05, 0x06, 0x0708);
  expect([...bytes]).toEqual([0xee, 0xee, 1, 2, 3, 4, 5, 6, 7, 8, 0xee, 0xee]);
});

it('every field holds its highest value', () => {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES);
  writeFrameHeader(bytes, 0, 0xffffff, 0xff, 0xff, 0xff, 0xffff);
  expect(bytes).toEqual(new Uint8Array(8).fill(0xff));
});

it('a frame is its header and its payload, in memory of its own', () => {
  const payload = Uint8Array.of(9, 8);
  const frame = encodeFrame(1, 250, 3, 0, payload);
  payload.fill(0);
  expect([...frame]).toEqual([0, 0, 2, 1, 250, 3, 0, 0, 9, 8]);
});
