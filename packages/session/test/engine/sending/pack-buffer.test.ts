import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PackBuffer, type Slab } from '../../../src/engine/sending/pack-buffer.ts';

describe('a pack buffer', () => {
  it('lays pieces side by side in one slab', () => {
    const buffer = new PackBuffer();
    expect(buffer.reserve(100)).toBe(0);
    const { slab } = buffer;
    expect([buffer.reserve(50), buffer.reserve(1)]).toEqual([100, 150]);
    expect(buffer.slab).toBe(slab);
  });

  it('begins again at the start of the same slab once all is released, and not before', () => {
    const buffer = new PackBuffer();
    buffer.reserve(100);
    const { slab } = buffer;
    buffer.reserve(50);
    buffer.release(slab, 100);
    expect(buffer.reserve(10)).toBe(150);
    buffer.release(slab, 60);
    expect(buffer.reserve(10)).toBe(0);
    expect(buffer.slab).toBe(slab);
  });

  it('goes on in a larger slab, up to 64 KiB, and leaves the full one to those who use it', () => {
    const buffer = new PackBuffer();
    const sizes: number[] = [];
    for (let count = 0; count < 300; count += 1) {
      buffer.reserve(1000);
      if (sizes.at(-1) !== buffer.slab.bytes.length) sizes.push(buffer.slab.bytes.length);
    }
    expect(sizes).toEqual([1024, 2048, 4096, 8192, 16_384, 32_768, 65_536]);
  });

  it('uses full slabs of the largest size again when all that lay in them is written, in whatever order, and 16 at most', () => {
    const buffer = new PackBuffer();
    while (buffer.slab.bytes.length < 65_536) buffer.reserve(buffer.slab.bytes.length + 1);
    const full = Array.from({ length: 20 }, () => {
      buffer.reserve(65_536);
      return buffer.slab;
    });
    buffer.reserve(1);
    for (const slab of [...full.slice(10), ...full.slice(0, 10)]) {
      buffer.release(slab, 65_535);
      buffer.release(slab, 1);
    }
    const next = Array.from({ length: 20 }, () => {
      expect(buffer.reserve(65_536)).toBe(0);
      return buffer.slab;
    });
    expect(new Set(next).size).toBe(20);
    expect(next.filter((slab) => full.includes(slab))).toHaveLength(16);
  });

  it('takes a piece larger than any slab', () => {
    const buffer = new PackBuffer();
    expect(buffer.reserve(100_000)).toBe(0);
    expect(buffer.slab.bytes.length).toBe(100_000);
  });

  it('keeps no slab when it is trimmed and nothing is in it, and only then', () => {
    const buffer = new PackBuffer();
    buffer.reserve(30_000);
    const { slab } = buffer;
    buffer.trim();
    expect(buffer.slab).toBe(slab);
    buffer.release(slab, 30_000);
    buffer.trim();
    expect(buffer.slab.bytes.length).toBe(0);
    expect(buffer.reserve(10)).toBe(0);
    expect(buffer.slab.bytes.length).toBe(1024);
  });
});

it('no two pieces in use ever overlap', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -20, max: 3000 }), { maxLength: 80 }), (steps) => {
      const buffer = new PackBuffer();
      let inUse: { readonly slab: Slab; readonly start: number; readonly end: number }[] = [];
      for (const step of steps) {
        if (step <= 0) {
          const [first, ...rest] = inUse;
          if (first) buffer.release(first.slab, first.end - first.start);
          inUse = rest;
          if (step === -20) buffer.trim();
          continue;
        }
        const start = buffer.reserve(step);
        const piece = { slab: buffer.slab, start, end: start + step };
        expect(piece.end).toBeLessThanOrEqual(piece.slab.bytes.length);
        expect(
          inUse.filter((other) => other.slab === piece.slab && other.end > start && start + step > other.start),
        ).toEqual([]);
        inUse.push(piece);
      }
    }),
  );
});
