import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { ReadBuffer } from '../../src/io/read-buffer.ts';

const MIN_READ_BYTES = 4_096;
const MAX_READ_BYTES = 65_536;

/** A socket that reads into the buffer, and those who keep what came: what they hold is compared at the end. */
class Reading {
  readonly buffer = new ReadBuffer();
  readonly kept: { readonly bytes: Uint8Array; readonly copy: Uint8Array }[] = [];
  #reads = 0;

  /** Reads what there is, as far as there is room; returns how much that was. */
  read(availableBytes: number, isKept: boolean): number {
    const { room } = this.buffer;
    const bytes = room.subarray(0, Math.min(availableBytes, room.length));
    this.#reads += 1;
    bytes.fill(this.#reads);
    if (isKept) this.kept.push({ bytes, copy: bytes.slice() });
    this.buffer.handleRead(bytes.length, room.length, isKept);
    return bytes.length;
  }

  get keptBytes(): number {
    return this.kept.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  expectKeptAsItWas(): void {
    for (const { bytes, copy } of this.kept) expect(Buffer.compare(bytes, copy)).toBe(0);
  }
}

/** What `act` allocates for reading. */
function allocatedIn(act: () => void): { readonly count: number; readonly bytes: number } {
  const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow');
  try {
    act();
    const sizes = allocate.mock.calls.map(([bytes]) => bytes);
    return { count: sizes.length, bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
  } finally {
    allocate.mockRestore();
  }
}

it('what is kept is never overwritten, whatever is read, kept and dropped after it', () => {
  const availableBytes = fc.oneof(
    fc.integer({ min: 1, max: 200 }),
    fc.integer({ min: 1, max: 300_000 }),
    fc.constantFrom(1, 2047, 4095, 4096, 4097, 16_384, 65_536, 262_144),
  );
  const burst = fc.record({ availableBytes, isKept: fc.boolean(), count: fc.constantFrom(1, 1, 3, 64, 70) });
  fc.assert(
    fc.property(fc.array(burst, { maxLength: 25 }), (bursts) => {
      const reading = new Reading();
      const { bytes: allocatedBytes } = allocatedIn(() => {
        for (const { availableBytes: available, isKept, count } of bursts) {
          for (let reads = 0; reads < count; reads += 1) {
            const roomBytes = reading.buffer.room.length;
            expect(roomBytes).toBeGreaterThanOrEqual(MIN_READ_BYTES / 2);
            expect(roomBytes).toBeLessThanOrEqual(MAX_READ_BYTES);
            expect(reading.read(available, isKept)).toBeGreaterThan(0);
          }
        }
      });
      reading.expectKeptAsItWas();
      // At least half of each memory was kept before the next one was needed, but where the size of reads changed.
      const mostChanges = 2 * bursts.length + 4;
      expect(allocatedBytes).toBeLessThanOrEqual(2 * reading.keptBytes + mostChanges * MAX_READ_BYTES);
    }),
    { numRuns: 60 },
  );
});

describe('a read that nobody keeps', () => {
  it('is overwritten by the next one: the same memory serves for any number', () => {
    const reading = new Reading();
    const { count, bytes } = allocatedIn(() => {
      for (let reads = 0; reads < 10_000; reads += 1) reading.read(3000, false);
    });
    expect([count, bytes]).toEqual([1, MIN_READ_BYTES]);
  });

  it('does not move the place of the next one', () => {
    const { buffer } = new Reading();
    const first = buffer.room;
    buffer.handleRead(100, first.length, false);
    expect([buffer.room.buffer, buffer.room.byteOffset]).toEqual([first.buffer, first.byteOffset]);
  });
});

it('the memory cannot be taken away while the system reads to it: what is kept can be copied, not transferred', () => {
  const reading = new Reading();
  reading.read(100, true);
  const { bytes } = reading.kept[0]!;
  expect(() => structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] })).toThrow('Cannot transfer');
  expect(structuredClone(bytes)).toEqual(bytes);
});

describe('a read that is kept', () => {
  it('is followed by the next one in the same memory, as long as half of a read has room there', () => {
    const reading = new Reading();
    const { count } = allocatedIn(() => {
      while (reading.keptBytes <= MIN_READ_BYTES / 2) reading.read(64, true);
    });
    expect(count).toBe(1);
    expect(new Set(reading.kept.map(({ bytes }) => bytes.buffer)).size).toBe(1);
    expect(reading.kept.map(({ bytes }) => bytes.byteOffset)).toEqual(reading.kept.map((_, index) => 64 * index));
    reading.read(64, true);
    expect(new Set(reading.kept.map(({ bytes }) => bytes.buffer)).size).toBe(2);
    reading.expectKeptAsItWas();
  });

  it('takes at most twice the memory of what is kept, however small the pieces are', () => {
    for (const pieceBytes of [1, 50, 1400, 4000, 5000]) {
      const reading = new Reading();
      const { bytes } = allocatedIn(() => {
        for (let reads = 0; reads < 1000; reads += 1) reading.read(pieceBytes, true);
      });
      expect(bytes).toBeLessThanOrEqual(2 * reading.keptBytes + MAX_READ_BYTES);
      reading.expectKeptAsItWas();
    }
  });

  it('cannot be reached by one that asks for room before it is told of', () => {
    const { buffer } = new Reading();
    const room = buffer.room;
    expect(buffer.room).toEqual(room);
    buffer.handleRead(10, room.length, true);
    expect(buffer.room.byteOffset).toBe(room.byteOffset + 10);
  });
});

it('what is read to less room than was there counts for what it is', () => {
  const { buffer } = new Reading();
  const { room } = buffer;
  // Behind a payload that was read to its destination there was only room for the next header: full, and no sign of haste.
  buffer.handleRead(100, 100, true);
  expect(buffer.room).toHaveLength(MIN_READ_BYTES - 100);
  expect(buffer.room.buffer).toBe(room.buffer);
});

describe('the size of reads', () => {
  it('begins small, for connections that are idle', () => {
    const { bytes } = allocatedIn(() => {
      expect(new ReadBuffer().room).toHaveLength(MIN_READ_BYTES);
    });
    expect(bytes).toBe(MIN_READ_BYTES);
    expect(allocatedIn(() => new ReadBuffer()).count).toBe(0);
  });

  it.each([true, false])('grows fourfold with each read that fills it, to 64 KiB (kept: %s)', (isKept) => {
    const reading = new Reading();
    const sizes = Array.from({ length: 6 }, () => reading.read(Infinity, isKept));
    expect(sizes).toEqual([4_096, 16_384, 65_536, 65_536, 65_536, 65_536]);
    reading.expectKeptAsItWas();
  });

  it('stays when most reads are small and one now and then is not', () => {
    const reading = new Reading();
    for (let reads = 0; reads < 4; reads += 1) reading.read(Infinity, false);
    for (let rounds = 0; rounds < 10; rounds += 1) {
      for (let reads = 0; reads < 63; reads += 1) reading.read(100, false);
      reading.read(MAX_READ_BYTES / 16, false);
    }
    expect(reading.buffer.room).toHaveLength(MAX_READ_BYTES);
  });

  it('shrinks again by a fourth after 64 small reads in a row, to what it began with and no further', () => {
    const reading = new Reading();
    for (let reads = 0; reads < 4; reads += 1) reading.read(Infinity, false);
    const sizes: number[] = [];
    for (let rounds = 0; rounds < 5; rounds += 1) {
      for (let reads = 0; reads < 63; reads += 1) reading.read(100, false);
      sizes.push(reading.buffer.room.length);
      reading.read(100, false);
    }
    expect(sizes).toEqual([65_536, 16_384, 4_096, 4_096, 4_096]);
  });
});
