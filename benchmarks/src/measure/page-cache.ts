import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { findProgram } from './find-program.ts';
import { Program } from './program.ts';

const DROP_CACHES_PATH = '/proc/sys/vm/drop_caches';
/** Clean pages of files, and no more (proc(5)). */
const DROP_PAGES = '1';
const BLOCK_BYTES = 8_388_608;

/**
 * How much of a file is in the page cache; 0 if there is no file. Where `fincore` is not installed it is how much is there of
 * anything, so that only differences tell. Undefined where neither can be had, which is anywhere but on Linux.
 */
export async function pageCacheBytes(path: string): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  const fincore = findProgram('fincore');
  if (fincore === undefined) return machinePageCacheBytes();
  if (!(await stat(path).catch(() => undefined))) return 0;
  const { stdout } = await promisify(execFile)(fincore, ['--bytes', '--noheadings', '--output', 'RES', path]);
  return Number(stdout);
}

/** Whether `dropPageCache` can do it: it takes root, and a system that lets itself be told. */
export function canDropPageCache(): boolean {
  try {
    accessSync(DROP_CACHES_PATH, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Empties the page cache of everything that is on the disk. */
export async function dropPageCache(): Promise<void> {
  await new Program('sync', []).succeed();
  await writeFile(DROP_CACHES_PATH, DROP_PAGES);
}

/** Takes one file out of the page cache, which anybody may who can write it. Node.js has no posix_fadvise(2), GNU `dd` does. */
export async function evictFromPageCache(path: string): Promise<void> {
  if (process.platform !== 'linux') return;
  await new Program('dd', [
    `of=${path}`,
    'oflag=nocache',
    'conv=notrunc,fdatasync',
    'count=0',
    'status=none',
  ]).succeed();
}

/** Reads a file, so that it is in the page cache, as far as there is memory for it. */
export async function fillPageCache(path: string): Promise<void> {
  const block = new Uint8Array(BLOCK_BYTES);
  await using file = await open(path);
  while ((await file.read(block)).bytesRead > 0);
}

async function machinePageCacheBytes(): Promise<number> {
  const kilobytes = /^Cached:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}
