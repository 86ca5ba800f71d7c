import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { bounded } from '../src/subjects/bounded.ts';
import { MAX_UNDER_WAY } from '../src/subjects/sessions-load.ts';

it.each([0, 1, 2 * MAX_UNDER_WAY + 1])(
  'does a task %s times, each with its index, and no more at once than may be',
  async (count) => {
    const indexes: number[] = [];
    let underWay = 0;
    let most = 0;
    await bounded(count, async (index) => {
      indexes.push(index);
      underWay += 1;
      most = Math.max(most, underWay);
      await turn();
      underWay -= 1;
    });
    expect(indexes).toEqual(Array.from({ length: count }, (_, index) => index));
    expect(most).toBe(Math.min(count, MAX_UNDER_WAY));
    expect(underWay).toBe(0);
  },
);

it('rejects when a task does', async () => {
  await expect(
    bounded(3, async (index) => {
      if (index === 1) throw new Error('no more');
    }),
  ).rejects.toThrow('no more');
});
