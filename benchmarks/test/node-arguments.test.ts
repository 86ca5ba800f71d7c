import { expect, it } from 'vitest';
import { subjectNodeArguments } from '../src/harness/node-arguments.ts';

it.each([
  [['--conditions=x', '--import', 'tsx'], ['--conditions=x']],
  [['--import=tsx', '--conditions=x'], ['--conditions=x']],
  [
    ['--import', './other.js', '--conditions', 'tsx'],
    ['--import', './other.js', '--conditions', 'tsx'],
  ],
  [[], []],
])('%j starts subjects with %j: as it is, but without tsx', (own, expected) => {
  expect(subjectNodeArguments(own)).toEqual(expected);
});
