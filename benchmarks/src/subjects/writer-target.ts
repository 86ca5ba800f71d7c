import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UnbufferedWriter } from '@tcpcomm/unbuffered-writer';
import { syncFileSystem } from '../measure/durability.ts';
import { canDropPageCache, dropPageCache, evictFromPageCache } from '../measure/page-cache.ts';
import { totalBytes, type WriterLoad } from './writer-load.ts';

const BYTES_PER_STAT_BLOCK = 512;
const BLOCK_BYTES = 4_194_304;

/** Where the load writes. A warm-up writes a file of its own. */
export function writerTarget(load: WriterLoad, folder: string): string {
  return join(folder, `${load.state}-${totalBytes(load)}`);
}

/** Sees to it that the file is there or not, and that nothing of it is in the page cache. */
export async function prepareTarget(load: WriterLoad, folder: string): Promise<void> {
  const path = writerTarget(load, folder);
  if (load.state === 'cold') {
    await rm(path, { force: true });
    await syncFileSystem(folder);
    if (canDropPageCache()) await dropPageCache();
  } else {
    if (!(await hasAllBlocks(path, totalBytes(load)))) await writeWhole(path, totalBytes(load));
    await syncFileSystem(folder);
    await evictFromPageCache(path);
  }
}

/**
 * Leaves what a later measurement begins with, and waits until the disk has done that.
 *
 * @throws Error when the file has not the size that it should have
 */
export async function checkTarget(load: WriterLoad, folder: string): Promise<void> {
  const path = writerTarget(load, folder);
  const { size } = await stat(path);
  if (size !== totalBytes(load)) throw new Error(`the file has ${size} bytes of ${totalBytes(load)}`);
  if (load.state === 'cold') await rm(path);
  await syncFileSystem(folder);
}

async function hasAllBlocks(path: string, fileBytes: number): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.size === fileBytes && stats.blocks * BYTES_PER_STAT_BLOCK >= fileBytes;
}

async function writeWhole(path: string, fileBytes: number): Promise<void> {
  const block = new Uint8Array(BLOCK_BYTES);
  await using writer = await UnbufferedWriter.open(path, { expectedBytes: fileBytes });
  for (let written = 0; written < fileBytes; written += block.length) {
    await writer.write(block.subarray(0, fileBytes - written));
  }
}
