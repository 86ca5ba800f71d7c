import { expect, it } from 'vitest';
import { parseRawFrames, rawCounters, rawFrame, rawPreface } from '../src/index.ts';

it('a frame has the bytes that the specification draws', () => {
  const frame = rawFrame(0x02, { channel: 252, flags: 0, stream: 258, payload: Buffer.from('abc') });
  expect(frame.toString('hex')).toBe('00000302fc000102616263');
  expect(rawPreface().toString('hex')).toBe('544350434f4d4d01');
  expect(rawCounters(1, 2 ** 40).toString('hex')).toBe('00000000000000010000010000000000');
});

it('frames are found again behind the preface, and one that is not whole is left', () => {
  const first = rawFrame(0x10, { payload: { machineId: 'a' } });
  const second = rawFrame(0x01, { channel: 7, flags: 1, payload: Buffer.from('xyz') });
  const frames = parseRawFrames(Buffer.concat([rawPreface(), first, second, second.subarray(0, 9)]));
  expect(frames.map(({ type, channel, flags }) => [type, channel, flags])).toEqual([
    [0x10, 0, 0],
    [0x01, 7, 1],
  ]);
  expect(frames[1]?.payload.toString()).toBe('xyz');
});
