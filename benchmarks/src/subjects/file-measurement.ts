import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metrics } from '../harness/metrics.ts';
import { syncFile, syncFileSystem } from '../measure/durability.ts';
import { pageCacheBytes } from '../measure/page-cache.ts';
import { type FileLoad, filePaths, type FilePaths, type SmallFilesLoad, smallFileNames } from './file-load.ts';

/** Moves what the load says once, and measures how long it takes until that is durable; `move` sees to it that it is. */
export async function measureFiles(
  load: FileLoad,
  folder: string,
  move: (paths: FilePaths) => Promise<unknown>,
): Promise<Metrics> {
  const paths = filePaths(load, folder);
  const cachedBytes = await pageCacheBytes(paths.target);
  const startMs = performance.now();
  await move(paths);
  const elapsedMs = performance.now() - startMs;
  if (load.kind === 'small-files') {
    const megabytesPerSecond = (load.count * load.fileBytes) / elapsedMs / 1000;
    return { megabytesPerSecond, filesPerSecond: (load.count / elapsedMs) * 1000 };
  }
  const megabytesPerSecond = load.count / elapsedMs / 1000;
  const nowCachedBytes = await pageCacheBytes(paths.target);
  if (cachedBytes === undefined || nowCachedBytes === undefined) return { megabytesPerSecond };
  return { megabytesPerSecond, pageCacheGrowthPercent: ((nowCachedBytes - cachedBytes) / load.count) * 100 };
}

/** Makes durable what a program has moved that does not do so itself: a file by fsync(2), many by syncfs(2), which is faster. */
export async function syncReceived({ kind }: FileLoad, { target }: FilePaths): Promise<void> {
  if (kind === 'large-file') await syncFile(target);
  else await syncFileSystem(target);
}

/**
 * Removes what has been moved, so that the next run overwrites nothing, and waits until the disk has done that.
 *
 * @throws Error when it is not as much as was sent
 */
export async function checkReceived(load: FileLoad, folder: string): Promise<void> {
  const { target } = filePaths(load, folder);
  if (load.kind === 'small-files') await requireFiles(load, target);
  else requireBytes(load.count, (await stat(target)).size);
  await rm(target, { recursive: true });
  await syncFileSystem(folder);
}

async function requireFiles(load: SmallFilesLoad, target: string): Promise<void> {
  const names = new Set(await readdir(target));
  if (names.size !== load.count) throw new Error(`${names.size} of ${load.count} files have arrived`);
  for (const name of smallFileNames(load)) requireBytes(load.fileBytes, (await stat(join(target, name))).size);
}

function requireBytes(expected: number, actual: number): void {
  if (actual !== expected) throw new Error(`${actual} of ${expected} bytes have arrived`);
}
