import { describe, expect, it } from 'vitest';
import { ArrayMemory } from '../src/array-memory.ts';

const MIB = 1_048_576;

describe.each([
  ['memory', false],
  ['shared memory', true],
])('%s', (_name, isShared) => {
  it('is there with the first byte up to 16 MiB, and does not change', () => {
    const memory = new ArrayMemory(16 * MIB, isShared);
    memory.write(Uint8Array.of(1), 0);
    const { buffer } = memory;
    expect(buffer.byteLength).toBe(16 * MIB);
    expect('resizable' in buffer ? buffer.resizable : buffer.growable).toBe(false);
  });

  it('of a large array is no more than what has come, and 16 MiB', () => {
    const memory = new ArrayMemory(40 * MIB, isShared);
    expect(memory.buffer.byteLength).toBe(0);
    const piece = new Uint8Array(262_144).fill(7);
    for (let at = 0; at < 40 * MIB; at += piece.length) {
      memory.write(piece, at);
      expect(memory.buffer.byteLength).toBeLessThanOrEqual(at + piece.length + 16 * MIB);
      expect(memory.buffer.byteLength).toBeLessThanOrEqual(40 * MIB);
    }
    expect(memory.buffer.byteLength).toBe(40 * MIB);
    expect(Buffer.from(memory.buffer).equals(Buffer.alloc(40 * MIB, 7))).toBe(true);
  });

  it('of a large array is enough for a large piece', () => {
    const memory = new ArrayMemory(20 * MIB, isShared);
    memory.write(new Uint8Array(18 * MIB), 0);
    expect(memory.buffer.byteLength).toBe(18 * MIB);
  });

  it('that there is not is a RangeError', () => {
    expect(() => new ArrayMemory(Number.MAX_SAFE_INTEGER, isShared)).toThrow(RangeError);
  });
});

describe('room', () => {
  it('is where the next bytes belong: what was received there is not written again', () => {
    const memory = new ArrayMemory(40 * MIB, false);
    memory.write(Uint8Array.of(1), 0);
    const room = memory.room(1, 1000)!;
    expect([room.buffer, room.byteOffset]).toEqual([memory.buffer, 1]);
    room.set(Uint8Array.of(2, 3));
    memory.write(room.subarray(0, 2), 1);
    // Or elsewhere in it, and it is moved.
    room.set(Uint8Array.of(8, 9), 10);
    memory.write(room.subarray(10, 12), 1);
    expect([...new Uint8Array(memory.buffer, 0, 4)]).toEqual([1, 8, 9, 0]);
    memory.write(Uint8Array.of(2, 3), 1);
    // What was given may stay unused.
    memory.write(Uint8Array.of(4), 3);
    expect([...new Uint8Array(memory.buffer, 0, 5)]).toEqual([1, 2, 3, 4, 0]);
  });

  it('is no more than what has come, and 16 MiB', () => {
    const memory = new ArrayMemory(40 * MIB, false);
    expect(memory.room(0, 16 * MIB)?.byteLength).toBe(16 * MIB);
    expect(memory.room(0, 16 * MIB + 1)).toBeUndefined();
    expect(memory.buffer.byteLength).toBe(16 * MIB);
  });

  it('is none in shared memory', () => {
    expect(new ArrayMemory(40 * MIB, true).room(0, 1)).toBeUndefined();
    expect(new ArrayMemory(40, true).room(0, 1)).toBeUndefined();
  });
});

describe('freeing', () => {
  it.each([10, 20 * MIB])('gives %i bytes back at once', (maxBytes) => {
    const memory = new ArrayMemory(maxBytes, false);
    memory.write(Uint8Array.of(1), 0);
    memory.free();
    expect(memory.buffer.byteLength).toBe(0);
  });

  it('leaves memory to the garbage collector that somebody may still receive to', () => {
    const memory = new ArrayMemory(20 * MIB, false);
    expect(memory.room(0, 1000)?.byteLength).toBeGreaterThanOrEqual(1000);
    memory.free();
    expect(memory.buffer.byteLength).toBeGreaterThanOrEqual(1000);
  });

  it('leaves shared memory to the garbage collector', () => {
    const memory = new ArrayMemory(10, true);
    memory.write(Uint8Array.of(1), 0);
    memory.free();
    expect(memory.buffer.byteLength).toBe(10);
  });
});
