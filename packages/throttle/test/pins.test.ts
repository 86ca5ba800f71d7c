import { expect, it } from 'vitest';
import * as throttle from '../src/index.ts';

it('the exports', () => {
  expect(Object.keys(throttle).sort()).toEqual([
    'SharedRate',
    'ThrottleStream',
    'TokenBucket',
    'alignBytesPerSecond',
    'blockSizeFor',
  ]);
});
