import { expect, it } from 'vitest';
import * as writer from '../src/index.ts';

it('the exports', () => {
  expect(Object.keys(writer)).toEqual(['UnbufferedWriter']);
});
