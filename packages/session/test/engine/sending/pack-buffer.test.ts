import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PackBuffer } from '../../../src/engine/sending/pack-buffer.ts';

describe('a pack buffer', () => {
  it('lays pieces side by side in one slab', () => {
    const buffer = new PackBuffer();
    const { slab } = buffer;
    expect([buffer.reserve(100), buffer.reserve(50), buffer.reserve(1)]).toEqual([0, 100, 150]);
    expect(buffer.slab).toBe(slab);
  });

  it('begins again at the start of the same slab once all is released, and not before', () => {
    const buffer = new PackBuffer();
    const { slab } = buffer;
    buffer.reserve(100);
    buffer.reserve(50);
    buffer.release(100);
    expect(buffer.reserve(10)).toBe(150);
    buffer.release(60);
    expect(buffer.reserve(10)).toBe(0);
    expect(buffer.slab).toBe(slab);
  });

  it('goes on in a larger slab, up to 64 KiB, and leaves the full one to those who use it', () => {
    const buffer = new PackBuffer();
    const sizes: number[] = [];
    for (let count = 0; count < 300; count += 1) {
      buffer.reserve(1000);
      if (sizes.at(-1) !== buffer.slab.length) sizes.push(buffer.slab.length);
    }
    expect(sizes).toEqual([1024, 2048, 4096, 8192, 16_384, 32_768, 65_536]);
  });

  it('takes a piece larger than any slab', () => {
    const buffer = new PackBuffer();
    expect(buffer.reserve(100_000)).toBe(0);
    expect(buffer.slab.length).toBe(100_000);
  });

  it('is trimmed to a small slab when nothing is in it, and only then', () => {
    const buffer = new PackBuffer();
    buffer.reserve(30_000);
    const { slab } = buffer;
    buffer.trim();
    expect(buffer.slab).toBe(slab);
    buffer.release(30_000);
    buffer.trim();
    expect(buffer.slab.length).toBe(1024);
    expect(buffer.reserve(10)).toBe(0);
  });
});

it('no two pieces in use ever overlap', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -20, max: 3000 }), { maxLength: 80 }), (steps) => {
      const buffer = new PackBuffer();
      let inUse: { readonly slab: Uint8Array; readonly start: number; readonly end: number }[] = [];
      for (const step of steps) {
        if (step <= 0) {
          const [first, ...rest] = inUse;
          if (first) buffer.release(first.end - first.start);
          inUse = rest;
          if (step === -20) buffer.trim();
          continue;
        }
        const start = buffer.reserve(step);
        const piece = { slab: buffer.slab, start, end: start + step };
        expect(piece.end).toBeLessThanOrEqual(piece.slab.length);
        expect(
          inUse.filter((other) => other.slab === piece.slab && other.end > start && start + step > other.start),
        ).toEqual([]);
        inUse.push(piece);
      }
    }),
  );
});
