import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MemoryPool } from '../src/memory-pool.ts';

it('memory is as large as was wanted, all zero, and nobody else has any of it', () => {
  const sizes = fc.array(fc.oneof(fc.nat({ max: 3_000 }), fc.constantFrom(0, 1, 64, 65, 2_048, 2_049)), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(sizes, (lengths) => {
      const pool = new MemoryPool();
      const given = lengths.map((byteLength, index) => {
        const bytes = pool.allocate(byteLength);
        expect(bytes).toEqual(new Uint8Array(byteLength));
        return bytes.fill(index + 1);
      });
      given.forEach((bytes, index) => {
        expect(bytes).toEqual(new Uint8Array(lengths[index]!).fill(index + 1));
      });
    }),
    { numRuns: 50 },
  );
});

it('what is small shares memory with others, and what is not has its own', () => {
  const pool = new MemoryPool();
  const [one, other, large] = [65, 2_048, 2_049].map((byteLength) => pool.allocate(byteLength));
  expect(other!.buffer).toBe(one!.buffer);
  expect(one!.buffer.byteLength).toBe(65_536);
  expect(large!.buffer.byteLength).toBe(2_049);
});
