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
    const buffer = new PackBuffer();
    buffer.reserve(4000);
    const first = buffer.slab;
    buffer.reserve(4000);
    const view = new Uint8Array(600);
    batch.addPacked(first, 0, 500);
    batch.addPacked(first, 501, 1000);
    batch.addPacked(buffer.slab, 1000, 1500);
    batch.addView(view);
    batch.addPacked(buffer.slab, 1500, 2000);
    const chunks = batch.finish();
    expect(chunks.map(({ length }) => length)).toEqual([500, 499, 500, 600, 500]);
    expect(chunks[3]).toBe(view);
  });

  it('makes one chunk of a few bytes here and there, in their order', () => {
    const batch = new OutputBatch();
    const other = filledSlab();
    batch.addPacked(slab, 0, 5);
    batch.addPacked(slab, 6, 8);
    batch.addPacked(other, 8, 9);
    batch.addView(Uint8Array.of(1, 2, 3));
    batch.addPacked(other, 9, 10);
    expect(batch.finish().map((chunk) => [...chunk])).toEqual([[0, 1, 2, 3, 4, 6, 7, 8, 1, 2, 3, 9]]);
    expect([...slab.bytes.subarray(0, 10)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('copies no more than 512 bytes for that', () => {
    const batch = new OutputBatch();
    const views = [300, 212, 1, 511, 512].map((length) => new Uint8Array(length));
    for (const view of views) batch.addView(view);
    const chunks = batch.finish();
    expect(chunks.map(({ length }) => length)).toEqual([512, 512, 512]);
    expect(chunks[2]).toBe(views[4]);
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
    expect(batch.finish().map(({ length }) => length)).toEqual([58]);
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
