import { resolve } from 'node:path';
import { runReadmeExample } from '@tcpcomm/test-support';
import { expect, it } from 'vitest';

it('the example of the README runs and prints what it says', () => {
  const { promised, printed } = runReadmeExample(resolve(import.meta.dirname, '..'));
  expect(promised.length).toBeGreaterThan(0);
  expect(printed).toEqual(promised);
});
