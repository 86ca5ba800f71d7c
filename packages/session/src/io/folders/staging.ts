import { type FileHandle, lstat, mkdir, open, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type FolderEntry, WireError } from '@tcpcomm/protocol';
import { transferError } from '../files/file-errors.ts';
import { ownIdentity, stateOf } from '../files/journal-owner.ts';
import { type Overwrite, publish } from '../files/publishing.ts';

/** Where small files of a folder are written before they get their names, below the folder that is received into. */
export const STAGING_FOLDER = '.tcpcomm-part';

/** A file of this size or less is taken whole, and written at once. */
export const SMALL_FILE_BYTES = 262_144;
const SEPARATOR = '~';
const PERMISSIONS = 0o777;
/** So many are written at a time: each waits for the disk several times. */
const WRITES_AT_ONCE = 16;

/** Of all that this thread has written so: one transfer into a folder may still be at its last files when the next one begins. */
let fileCount = 0;

/**
 * Writes the small files of a folder. They need no journal: what is lost of one is sent again. Their names in the staging folder tell who
 * writes them, so that what a killed process left there is found and removed.
 */
export class Staging {
  readonly #folder: string;
  readonly #prefix: string;
  /** Whether the system gives a new file less than these permissions. Asked once for each: a call is a trip to another thread. */
  readonly #lossy = new Map<number, boolean>();
  readonly #waiting: (() => void)[] = [];
  #writing = 0;

  private constructor(folder: string, prefix: string) {
    this.#folder = folder;
    this.#prefix = prefix;
  }

  static async open(folder: string): Promise<Staging> {
    const path = join(folder, STAGING_FOLDER);
    await mkdir(path, { recursive: true });
    if (!(await lstat(path)).isDirectory()) throw transferError(WireError.PATH_OUTSIDE_ROOT, STAGING_FOLDER);
    for (const name of await readdir(path)) {
      if (await isLeftBehind(name)) await rm(join(path, name), { force: true });
    }
    const { host, pid, startTicks, thread } = await ownIdentity();
    return new Staging(path, [host, pid, startTicks ?? '', thread].join(SEPARATOR));
  }

  /** Writes the file durably and gives it its name; waits for its turn. @throws what the system says */
  async store(bytes: Uint8Array, entry: FolderEntry, target: string, overwrite: Overwrite): Promise<void> {
    await this.#turn();
    const path = join(this.#folder, `${this.#prefix}${SEPARATOR}${(fileCount += 1)}`);
    try {
      const handle = await open(path, 'wx', entry.mode);
      try {
        if (bytes.length > 0) await writeFully(handle, bytes);
        if (await this.#loses(entry.mode, handle)) await handle.chmod(entry.mode);
        await handle.utimes(entry.modifiedMs / 1000, entry.modifiedMs / 1000);
        // Through the page cache: with O_DIRECT a file of a page or a few costs more calls than it has bytes to spare.
        await handle.datasync();
      } finally {
        await handle.close();
      }
      await publish(path, target, overwrite);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#writing -= 1;
    }
  }

  /** Removes the folder, unless another transfer uses it. */
  async close(): Promise<void> {
    await rmdir(this.#folder).catch(() => undefined);
  }

  async #loses(mode: number, handle: FileHandle): Promise<boolean> {
    const known = this.#lossy.get(mode);
    if (known !== undefined) return known;
    const isLossy = ((await handle.stat()).mode & PERMISSIONS) !== mode;
    this.#lossy.set(mode, isLossy);
    return isLossy;
  }

  async #turn(): Promise<void> {
    if (this.#writing < WRITES_AT_ONCE) this.#writing += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at, bytes.length - at, at)).bytesWritten;
}

async function isLeftBehind(name: string): Promise<boolean> {
  const [host = '', pid = '', startTicks = '', thread = ''] = name.split(SEPARATOR);
  const owner = { host, pid: Number(pid), startTicks: startTicks === '' ? undefined : Number(startTicks), thread };
  // What is of this thread belongs to a transfer that is still under way.
  return thread !== (await ownIdentity()).thread && (await stateOf(owner)) === 'gone';
}
