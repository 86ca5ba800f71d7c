import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that is gone when its scope is left; `await using` it. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

export interface TemporaryFolderOptions {
  /** Not in memory, as the system's own often is. Default false. */
  readonly isOnDisk?: boolean;
}

/** What keeps files over a restart is on a disk (file-hierarchy(7)). */
const PERSISTENT_TEMPORARY_FOLDER = '/var/tmp';
/** tmpfs and ramfs, of statfs(2). */
const MEMORY_FILE_SYSTEMS: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/**
 * Makes it below the system's own (`TMPDIR`).
 *
 * @throws Error when it is to be on a disk, and neither that nor /var/tmp is
 */
export async function createTemporaryFolder({
  isOnDisk = false,
}: TemporaryFolderOptions = {}): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(isOnDisk ? await folderOnDisk() : tmpdir(), 'tcpcomm-bench-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function folderOnDisk(): Promise<string> {
  const candidates = [tmpdir(), PERSISTENT_TEMPORARY_FOLDER];
  for (const path of candidates) if (await isOnDisk(path)) return path;
  throw new Error(`neither ${candidates.join(' nor ')} is on a disk: set TMPDIR to a folder that is`);
}

async function isOnDisk(path: string): Promise<boolean> {
  try {
    return !MEMORY_FILE_SYSTEMS.has((await statfs(path)).type);
  } catch {
    return false; // there is no such folder
  }
}
