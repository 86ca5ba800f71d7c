import { expect, it } from 'vitest';
import * as largeArray from '../src/index.ts';

it('the exports', () => {
  expect(Object.keys(largeArray).sort()).toEqual(['ArrayErrorNumber', 'ArrayTransferError', 'LargeArrayTransfer']);
});

it('the numbers of errors', () => {
  expect(largeArray.ArrayErrorNumber).toEqual({
    ARRAY_TOO_LARGE: 112,
    ARRAY_INVALID: 113,
    ARRAY_ABORTED: 114,
    TOO_MANY_ARRAYS: 115,
    ARRAY_SOURCE_GONE: 116,
  });
});
