import { describe, expect, it } from 'vitest';
import { OutputBatch } from '../../../src/engine/sending/output-batch.ts';

const slab = Uint8Array.from({ length: 100 }, (_, index) => index);

describe('a batch', () => {
  it('makes one chunk of what lies side by side, and refers to it without a copy', () => {
    const batch = new OutputBatch();
    batch.addPacked(slab, 10, 20);
    batch.addPacked(slab, 20, 25);
    const chunks = batch.finish();
    expect(chunks).toEqual([slab.subarray(10, 25)]);
    expect(chunks[0]?.buffer).toBe(slab.buffer);
  });

  it('begins another chunk at a gap, in another slab, and behind a view', () => {
    const batch = new OutputBatch();
    const other = Uint8Array.from(slab);
    const view = Uint8Array.of(1, 2, 3);
    batch.addPacked(slab, 0, 5);
    batch.addPacked(slab, 6, 8);
    batch.addPacked(other, 8, 9);
    batch.addView(view);
    batch.addPacked(other, 9, 10);
    expect(batch.finish().map((chunk) => [...chunk])).toEqual([[0, 1, 2, 3, 4], [6, 7], [8], [1, 2, 3], [9]]);
  });

  it('counts all its bytes, and those that a pack buffer gets back', () => {
    const batch = new OutputBatch();
    expect([batch.byteLength, batch.packedByteLength]).toEqual([0, 0]);
    batch.addPacked(slab, 0, 5);
    batch.addView(new Uint8Array(1000));
    batch.addPacked(slab, 5, 7);
    expect([batch.byteLength, batch.packedByteLength]).toEqual([1007, 7]);
  });

  it('has no chunk for an empty view', () => {
    const batch = new OutputBatch();
    batch.addPacked(slab, 0, 5);
    batch.addView(new Uint8Array(0));
    batch.addPacked(slab, 5, 7);
    expect(batch.finish()).toHaveLength(1);
  });
});
