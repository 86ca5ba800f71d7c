import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, FRAME_HEADER_BYTES, FrameDecoder, type FrameHeader, type FrameSink } from '../src/index.ts';
import { countAllocations } from './count-allocations.ts';

interface Piece {
  readonly header: FrameHeader;
  readonly piece: Uint8Array;
  readonly position: number;
}

const MEBIBYTE = 1_048_576;
const nothing: FrameSink = { onFrame: () => {} };

function collectInto(pieces: Piece[]): FrameSink {
  return { onFrame: (header, piece, position) => void pieces.push({ header: { ...header }, piece, position }) };
}

describe('pieces', () => {
  it('are views into the bytes given, never copies', () => {
    const bytes = encodeFrame(1, 2, 3, 4, Uint8Array.of(10, 11, 12, 13, 14));
    for (let at = 0; at <= bytes.length; at += 1) {
      const chunks = [bytes.slice(0, at), bytes.slice(at)];
      const decoder = new FrameDecoder(100);
      for (const chunk of chunks) {
        const pieces: Piece[] = [];
        decoder.decode(chunk, collectInto(pieces));
        for (const { piece } of pieces) expect(piece.buffer).toBe(chunk.buffer);
      }
    }
  });

  it('lie where they arrived, in a view of a larger buffer too', () => {
    const memory = new Uint8Array(40);
    memory.set(encodeFrame(1, 1, 0, 0, Uint8Array.of(7, 8, 9)), 20);
    const pieces: Piece[] = [];
    new FrameDecoder(100).decode(memory.subarray(20, 31), collectInto(pieces));
    expect(pieces).toHaveLength(1);
    expect(pieces[0]!.piece).toEqual(Uint8Array.of(7, 8, 9));
    expect(pieces[0]!.piece.byteOffset).toBe(28);
  });

  it('come as soon as they are there, with their position', () => {
    const frame = encodeFrame(2, 252, 0, 9, Uint8Array.of(1, 2, 3, 4, 5, 6));
    const pieces: Piece[] = [];
    const decoder = new FrameDecoder(100);
    for (const chunk of [frame.subarray(0, 10), frame.subarray(10, 13), frame.subarray(13)]) {
      decoder.decode(chunk, collectInto(pieces));
    }
    expect(pieces.map(({ piece, position }) => [position, ...piece])).toEqual([
      [0, 1, 2],
      [2, 3, 4, 5],
      [5, 6],
    ]);
    expect(pieces.map(({ header }) => header)).toEqual(
      Array(3).fill({ length: 6, type: 2, channel: 252, flags: 0, stream: 9 }),
    );
  });

  it('are none for a header whose payload has not begun, and one that is empty for an empty payload', () => {
    const pieces: Piece[] = [];
    const decoder = new FrameDecoder(100);
    decoder.decode(encodeFrame(1, 1, 0, 0, Uint8Array.of(1)).subarray(0, 8), collectInto(pieces));
    expect(pieces).toEqual([]);
    decoder.decode(Uint8Array.of(1), collectInto(pieces));
    decoder.decode(encodeFrame(1, 1, 1, 0, new Uint8Array(0)), collectInto(pieces));
    expect(pieces.map(({ piece }) => piece.length)).toEqual([1, 0]);
  });
});

it('tells in the middle of a frame which one it is and what is missing, and between frames neither', () => {
  const frames = [encodeFrame(1, 7, 1, 0, new Uint8Array(20)), encodeFrame(2, 252, 0, 9, new Uint8Array(5))];
  const bytes = new Uint8Array(Buffer.concat(frames));
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const decoder = new FrameDecoder(100);
    decoder.decode(bytes.subarray(0, cut), nothing);
    const start = cut >= 28 ? 28 : 0;
    const payloadBytes = start === 0 ? 20 : 5;
    const isInFrame = cut - start >= 8 && cut - start < 8 + payloadBytes;
    expect(decoder.missingBytes).toBe(isInFrame ? start + 8 + payloadBytes - cut : 0);
    expect(decoder.currentFrame?.channel).toBe(isInFrame ? (start === 0 ? 7 : 252) : undefined);
  }
});

describe('cost', () => {
  it('a frame of 1 MiB that comes byte by byte is 1 MiB of pieces and one allocation, for its header', () => {
    const frame = encodeFrame(1, 1, 1, 0, new Uint8Array(MEBIBYTE));
    const bytes = Array.from({ length: frame.length }, (_, at) => frame.subarray(at, at + 1));
    const decoder = new FrameDecoder(MEBIBYTE);
    let calls = 0;
    let nextPosition = 0;
    const sink: FrameSink = {
      onFrame: (_, piece, position) => {
        calls += 1;
        if (piece.length === 1 && position === nextPosition) nextPosition += 1;
      },
    };
    const allocations = countAllocations(() => {
      for (const byte of bytes) decoder.decode(byte, sink);
    });
    expect({ calls, nextPosition, allocations }).toEqual({
      calls: MEBIBYTE,
      nextPosition: MEBIBYTE,
      allocations: { count: 1, bytes: FRAME_HEADER_BYTES },
    });
    expect(decoder.isBetweenFrames).toBe(true);
  });

  it('an announced length allocates nothing', () => {
    const header = encodeFrame(1, 1, 1, 0, new Uint8Array(16_777_215)).subarray(0, 8);
    const decoder = new FrameDecoder(16_777_215);
    expect(countAllocations(() => decoder.decode(header, nothing)).bytes).toBe(0);
  });
});

describe('a payload that is too long', () => {
  it('is refused at the last byte of its header, with type and both numbers in the message', () => {
    const header = Uint8Array.of(0x01, 0x11, 0x70, 0x01, 1, 1, 0, 0);
    const decoder = new FrameDecoder(65_536);
    decoder.decode(header.subarray(0, 7), nothing);
    expect(() => decoder.decode(header.subarray(7), nothing)).toThrow(
      expect.objectContaining({
        code: 'ERR_TCPCOMM_FRAME_TOO_LARGE',
        message: 'MESSAGE frame of 70000 bytes exceeds maxFrameBytes 65536',
      }),
    );
  });

  it('of exactly the limit is accepted', () => {
    const pieces: Piece[] = [];
    new FrameDecoder(5).decode(encodeFrame(1, 1, 1, 0, new Uint8Array(5)), collectInto(pieces));
    expect(pieces).toHaveLength(1);
  });

  it('is judged by the limit in force when its header comes: the sink may raise it between two frames', () => {
    const decoder = new FrameDecoder(2);
    const lengths: number[] = [];
    const bytes = Buffer.concat([
      encodeFrame(1, 1, 1, 0, new Uint8Array(2)),
      encodeFrame(1, 1, 1, 0, new Uint8Array(9)),
    ]);
    decoder.decode(bytes, {
      onFrame: (header) => {
        lengths.push(header.length);
        decoder.maxFrameBytes = 9;
      },
    });
    expect(lengths).toEqual([2, 9]);
  });
});

describe('stop', () => {
  const one = encodeFrame(1, 1, 1, 0, Uint8Array.of(1));

  it('ends the running decode after the frame at hand and says how much was taken', () => {
    const decoder = new FrameDecoder(100);
    let calls = 0;
    const sink: FrameSink = {
      onFrame: () => {
        calls += 1;
        if (calls === 2) decoder.stop();
      },
    };
    expect(decoder.decode(Buffer.concat([one, one, one]), sink)).toBe(2 * one.length);
    expect(calls).toBe(2);
  });

  it('makes every later decode take nothing', () => {
    const decoder = new FrameDecoder(100);
    decoder.stop();
    expect(decoder.decode(one, { onFrame: () => expect.unreachable() })).toBe(0);
  });
});

it('knows at every byte whether it is between frames', () => {
  const bytes = Buffer.concat([encodeFrame(1, 1, 1, 0, new Uint8Array(3)), encodeFrame(1, 1, 1, 0, new Uint8Array(0))]);
  const decoder = new FrameDecoder(100);
  const boundaries = [];
  if (decoder.isBetweenFrames) boundaries.push(0);
  for (let at = 0; at < bytes.length; at += 1) {
    decoder.decode(bytes.subarray(at, at + 1), nothing);
    if (decoder.isBetweenFrames) boundaries.push(at + 1);
  }
  expect(boundaries).toEqual([0, 11, 19]);
});

it('what the sink throws comes out of decode', () => {
  const failure = new Error('of the sink');
  const sink: FrameSink = {
    onFrame: () => {
      throw failure;
    },
  };
  expect(() => new FrameDecoder(100).decode(encodeFrame(1, 1, 1, 0, new Uint8Array(1)), sink)).toThrow(failure);
});

it('any frames, cut anywhere, decode to what was encoded', () => {
  const byte = fc.nat(255);
  const frame = fc.record({
    type: byte,
    channel: byte,
    flags: byte,
    stream: fc.nat(65_535),
    payload: fc.uint8Array({ maxLength: 300 }),
  });
  const property = fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(2500)), (frames, cutAt) => {
    const bytes = Buffer.concat(frames.map((f) => encodeFrame(f.type, f.channel, f.flags, f.stream, f.payload)));
    const ends = [...cutAt.filter((at) => at < bytes.length), bytes.length].sort((a, b) => a - b);
    const decoder = new FrameDecoder(300);
    const pieces: Piece[] = [];
    let start = 0;
    for (const end of ends) {
      const chunk = bytes.subarray(start, end);
      expect(decoder.decode(chunk, collectInto(pieces))).toBe(chunk.length);
      start = end;
    }
    expect(decoder.isBetweenFrames).toBe(true);
    expect(join(pieces)).toEqual(frames.map(({ payload, ...header }) => ({ ...header, payload: [...payload] })));
  });
  fc.assert(property);
});

/** Frames out of pieces, which must follow upon each other without a gap. */
function join(pieces: readonly Piece[]): unknown[] {
  const frames = [];
  let payload: number[] = [];
  for (const { header, piece, position } of pieces) {
    expect(position).toBe(payload.length);
    payload.push(...piece);
    if (payload.length < header.length) continue;
    const { type, channel, flags, stream } = header;
    frames.push({ type, channel, flags, stream, payload });
    payload = [];
  }
  expect(payload).toEqual([]);
  return frames;
}
