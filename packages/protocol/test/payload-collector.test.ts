import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDecoder, PayloadCollector } from '../src/index.ts';
import { countAllocations } from './count-allocations.ts';

/** An announcement is believed up to this, whatever has come. */
const BELIEVED_BYTES = 65_536;

/** A collector whose memory is counted, and full of something else before it is written. */
class MeasuredCollector {
  readonly collector = new PayloadCollector((byteLength) => {
    this.allocations.push(byteLength);
    expect(byteLength).toBeLessThanOrEqual(Math.max(BELIEVED_BYTES, 4 * this.cameBytes));
    return new Uint8Array(byteLength).fill(0xaa);
  });
  readonly allocations: number[] = [];
  /** What was appended since the collector was last emptied, the piece that is being appended included. */
  cameBytes = 0;

  /** The piece is overwritten as soon as it was given away, as the memory that a socket reads into is. */
  append(piece: Uint8Array, followingBytes = 0): void {
    this.cameBytes += piece.length;
    this.collector.append(piece, followingBytes);
    piece.fill(0x55);
  }

  /** Reads to where the bytes belong, as far as there is room; returns how many that were. */
  readInPlace(piece: Uint8Array, followingBytes: number): number {
    this.cameBytes += 1;
    const room = this.collector.roomFor(piece.length + followingBytes);
    this.cameBytes -= 1;
    const read = Math.min(piece.length, room.length);
    room.set(piece.subarray(0, read));
    this.cameBytes += read;
    const before = this.allocations.length;
    this.collector.append(room.subarray(0, read), piece.length - read + followingBytes);
    expect(this.allocations.length).toBe(before);
    return read;
  }

  take(): Uint8Array {
    const payload = this.collector.take();
    this.cameBytes = 0;
    return payload;
  }

  get allocatedBytes(): number {
    return this.allocations.reduce((sum, bytes) => sum + bytes, 0);
  }
}

/** Bytes that differ from one piece to the next. */
function pieceOf(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const piece = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) piece[at] = seed * 31 + at * 7;
  return piece;
}

describe('taking', () => {
  it('gives nothing from an empty collector', () => {
    expect(new PayloadCollector().take()).toEqual(new Uint8Array(0));
  });

  it('empties the collector, so that it serves for the next payload', () => {
    const collector = new PayloadCollector();
    collector.append(Uint8Array.of(1, 2));
    expect(collector.byteLength).toBe(2);
    expect([...collector.take()]).toEqual([1, 2]);
    expect(collector.byteLength).toBe(0);
    collector.append(Uint8Array.of(3));
    expect([...collector.take()]).toEqual([3]);
  });

  it('gives each payload memory of its own, so that one can be transferred or let go without the next', () => {
    const collector = new PayloadCollector();
    collector.append(Uint8Array.of(1, 2), 1000);
    const first = collector.take();
    collector.append(Uint8Array.of(9, 9, 9));
    const second = collector.take();
    expect([...first, ...second]).toEqual([1, 2, 9, 9, 9]);
    expect(second.buffer).not.toBe(first.buffer);
  });

  it('keeps no memory with a payload that is much smaller than was announced', () => {
    const collector = new PayloadCollector();
    collector.append(pieceOf(100, 1), 60_000);
    const payload = collector.take();
    expect(payload).toEqual(pieceOf(100, 1));
    expect(payload.buffer.byteLength).toBeLessThan(200);
  });
});

describe('dropping', () => {
  it('forgets what was appended last, and what comes then follows on what is left', () => {
    const collector = new PayloadCollector();
    collector.append(pieceOf(10, 1), 90);
    collector.append(pieceOf(30, 2), 60);
    collector.append(pieceOf(5, 3), 55);
    collector.drop(35);
    expect(collector.byteLength).toBe(10);
    collector.append(pieceOf(20, 4));
    expect(collector.take()).toEqual(new Uint8Array([...pieceOf(10, 1), ...pieceOf(20, 4)]));
  });

  it('of all leaves an empty collector, and of nothing changes nothing', () => {
    const collector = new PayloadCollector();
    collector.append(pieceOf(10, 1));
    collector.drop(0);
    expect(collector.byteLength).toBe(10);
    collector.drop(10);
    expect(collector.byteLength).toBe(0);
    expect(collector.take()).toEqual(new Uint8Array(0));
    collector.append(pieceOf(3, 2));
    expect(collector.take()).toEqual(pieceOf(3, 2));
  });

  it('moves the room for the next bytes back as well', () => {
    const collector = new PayloadCollector();
    collector.append(pieceOf(10, 1), 90);
    collector.append(pieceOf(40, 2), 50);
    collector.drop(40);
    const room = collector.roomFor(20);
    room.set(pieceOf(20, 3));
    collector.append(room);
    expect(collector.take()).toEqual(new Uint8Array([...pieceOf(10, 1), ...pieceOf(20, 3)]));
  });
});

it.each([1, 100, 4096, 100_000])('a single piece of %i bytes is copied: its memory is used again', (bytes) => {
  const collector = new PayloadCollector();
  const piece = pieceOf(bytes, 3);
  collector.append(piece);
  piece.fill(0);
  expect(Buffer.compare(collector.take(), pieceOf(bytes, 3))).toBe(0);
});

describe('memory', () => {
  it.each([1, 4096, BELIEVED_BYTES])(
    'for %i bytes that were announced at once is allocated once, and is not copied',
    (bytes) => {
      const measured = new MeasuredCollector();
      measured.append(pieceOf(1, 0), bytes - 1);
      for (let came = 1; came < bytes; came += 1000) {
        const piece = pieceOf(Math.min(1000, bytes - came), came);
        measured.append(piece, bytes - came - piece.length);
      }
      expect(measured.take()).toHaveLength(bytes);
      expect(measured.allocations).toEqual([bytes]);
    },
  );

  it('follows what has come, not what was announced', () => {
    const measured = new MeasuredCollector();
    measured.append(pieceOf(1, 0), 2 ** 40);
    expect(measured.allocations).toEqual([BELIEVED_BYTES]);
    measured.append(pieceOf(BELIEVED_BYTES, 1), 2 ** 40);
    expect(measured.allocations).toEqual([BELIEVED_BYTES, 4 * (BELIEVED_BYTES + 1)]);
  });

  it('of 4 MiB that come byte by byte without an announcement is taken in few steps', () => {
    const measured = new MeasuredCollector();
    const byte = Uint8Array.of(1);
    const bytes = 4 * 1_048_576;
    for (let came = 0; came < bytes; came += 1) {
      measured.cameBytes += 1;
      measured.collector.append(byte);
    }
    expect(measured.allocations.length).toBeLessThan(20);
    // What was copied on the way is at most what was allocated before: linear, whatever the size.
    expect(measured.allocatedBytes).toBeLessThanOrEqual(3 * bytes);
    const payload = measured.take();
    expect(payload.every((value) => value === 1)).toBe(true);
  });

  it('is all of the allocator that was given', () => {
    const Bytes = Uint8Array;
    const collector = new PayloadCollector((byteLength) => new Bytes(byteLength));
    const pieces = Array.from({ length: 100 }, (_, index) => pieceOf(1000, index));
    const { count } = countAllocations(() => {
      for (const piece of pieces) collector.append(piece);
      collector.take();
    });
    expect(count).toBe(0);
  });
});

describe('room for the next bytes', () => {
  it('is where they belong: appended there they are not copied', () => {
    const collector = new PayloadCollector();
    collector.append(pieceOf(10, 1), 90);
    const room = collector.roomFor(90);
    expect(room).toHaveLength(90);
    room.set(pieceOf(40, 2));
    collector.append(room.subarray(0, 40), 50);
    collector.append(pieceOf(50, 3));
    const payload = collector.take();
    expect(payload).toEqual(new Uint8Array([...pieceOf(10, 1), ...pieceOf(40, 2), ...pieceOf(50, 3)]));
    expect(payload.buffer).toBe(room.buffer);
  });

  it('is at least a byte, and never more than is announced', () => {
    const collector = new PayloadCollector();
    expect(collector.roomFor(1)).toHaveLength(1);
    collector.append(pieceOf(5, 1));
    expect(collector.roomFor(3).length).toBeLessThanOrEqual(3);
    expect(collector.roomFor(3).length).toBeGreaterThan(0);
  });

  it('does not follow an announcement alone', () => {
    const measured = new MeasuredCollector();
    measured.append(pieceOf(1, 0), 2 ** 40);
    expect(measured.collector.roomFor(2 ** 40)).toHaveLength(BELIEVED_BYTES - 1);
  });

  it('that is asked for and not used changes nothing', () => {
    const collector = new PayloadCollector();
    collector.append(pieceOf(10, 1), 100);
    collector.roomFor(100).fill(9);
    collector.append(pieceOf(20, 2), 80);
    expect(collector.take()).toEqual(new Uint8Array([...pieceOf(10, 1), ...pieceOf(20, 2)]));
  });

  it('takes the same bytes from elsewhere too: a piece that only lies beside it is copied', () => {
    const collector = new PayloadCollector();
    collector.append(pieceOf(10, 1), 100);
    const room = collector.roomFor(100);
    room.set(pieceOf(30, 2));
    // Not at its beginning: these are other bytes of the same memory.
    collector.append(room.subarray(10, 30), 80);
    expect(collector.take()).toEqual(new Uint8Array([...pieceOf(10, 1), ...pieceOf(30, 2).subarray(10)]));
  });
});

it('any pieces come out joined, though each is overwritten at once, in memory that follows them, whatever was announced', () => {
  const size = fc.oneof(
    fc.nat(16),
    fc.nat(5000),
    fc.constantFrom(0, 1, 255, 4095, 4096, 65_535, 65_536, 65_537, 200_000),
  );
  const announced = fc.oneof(fc.constant('the truth' as const), fc.nat(10_000_000), fc.constantFrom(0, 2 ** 40));
  const piece = fc.record({ length: size, isInPlace: fc.boolean() });
  const payloads = fc.array(fc.record({ given: fc.array(piece, { maxLength: 30 }), announced }), { maxLength: 4 });
  const property = fc.property(payloads, (payloadsGiven) => {
    const measured = new MeasuredCollector();
    const taken: { readonly payload: Uint8Array; readonly expected: Buffer }[] = [];
    for (const { given: sizes, announced: following } of payloadsGiven) {
      const pieces = sizes.map(({ length }, index) => pieceOf(length, index + taken.length));
      const expected = Buffer.concat(pieces);
      let came = 0;
      for (const [index, whole] of pieces.entries()) {
        came += whole.length;
        const followingBytes = following === 'the truth' ? expected.length - came : following;
        let rest = whole;
        if (sizes[index]!.isInPlace && rest.length > 0)
          rest = rest.subarray(measured.readInPlace(rest, followingBytes));
        measured.append(rest, followingBytes);
      }
      expect(measured.collector.byteLength).toBe(expected.length);
      const before = measured.allocations.length;
      taken.push({ payload: measured.take(), expected });
      expect(measured.allocations.length).toBeLessThanOrEqual(before + 1);
    }
    const totalBytes = taken.reduce((sum, { expected }) => sum + expected.length, 0);
    expect(measured.allocatedBytes).toBeLessThanOrEqual(payloadsGiven.length * BELIEVED_BYTES + 7 * totalBytes);
    // Only now: a later payload must not have overwritten an earlier one.
    for (const { payload, expected } of taken) {
      expect(Buffer.compare(payload, expected)).toBe(0);
      expect(payload.buffer.byteLength).toBeLessThanOrEqual(payload.length * 1.125);
    }
  });
  fc.assert(property, { numRuns: 100 });
});

it('a payload cut at every byte comes out whole, out of one memory that every piece was read into', () => {
  const payload = pieceOf(300, 5);
  const frame = Uint8Array.of(0, 300 >> 8, 300 & 0xff, 1, 1, 1, 0, 0, ...payload);
  for (let cut = 0; cut <= frame.length; cut += 1) {
    const decoder = new FrameDecoder(65_536);
    const collector = new PayloadCollector();
    const memory = new Uint8Array(frame.length);
    for (const part of [frame.subarray(0, cut), frame.subarray(cut)]) {
      memory.set(part);
      decoder.decode(memory.subarray(0, part.length), {
        onFrame: (header, piece, position) => {
          collector.append(piece, header.length - position - piece.length);
        },
      });
      memory.fill(0x55);
    }
    expect(Buffer.compare(collector.take(), payload)).toBe(0);
  }
});

describe('memory that is expected to be needed', () => {
  it('is allocated at once, and given away without what was not used of it', () => {
    const allocations: number[] = [];
    const collector = new PayloadCollector((byteLength) => {
      allocations.push(byteLength);
      return new Uint8Array(byteLength);
    });
    collector.expectedBytes = 200_000;
    for (let at = 0; at < 190_000; at += 10_000) collector.append(pieceOf(10_000, at));
    expect(collector.take()).toHaveLength(190_000);
    expect(allocations).toEqual([200_000]);
    collector.append(pieceOf(10, 1));
    expect(collector.take().buffer.byteLength).toBe(10);
    expect(allocations).toEqual([200_000, 200_000, 10]);
  });

  it('is given away as it is where that is wanted', () => {
    const collector = new PayloadCollector();
    collector.expectedBytes = 1000;
    collector.append(pieceOf(10, 1));
    const payload = collector.take(true);
    expect(payload).toEqual(pieceOf(10, 1));
    expect(payload.buffer.byteLength).toBe(1000);
  });

  it('is no bound', () => {
    const collector = new PayloadCollector();
    collector.expectedBytes = 10;
    collector.append(pieceOf(1000, 1));
    expect(collector.take()).toEqual(pieceOf(1000, 1));
  });
});
