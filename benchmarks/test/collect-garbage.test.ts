import { expect, it } from 'vitest';
import { collectGarbage } from '../src/measure/collect-garbage.ts';

it('is refused where Node.js was started without the option that permits it', async () => {
  await expect(collectGarbage()).rejects.toThrow('--expose-gc');
});
