import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CLIENTS, endsOf, FILES, folderOf, type PlannedFile } from './demo-plan.ts';

const BLOCK_BYTES = 1_048_576;

/** Makes the folders, and the files that are to travel, of bytes that nobody could guess or compress. */
export async function createDemoFiles(temporaryFolder: string): Promise<void> {
  for (const owner of ['server', ...CLIENTS]) await mkdir(folderOf(temporaryFolder, owner));
  for (const file of FILES) {
    const { source } = endsOf(file, temporaryFolder);
    if (file.folder) await createRandomFolder(source, file.sizeBytes, file.folder);
    else await createRandomFile(source, file.sizeBytes);
  }
}

/**
 * SHA-256 of a file as it is on the disk, independent of everything that the transfer says; of a folder that of the names and hashes
 * of all that is in it.
 */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  if ((await stat(path)).isDirectory()) {
    for (const name of (await readdir(path)).sort()) hash.update(`${name}\0${await sha256Of(join(path, name))}\0`);
  } else {
    await pipeline(createReadStream(path), hash);
  }
  return hash.digest('hex');
}

async function createRandomFolder(
  path: string,
  sizeBytes: number,
  { files, folders }: NonNullable<PlannedFile['folder']>,
): Promise<void> {
  for (let folder = 0; folder < folders; folder += 1)
    await mkdir(join(path, `sheet ${folder + 1}`), { recursive: true });
  for (let file = 0; file < files; file += 1) {
    const folder = `sheet ${(file % folders) + 1}`;
    await createRandomFile(join(path, folder, `chart ${file + 1}.txt`), sizeBytes / files);
  }
}

async function createRandomFile(path: string, sizeBytes: number): Promise<void> {
  await using file = await open(path, 'wx');
  const block = new Uint8Array(BLOCK_BYTES);
  for (let left = sizeBytes; left > 0; left -= BLOCK_BYTES) {
    await file.write(randomFillSync(block), 0, Math.min(left, BLOCK_BYTES));
  }
}
