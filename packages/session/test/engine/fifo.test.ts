import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Fifo } from '../../src/engine/fifo.ts';

it('gives back what was put in, in order, however pushes and removals mix', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -80, max: 80 }), { maxLength: 60 }), (steps) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      let next = 0;
      for (const step of steps) {
        for (let count = 0; count < Math.abs(step); count += 1) {
          if (step > 0) {
            fifo.push(next);
            model.push(next);
            next += 1;
          } else {
            expect(fifo.removeFirst()).toBe(model.shift());
          }
        }
        expect([fifo.first, fifo.last, fifo.isEmpty]).toEqual([model[0], model.at(-1), model.length === 0]);
      }
    }),
  );
});

it('a long queue costs the same an element as a short one', () => {
  const fifo = new Fifo<number>();
  for (let element = 0; element < 1_000_000; element += 1) fifo.push(element);
  // With `shift` each of these would move a million elements: minutes instead of milliseconds.
  for (let element = 0; element < 999_000; element += 1) fifo.removeFirst();
  expect(fifo.first).toBe(999_000);
});
