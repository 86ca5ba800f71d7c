import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { checkForLeaks, createTemporaryFolder, runForJson } from '@tcpcomm/test-support';

checkForLeaks();

const GIGABYTE = 1_000_000_000;

/** A folder in memory, where there is one with room: a disk would make this a test of the disk. */
async function roomyFolder(bytes: number): Promise<string> {
  const memory = '/dev/shm';
  if (!existsSync(memory)) return tmpdir();
  const { bavail, bsize } = await statfs(memory);
  return bavail * bsize > bytes ? memory : tmpdir();
}

it.each([
  { direction: 'get', sizeBytes: GIGABYTE },
  { direction: 'send', sizeBytes: 0.25 * GIGABYTE },
])(
  'to $direction $sizeBytes bytes costs both ends together less than 64 MB of memory',
  { timeout: 60_000 },
  async ({ direction, sizeBytes }) => {
    await using folder = createTemporaryFolder(await roomyFolder(2 * sizeBytes));
    const program = resolve(import.meta.dirname, 'programs/move-large-file.ts');
    const result = await runForJson<{ totalBytes: number; grownBytes: number }>(program, {
      args: [folder.path, String(sizeBytes), direction],
    });
    expect(result.totalBytes).toBe(sizeBytes);
    expect(result.grownBytes).toBeLessThan(64_000_000);
  },
);
