import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createTemporaryFolder } from '../src/harness/temporary-folder.ts';
import { findProgram } from '../src/measure/find-program.ts';
import { evictFromPageCache, fillPageCache, pageCacheBytes } from '../src/measure/page-cache.ts';

const FILE_BYTES = 1_048_576;

it.skipIf(findProgram('fincore') === undefined)('how much of a file is in the page cache is told', async () => {
  await using folder = await createTemporaryFolder({ isOnDisk: true });
  const path = join(folder.path, 'file');
  expect(await pageCacheBytes(path)).toBe(0);
  await writeFile(path, new Uint8Array(FILE_BYTES));
  expect(await pageCacheBytes(path)).toBe(FILE_BYTES);
  await evictFromPageCache(path);
  expect(await pageCacheBytes(path)).toBe(0);
  await fillPageCache(path);
  expect(await pageCacheBytes(path)).toBe(FILE_BYTES);
});
