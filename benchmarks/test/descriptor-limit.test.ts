import { expect, it } from 'vitest';
import { requireDescriptors } from '../src/measure/descriptor-limit.ts';

it('more sockets than the system allows are refused, with what it allows', () => {
  expect(() => requireDescriptors(10_000, 4096)).toThrow(
    'a process has to open 10100 files, and may open 4096; see ulimit -Hn',
  );
  expect(() => requireDescriptors(10_000, 20_000)).not.toThrow();
  expect(() => requireDescriptors(10_000, Infinity)).not.toThrow();
});

it('the limit of this process lets it open some', () => {
  expect(() => requireDescriptors(10)).not.toThrow();
});
