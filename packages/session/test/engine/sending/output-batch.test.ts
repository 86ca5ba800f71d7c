import { describe, expect, it } from 'vitest';
import { OutputBatch } from '../../../src/engine/sending/output-batch.ts';
import { PackBuffer, Slab } from '../../../src/engine/sending/pack-buffer.ts';

const slab = filledSlab();

/** A slab in which each byte is its place. */
function filledSlab(): Slab {
  const created = new Slab(100);
  created.bytes.set(Uint8Array.from({ length: 100 }, (_, index) => index));
  return created;
}

describe('a batch', () => {
  it('makes one chunk of what lies side by side, and refers to it without a copy', () => {
    const batch = new OutputBatch();
    batch.addPacked(slab, 10, 20);
    batch.addPacked(slab, 20, 25);
    const chunks = batch.finish();
    expect(chunks).toEqual([slab.bytes.subarray(10, 25)]);
    expect(chunks[0]?.buffer).toBe(slab.bytes.buffer);
  });

  it('begins another chunk at a gap, in another slab, and behind a view', () => {
    const batch = new OutputBatch();
    const other = filledSlab();
    const view = Uint8Array.of(1, 2, 3);
    batch.addPacked(slab, 0, 5);
    batch.addPacked(slab, 6, 8);
    batch.addPacked(other, 8, 9);
    batch.addView(view);
    batch.addPacked(other, 9, 10);
    expect(batch.finish().map((chunk) => [...chunk])).toEqual([[0, 1, 2, 3, 4], [6, 7], [8], [1, 2, 3], [9]]);
  });

  it('counts all its bytes', () => {
    const batch = new OutputBatch();
    expect(batch.byteLength).toBe(0);
    batch.addPacked(slab, 0, 5);
    batch.addView(new Uint8Array(1000));
    batch.addPacked(slab, 5, 7);
    expect(batch.byteLength).toBe(1007);
  });

  it('gives back what was packed to the slabs that it lay in', () => {
    const batch = new OutputBatch();
    const buffer = new PackBuffer();
    buffer.reserve(1000);
    const first = buffer.slab;
    buffer.reserve(1000);
    const second = buffer.slab;
    batch.addPacked(first, 0, 600);
    batch.addView(new Uint8Array(10));
    batch.addPacked(second, 0, 1000);
    batch.addPacked(first, 600, 990);
    batch.finish();
    batch.releasePacked(buffer);
    expect([first.liveBytes, second.liveBytes]).toEqual([10, 0]);
  });

  it('gives nothing back of what is still needed, in one chunk with the rest', () => {
    const batch = new OutputBatch();
    const buffer = new PackBuffer();
    buffer.reserve(100);
    const { slab: shared } = buffer;
    batch.addPacked(shared, 0, 8);
    batch.addKept(shared, 8, 50);
    batch.addPacked(shared, 50, 58);
    batch.addView(Uint8Array.of(1));
    batch.addKept(shared, 58, 100);
    expect(batch.finish().map(({ length }) => length)).toEqual([58, 1, 42]);
    batch.releasePacked(buffer);
    expect(shared.liveBytes).toBe(84);
    // All that was kept is given back elsewhere, before or after: the slab must not be taken for free twice.
    buffer.release(shared, 84);
    expect(buffer.reserve(1)).toBe(0);
  });

  it('has no chunk for an empty view', () => {
    const batch = new OutputBatch();
    batch.addPacked(slab, 0, 5);
    batch.addView(new Uint8Array(0));
    batch.addPacked(slab, 5, 7);
    expect(batch.finish()).toHaveLength(1);
  });
});
