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

  it('of a large array is no more than what has come, and a quarter of that or 16 MiB', () => {
    const maxBytes = 120 * MIB;
    const memory = new ArrayMemory(maxBytes, isShared);
    expect(memory.buffer.byteLength).toBe(0);
    const piece = new Uint8Array(262_144).fill(7);
    const sizes = new Set<number>();
    for (let at = 0; at < maxBytes; at += piece.length) {
      memory.write(piece, at);
      expect(memory.buffer.byteLength).toBeLessThanOrEqual(at + piece.length + Math.max(16 * MIB, at / 4));
      sizes.add(memory.buffer.byteLength / MIB);
    }
    expect([...sizes]).toEqual([16, 32, 48, 64, 80, 100, 120]);
    expect(Buffer.from(memory.buffer).equals(Buffer.alloc(maxBytes, 7))).toBe(true);
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

describe('freeing', () => {
  it.each([10, 20 * MIB])('gives %i bytes back at once', (maxBytes) => {
    const memory = new ArrayMemory(maxBytes, false);
    memory.write(Uint8Array.of(1), 0);
    memory.free();
    expect(memory.buffer.byteLength).toBe(0);
  });

  it('leaves shared memory to the garbage collector', () => {
    const memory = new ArrayMemory(10, true);
    memory.write(Uint8Array.of(1), 0);
    memory.free();
    expect(memory.buffer.byteLength).toBe(10);
  });
});
