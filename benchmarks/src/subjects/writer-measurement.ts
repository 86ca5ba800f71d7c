import type { Metrics } from '../harness/metrics.ts';
import { pageCacheBytes } from '../measure/page-cache.ts';
import { totalBytes, type WriterLoad } from './writer-load.ts';
import { writerTarget } from './writer-target.ts';

/** Measures how long it takes until all of the file is durable and closed, and how much of it is in the page cache then. */
export async function measureWriting(
  load: WriterLoad,
  folder: string,
  write: (path: string) => Promise<void>,
): Promise<Metrics> {
  const path = writerTarget(load, folder);
  const cachedBytes = await pageCacheBytes(path);
  const startMs = performance.now();
  await write(path);
  const elapsedMs = performance.now() - startMs;
  const nowCachedBytes = await pageCacheBytes(path);
  const megabytesPerSecond = totalBytes(load) / elapsedMs / 1000;
  if (cachedBytes === undefined || nowCachedBytes === undefined) return { megabytesPerSecond };
  return { megabytesPerSecond, pageCacheGrowthPercent: ((nowCachedBytes - cachedBytes) / totalBytes(load)) * 100 };
}
