import { constants, type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { platform } from 'node:process';
import { basename, dirname, join, sep } from 'node:path';
import { WireError } from '@tcpcomm/protocol';
import { missingFolder, toTransferError, transferError } from './file-errors.ts';
import { requireFileName } from './file-names.ts';

/**
 * The folder below which the peer may read or write. Names from the peer are only ever names below it: relative,
 * separated by `/`, and neither they nor a symbolic link on the way lead out.
 */
export class RootDirectory {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws TransferError when there is no such file below the root, it is not a regular file, or may not be read */
  async openForReading(name: string): Promise<FileHandle> {
    const path = this.#pathOf(name);
    try {
      return await openBelow(await realpath(this.#path), path, name);
    } catch (error) {
      throw toTransferError(error, name);
    }
  }

  /**
   * Where a file of this name is to be written. Its folder must exist.
   *
   * @throws TransferError when the folder does not exist below the root
   */
  async pathForWriting(name: string): Promise<string> {
    const path = this.#pathOf(name);
    try {
      const [root, folder] = await Promise.all([realpath(this.#path), realpath(dirname(path))]);
      if (folder !== root && !isBelow(root, folder)) throw transferError(WireError.PATH_OUTSIDE_ROOT, name);
      return join(folder, basename(path));
    } catch (error) {
      throw missingFolder(error, name) ?? toTransferError(error, name);
    }
  }

  /**
   * Where a folder of this name is, to be read; the root itself has the name ''.
   *
   * @throws TransferError when there is no such folder below the root
   */
  async folderForReading(name: string): Promise<string> {
    try {
      const [root, folder] = await Promise.all([
        realpath(this.#path),
        realpath(name === '' ? this.#path : this.#pathOf(name)),
      ]);
      if (folder !== root && !isBelow(root, folder)) throw transferError(WireError.PATH_OUTSIDE_ROOT, name);
      if (!(await stat(folder)).isDirectory())
        throw transferError(WireError.NOT_A_FILE, name, 'expected a folder, found something else');
      return folder;
    } catch (error) {
      throw toTransferError(error, name);
    }
  }

  /** Where a folder of this name is to be; the one above it must exist. @throws TransferError */
  async folderForWriting(name: string): Promise<string> {
    return name === '' ? this.#path : this.pathForWriting(name);
  }

  #pathOf(name: string): string {
    requireFileName(name);
    return join(this.#path, ...name.split('/'));
  }
}

/**
 * Opens a file for reading that must really lie below the root, whatever links lead to it.
 *
 * @param root without links in it
 * @throws TransferError `PATH_OUTSIDE_ROOT`, or what the system says
 */
export async function openBelow(root: string, path: string, name: string): Promise<FileHandle> {
  // Without O_NONBLOCK a named pipe would hold a thread until somebody writes to it.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!isBelow(root, await realPathOf(handle, path))) throw transferError(WireError.PATH_OUTSIDE_ROOT, name);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Where an open file really lies: asked of the descriptor where that is possible, so that nothing can change in between. */
async function realPathOf(handle: FileHandle, path: string): Promise<string> {
  return realpath(platform === 'linux' ? `/proc/self/fd/${handle.fd}` : path);
}

function isBelow(root: string, path: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : root + sep);
}
