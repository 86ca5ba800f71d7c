import { existsSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createTemporaryFolder } from '../src/harness/temporary-folder.ts';

const MEMORY_FOLDER = '/dev/shm';
const outerTemporaryFolder = process.env.TMPDIR;

afterEach(() => {
  if (outerTemporaryFolder === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = outerTemporaryFolder;
});

it('a temporary folder is gone when its scope is left', async () => {
  let path: string;
  {
    await using folder = await createTemporaryFolder();
    path = folder.path;
    expect((await stat(path)).isDirectory()).toBe(true);
  }
  expect(existsSync(path)).toBe(false);
});

it.skipIf(!existsSync(MEMORY_FOLDER))('one that has to be on a disk is not where files are in memory', async () => {
  process.env.TMPDIR = MEMORY_FOLDER;
  await using inMemory = await createTemporaryFolder();
  await using onDisk = await createTemporaryFolder({ isOnDisk: true });
  expect(dirname(inMemory.path)).toBe(MEMORY_FOLDER);
  expect((await statfs(onDisk.path)).type).not.toBe((await statfs(inMemory.path)).type);
});

it.skipIf(!existsSync(MEMORY_FOLDER))('one below a folder that is on a disk stays there', async () => {
  await using outer = await createTemporaryFolder({ isOnDisk: true });
  process.env.TMPDIR = outer.path;
  await using inner = await createTemporaryFolder({ isOnDisk: true });
  expect(dirname(inner.path)).toBe(outer.path);
});
