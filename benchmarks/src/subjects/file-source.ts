import { randomFillSync } from 'node:crypto';
import { link, mkdir, open, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFileSystem } from '../measure/durability.ts';
import { fillPageCache } from '../measure/page-cache.ts';
import { type FileLoad, filePaths, type LargeFileLoad, type SmallFilesLoad, smallFileNames } from './file-load.ts';

const BLOCK_BYTES = 8_388_608;

/**
 * Writes what is to be moved, if it is not there yet: random bytes, so that nothing can be saved on them. It is durable then, so that
 * nothing of it is still to be written when something is measured, and in the page cache.
 */
export async function prepareSource(load: FileLoad, folder: string): Promise<void> {
  for (const name of ['server', 'client']) await mkdir(join(folder, name), { recursive: true });
  if (load.kind === 'large-file') await prepareLargeFile(load, folder);
  else await prepareSmallFiles(load, folder);
}

async function prepareLargeFile(load: LargeFileLoad, folder: string): Promise<void> {
  const { source } = filePaths(load, folder);
  const sources = [source, filePaths(reversed(load), folder).source];
  const [existing, existingOther] = await Promise.all(sources.map((path) => hasSize(path, load.count)));
  if (!existing && existingOther) await link(sources[1]!, source);
  if (!existing && !existingOther) await writeRandomFile(source, load.count);
  // What has been written meanwhile may have driven it out.
  await fillPageCache(source);
}

/** The same file the other way is the same file: its room on the disk, and in memory, is taken once. */
function reversed(load: LargeFileLoad): LargeFileLoad {
  return { ...load, direction: load.direction === 'server-to-client' ? 'client-to-server' : 'server-to-client' };
}

async function hasSize(path: string, bytes: number): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.size === bytes;
}

async function writeRandomFile(path: string, bytes: number): Promise<void> {
  const block = randomFillSync(Buffer.allocUnsafe(BLOCK_BYTES));
  await using file = await open(path, 'w');
  for (let written = 0; written < bytes; written += BLOCK_BYTES) {
    await file.write(block, 0, Math.min(BLOCK_BYTES, bytes - written));
  }
  await file.sync();
}

async function prepareSmallFiles(load: SmallFilesLoad, folder: string): Promise<void> {
  const { source } = filePaths(load, folder);
  await mkdir(source, { recursive: true });
  if ((await readdir(source)).length === load.count) return;
  for (const name of smallFileNames(load)) {
    await writeFile(join(source, name), randomFillSync(Buffer.allocUnsafe(load.fileBytes)));
  }
  await syncFileSystem(folder);
}
