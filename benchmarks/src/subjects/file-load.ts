import { randomFillSync } from 'node:crypto';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Load } from '../harness/subject.ts';
import type { Metrics } from '../harness/metrics.ts';

/** One file; `count` is its size in bytes. */
export interface FileLoad extends Load {
  readonly direction: 'server-to-client' | 'client-to-server';
}

/** Where a file comes from and goes to. */
export interface FilePaths {
  readonly sourceName: string;
  readonly source: string;
  readonly targetName: string;
  readonly target: string;
}

const BLOCK_BYTES = 8_388_608;

/** What the server offers and takes. */
export function servedFolder(folder: string): string {
  return join(folder, 'server');
}

/** Writes the file that is to be moved, if it is not there yet: random bytes, so that nothing can be saved on them. */
export async function prepareSource(load: FileLoad, folder: string): Promise<void> {
  for (const name of ['server', 'client']) await mkdir(join(folder, name), { recursive: true });
  const { source } = pathsOf(load, folder);
  const existing = await stat(source).catch(() => undefined);
  if (existing?.size === load.count) return;
  const block = randomFillSync(Buffer.allocUnsafe(BLOCK_BYTES));
  await using file = await open(source, 'w');
  for (let written = 0; written < load.count; written += BLOCK_BYTES) {
    await file.write(block, 0, Math.min(BLOCK_BYTES, load.count - written));
  }
}

/**
 * Moves a file once. What is left of an earlier one is removed before, unmeasured, so that nothing is overwritten.
 *
 * @throws Error when the target has not the size of the source
 */
export async function measureFile(
  load: FileLoad,
  folder: string,
  move: (paths: FilePaths) => Promise<unknown>,
): Promise<Metrics> {
  const paths = pathsOf(load, folder);
  await rm(paths.target, { force: true });
  const startMs = performance.now();
  await move(paths);
  const elapsedMs = performance.now() - startMs;
  const { size } = await stat(paths.target);
  await rm(paths.target);
  if (size !== load.count) throw new Error(`${size} of ${load.count} bytes have arrived`);
  return { megabytesPerSecond: load.count / elapsedMs / 1000 };
}

function pathsOf({ direction, count }: FileLoad, folder: string): FilePaths {
  const [from, to] = direction === 'server-to-client' ? ['server', 'client'] : ['client', 'server'];
  const sourceName = `source-${count}`;
  const targetName = 'received';
  return { sourceName, source: join(folder, from, sourceName), targetName, target: join(folder, to, targetName) };
}
