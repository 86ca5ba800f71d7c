import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PayloadCollector } from '../src/index.ts';
import { countAllocations } from './count-allocations.ts';

const FIRST_BLOCK_BYTES = 256;

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
    collector.append(Uint8Array.of(1, 2));
    const first = collector.take();
    collector.append(Uint8Array.of(9, 9, 9));
    const second = collector.take();
    expect([...first, ...second]).toEqual([1, 2, 9, 9, 9]);
    expect(second.buffer).not.toBe(first.buffer);
  });

  it('hands a single large piece on as it is, without a copy', () => {
    const piece = new Uint8Array(4096);
    const collector = new PayloadCollector();
    collector.append(piece);
    expect(collector.take()).toBe(piece);
  });
});

it('copies a small piece, so that the read buffer it lies in can be used again', () => {
  const piece = new Uint8Array(4095).fill(1);
  const collector = new PayloadCollector();
  collector.append(piece);
  piece.fill(2);
  expect(collector.take()).toEqual(new Uint8Array(4095).fill(1));
});

describe('memory', () => {
  it('1 MiB byte by byte takes few blocks, of no more than twice its size', () => {
    const collector = new PayloadCollector();
    const byte = Uint8Array.of(1);
    const { bytes, count } = countAllocations(() => {
      for (let i = 0; i < 1_048_576; i += 1) collector.append(byte);
    });
    expect(count).toBeLessThan(40);
    expect(bytes).toBeLessThanOrEqual(2 * 1_048_576);
    expect(collector.take()).toEqual(new Uint8Array(1_048_576).fill(1));
  });

  it('a lone byte between large pieces does not take a block of its own each time', () => {
    const large = new Uint8Array(4096);
    const collector = new PayloadCollector();
    const { bytes } = countAllocations(() => {
      for (let i = 0; i < 1000; i += 1) {
        collector.append(Uint8Array.of(i));
        collector.append(large);
      }
    });
    // Of these, 1000 are the bytes that this test itself makes.
    expect(bytes).toBeLessThanOrEqual(1000 + 65_536 + FIRST_BLOCK_BYTES);
  });
});

it('any pieces come out joined, and the blocks stay in proportion to the bytes that came', () => {
  const size = fc.oneof(fc.nat(16), fc.nat(5000), fc.constantFrom(0, 1, 255, 256, 257, 4095, 4096, 4097, 70_000));
  const property = fc.property(fc.array(size, { maxLength: 40 }), fc.nat(255), (sizes, seed) => {
    const pieces = sizes.map((length, index) => Uint8Array.from({ length }, (_, at) => seed + index + at));
    const collector = new PayloadCollector();
    const { bytes } = countAllocations(() => {
      for (const piece of pieces) collector.append(piece);
    });
    const expected = Buffer.concat(pieces);
    expect(collector.byteLength).toBe(expected.length);
    expect(bytes).toBeLessThanOrEqual(2 * expected.length + FIRST_BLOCK_BYTES);
    expect(Buffer.compare(collector.take(), expected)).toBe(0);
  });
  fc.assert(property);
});
