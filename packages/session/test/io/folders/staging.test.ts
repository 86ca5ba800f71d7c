import { readdir, readFile } from 'node:fs/promises';
import type { FolderEntry } from '@tcpcomm/protocol';
import { checkForLeaks, createTemporaryFolder, testBytes } from '@tcpcomm/test-support';
import { expect, it } from 'vitest';
import { Staging } from '../../../src/io/folders/staging.ts';

checkForLeaks();

it('two transfers that write into a folder at the same time are not in the way of each other', async () => {
  await using folder = createTemporaryFolder();
  const stagings = await Promise.all([Staging.open(folder.path), Staging.open(folder.path)]);
  const entry: FolderEntry = { type: 'file', path: 'name', sizeBytes: 100, modifiedMs: 0, mode: 0o644 };
  const names = Array.from({ length: 20 }, (_, at) => `file ${at}`);
  await Promise.all(
    names.map((name, at) => stagings[at % 2]!.store(testBytes(100, at), entry, folder.join(name), 'refuse')),
  );
  for (const [at, name] of names.entries()) {
    expect(Buffer.compare(await readFile(folder.join(name)), testBytes(100, at))).toBe(0);
  }
  for (const staging of stagings) await staging.close();
  expect((await readdir(folder.path)).sort()).toEqual([...names].sort());
});
