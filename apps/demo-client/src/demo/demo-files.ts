import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { CLIENTS, endsOf, FILES, folderOf } from './demo-plan.ts';

const BLOCK_BYTES = 1_048_576;

/** Makes the folders, and the files that are to travel, of bytes that nobody could guess or compress. */
export async function createDemoFiles(temporaryFolder: string): Promise<void> {
  for (const owner of ['server', ...CLIENTS]) await mkdir(folderOf(temporaryFolder, owner));
  for (const file of FILES) await createRandomFile(endsOf(file, temporaryFolder).source, file.sizeBytes);
}

/** SHA-256 of a file as it is on the disk, independent of everything that the transfer says. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function createRandomFile(path: string, sizeBytes: number): Promise<void> {
  await using file = await open(path, 'wx');
  const block = new Uint8Array(BLOCK_BYTES);
  for (let left = sizeBytes; left > 0; left -= BLOCK_BYTES) {
    await file.write(randomFillSync(block), 0, Math.min(left, BLOCK_BYTES));
  }
}
