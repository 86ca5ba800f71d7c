import { open } from 'node:fs/promises';
import { Program } from './program.ts';

/** Makes a file durable that another program has written. */
export async function syncFile(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  await file.sync();
}

/**
 * Makes everything durable in the file system that a folder is in: for many small files it takes a tenth of the time that syncing
 * each of them does.
 */
export async function syncFileSystem(folder: string): Promise<void> {
  // Only GNU's can be told which file system.
  await new Program('sync', process.platform === 'linux' ? ['--file-system', folder] : []).succeed();
}
