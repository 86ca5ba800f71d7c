import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Queue } from '../src/queue.ts';

const actions = fc.array(
  fc.oneof(
    { arbitrary: fc.constant('push' as const), weight: 4 },
    { arbitrary: fc.constant('removeFirst' as const), weight: 3 },
    { arbitrary: fc.nat(50), weight: 3 },
    { arbitrary: fc.constant('removeAll' as const), weight: 1 },
  ),
  { maxLength: 200 },
);

it('behaves as an array does from which any element may leave', () => {
  fc.assert(
    fc.property(actions, (list) => {
      const queue = new Queue<number>();
      const model: number[] = [];
      const leaves: (() => number | undefined)[] = [];
      for (const action of list) {
        if (action === 'push') {
          model.push(leaves.length);
          leaves.push(queue.push(leaves.length));
        } else if (action === 'removeFirst') expect(queue.removeFirst()).toBe(model.shift());
        else if (action === 'removeAll') expect(queue.removeAll()).toEqual(model.splice(0));
        else {
          const index = model.indexOf(action);
          expect(leaves[action]?.()).toBe(index < 0 ? undefined : model.splice(index, 1)[0]);
        }
        expect(queue.first).toBe(model[0]);
        expect(queue.isEmpty).toBe(model.length === 0);
      }
    }),
  );
});
