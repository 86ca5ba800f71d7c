import { chmod, lstat, mkdir, utimes } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { type FolderEntry, type TransferError, WireError } from '@tcpcomm/protocol';
import { missingFolder, toTransferError, transferError } from '../files/file-errors.ts';
import { fileNameKey, requireFileName } from '../files/file-names.ts';
import { requireUnwritten } from '../files/part-claim.ts';
import { partPathsOf } from '../files/part-paths.ts';
import { type Overwrite, requireFree, syncFolder } from '../files/publishing.ts';
import { RootDirectory } from '../files/root-directory.ts';
import { SMALL_FILE_BYTES, STAGING_FOLDER } from './staging.ts';

/** What is to be done about a file of the sender's. */
export type Wanted =
  /** It is here already, with the same size and time. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'whole'; readonly path: string }
  /** Something of it is here, from an earlier attempt. */
  | { readonly kind: 'rest'; readonly path: string };

/** Times travel with a fraction of a millisecond, which not every file system keeps. */
const SAME_TIME_MS = 1;
/** A folder may be written to while it is being filled, whatever it is going to be. */
const FILLING_MODE = 0o700;

/** A folder that is being received into: the only way from a sender's path to one of this machine. */
export class FolderTarget {
  readonly path: string;
  readonly #root: RootDirectory;
  readonly #overwrite: Overwrite;
  /** Where the folders below really are, by their path in the sender's folder. */
  readonly #folders = new Map<string, string>();
  readonly #made: FolderEntry[] = [];
  readonly #seen = new Set<string>();

  private constructor(path: string, overwrite: Overwrite) {
    this.path = path;
    this.#root = new RootDirectory(path);
    this.#overwrite = overwrite;
  }

  /** Makes the folder if it is not there; the one above it must be. @throws what the system says */
  static async open(path: string, name: string, overwrite: Overwrite): Promise<FolderTarget> {
    await mkdir(path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw missingFolder(error, name) ?? error;
    });
    if (!(await lstat(path)).isDirectory())
      throw transferError(WireError.NOT_A_FILE, name, 'expected a folder, found something else');
    return new FolderTarget(path, overwrite);
  }

  /** Makes a folder below, unless it is there. @throws TransferError */
  async makeFolder(entry: FolderEntry): Promise<void> {
    try {
      this.#requireNew(entry.path);
      const path = await this.#pathOf(entry.path);
      await mkdir(path, { mode: entry.mode | FILLING_MODE }).catch(async (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        if (!(await lstat(path)).isDirectory()) throw error;
      });
      this.#made.push(entry);
    } catch (error) {
      throw toTransferError(error, entry.path);
    }
  }

  /** Looks what is here of a file. @throws TransferError when it cannot be received */
  async examine(entry: FolderEntry): Promise<Wanted> {
    try {
      this.#requireNew(entry.path);
      const path = await this.#pathOf(entry.path);
      await requireUnwritten([path], entry.path);
      const there = await lookAt(path);
      const isSameSize = there?.isFile() === true && there.size === entry.sizeBytes;
      if (isSameSize && Math.abs(there.mtimeMs - entry.modifiedMs) < SAME_TIME_MS) return { kind: 'unchanged' };
      if (there) await requireFree(path, entry.path, this.#overwrite);
      // A small file is sent whole sooner than looked for.
      const hasPart = entry.sizeBytes > SMALL_FILE_BYTES && (await lookAt(partPathsOf(path).journal)) !== undefined;
      return { kind: hasPart ? 'rest' : 'whole', path };
    } catch (error) {
      throw toTransferError(error, entry.path);
    }
  }

  /** Gives the folders their permissions and times, the inner ones first, and makes all names durable. */
  async finish(fail: (entry: FolderEntry, error: TransferError) => void): Promise<void> {
    for (const folder of new Set([this.path, ...this.#folders.values()])) await syncFolder(folder);
    for (const entry of this.#made.reverse()) {
      try {
        const path = await this.#pathOf(entry.path);
        await utimes(path, entry.modifiedMs / 1000, entry.modifiedMs / 1000);
        await chmod(path, entry.mode);
      } catch (error) {
        fail(entry, toTransferError(error, entry.path));
      }
    }
    await syncFolder(dirname(this.path));
  }

  /** Where something below is to be, with the folders before it looked up once. */
  async #pathOf(path: string): Promise<string> {
    requireFileName(path);
    const folder = posix.dirname(path);
    const real = this.#folders.get(folder);
    if (real !== undefined) return join(real, posix.basename(path));
    const found = await this.#root.pathForWriting(path);
    this.#folders.set(folder, dirname(found));
    return found;
  }

  #requireNew(path: string): void {
    const key = fileNameKey(path);
    if (path.split('/')[0] === STAGING_FOLDER) {
      throw transferError(WireError.INVALID_FILE_NAME, path, 'the name is taken for files that are being received');
    }
    if (this.#seen.has(key))
      throw transferError(WireError.FILE_EXISTS, path, 'the folder has two entries of this name');
    this.#seen.add(key);
  }
}

async function lookAt(path: string) {
  return lstat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
}
