import { link, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';
import { platform } from 'node:process';
import { WireError } from '@tcpcomm/protocol';
import { transferError } from './file-errors.ts';

/**
 * What happens when a file of that name exists: it is replaced when the new one is whole; nothing is received; or the new one gets
 * the first free of `NAME (1).EXT`, `NAME (2).EXT` and so on.
 */
export type Overwrite = 'replace' | 'refuse' | 'rename';

export const OVERWRITES: readonly Overwrite[] = ['replace', 'refuse', 'rename'];

const MAX_RENAMES = 10_000;

/** @throws TransferError when the name is taken by something that will not be replaced */
export async function requireFree(target: string, name: string, overwrite: Overwrite): Promise<void> {
  const stats = await lstat(target).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (stats === undefined || overwrite === 'rename') return;
  if (!stats.isFile() && !stats.isSymbolicLink()) throw transferError(WireError.NOT_A_FILE, name);
  if (overwrite === 'refuse') throw transferError(WireError.FILE_EXISTS, name);
}

/** Gives a whole file its name, in one step, and returns the path. */
export async function publish(part: string, target: string, overwrite: Overwrite): Promise<string> {
  if (overwrite === 'replace') {
    await rename(part, target);
    return target;
  }
  // Unlike a rename, a link fails when somebody has made a file of that name meanwhile.
  const path = overwrite === 'refuse' ? await linked(part, target) : await linkedToFree(part, target);
  await rm(part);
  return path;
}

/** Makes the names of a folder durable (fsync(2): syncing a file does not sync its name). Windows has nothing of the kind. */
export async function syncFolder(folder: string): Promise<void> {
  if (platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function linked(part: string, target: string): Promise<string> {
  await link(part, target);
  return target;
}

async function linkedToFree(part: string, target: string): Promise<string> {
  const { name, ext } = parse(target);
  for (let count = 0; ; count += 1) {
    const path = count === 0 ? target : join(dirname(target), `${name} (${count})${ext}`);
    try {
      return await linked(part, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || count === MAX_RENAMES) throw error;
    }
  }
}
