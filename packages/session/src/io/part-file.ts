import { constants, type FileHandle, link, lstat, open, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type TransferError, WireError } from '@tcpcomm/protocol';
import { missingFolder, toTransferError, transferError } from './file-errors.ts';

/** Bytes are gathered into blocks of this size, or of a smaller file's, before they are written. */
const BLOCK_BYTES = 1_048_576;
const PART_SUFFIX = '.part';

/** What happens when a file of that name exists: it is replaced when the new one is whole, or nothing is received. */
export type Overwrite = 'replace' | 'refuse';

export interface PartFileOptions {
  /** Where the file will be when it is whole. */
  readonly path: string;
  /** What to call it in errors. */
  readonly name: string;
  readonly overwrite: Overwrite;
  /** What the sender says of the file's size; more may be written all the same. */
  readonly fileBytes: number;
  /** Called when bytes given to `write` are with the file system. */
  readonly onWritten: (bytes: number) => void;
  /** Bytes given to `write` could not be written; nothing more will be. */
  readonly onFailed: (error: TransferError) => void;
}

/** What this process is writing, files and their parts: no two transfers ever write to the same. */
const busyPaths = new Set<string>();

/**
 * A file that is being received: it grows as `NAME.part` and gets its name, in one step, when it is whole.
 *
 * `write` only copies, so the receiving path never waits for the disk; what waits is bounded by the transfer's credit.
 */
export class PartFile {
  readonly #options: PartFileOptions;
  readonly #handle: FileHandle;
  readonly #spareBlocks: Uint8Array<ArrayBuffer>[] = [];
  readonly #blockBytes: number;
  /** The block that is being filled, once there is something to fill it with. */
  #block: Uint8Array<ArrayBuffer> | undefined;
  #blockUsed = 0;
  /** The writes under way, one after another. */
  #writing: Promise<void> = Promise.resolve();
  #offset = 0;
  #failure: unknown;
  #isClosed = false;

  private constructor(options: PartFileOptions, handle: FileHandle) {
    this.#options = options;
    this.#handle = handle;
    this.#blockBytes = Math.min(BLOCK_BYTES, Math.max(1, options.fileBytes));
  }

  /** @throws TransferError when the name is taken by something that will not be replaced, or cannot be written */
  static async open(options: PartFileOptions): Promise<PartFile> {
    const { name, overwrite } = options;
    const path = await realTargetPath(options.path, name);
    const paths = [path, path + PART_SUFFIX];
    if (paths.some((taken) => busyPaths.has(taken))) {
      throw transferError(WireError.FILE_BUSY, name, 'another transfer is writing this file');
    }
    for (const taken of paths) busyPaths.add(taken);
    try {
      await checkTarget(path, name, overwrite);
      const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
      // Without O_NONBLOCK a named pipe of that name would hold a thread until somebody reads from it.
      const handle = await open(path + PART_SUFFIX, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK);
      return new PartFile({ ...options, path }, handle);
    } catch (error) {
      for (const taken of paths) busyPaths.delete(taken);
      throw toTransferError(error, name);
    }
  }

  /** Takes the next bytes. A failure to write them is thrown by `finish`, and by the next `write`. */
  write(bytes: Uint8Array): void {
    if (this.#failure) throw toTransferError(this.#failure, this.#options.name);
    for (let rest = bytes; rest.length > 0;) {
      this.#block ??= this.#spareBlocks.pop() ?? new Uint8Array(this.#blockBytes);
      const taken = rest.subarray(0, this.#blockBytes - this.#blockUsed);
      this.#block.set(taken, this.#blockUsed);
      this.#blockUsed += taken.length;
      rest = rest.subarray(taken.length);
      if (this.#blockUsed === this.#blockBytes) this.#writeBlock(this.#block);
    }
  }

  /**
   * Writes the rest and waits for all of it.
   *
   * @throws TransferError when anything could not be written
   */
  async flush(): Promise<void> {
    if (this.#block !== undefined) this.#writeBlock(this.#block);
    await this.#writing;
    if (this.#failure) throw toTransferError(this.#failure, this.#options.name);
  }

  /** Gives the file its time and its name. Call after `flush`. */
  async publish(modifiedMs: number): Promise<void> {
    const { path, overwrite, name } = this.#options;
    try {
      // In seconds, not as a Date, which would cut the time to whole milliseconds.
      await this.#handle.utimes(modifiedMs / 1000, modifiedMs / 1000);
      await this.#close();
      if (overwrite === 'replace') {
        await rename(path + PART_SUFFIX, path);
      } else {
        // Unlike a rename, a link fails when somebody has made a file of that name meanwhile.
        await link(path + PART_SUFFIX, path);
        await rm(path + PART_SUFFIX);
      }
    } catch (error) {
      throw toTransferError(error, name);
    } finally {
      this.#release();
    }
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    this.#failure ??= transferError(WireError.TRANSFER_CANCELLED, this.#options.name, 'the transfer has ended');
    await this.#writing;
    await this.#close();
    await rm(this.#options.path + PART_SUFFIX, { force: true });
    this.#release();
  }

  #writeBlock(block: Uint8Array<ArrayBuffer>): void {
    const length = this.#blockUsed;
    this.#block = undefined;
    this.#blockUsed = 0;
    this.#writing = this.#writing.then(async () => {
      if (this.#failure) return;
      try {
        await this.#writeFully(block.subarray(0, length));
        this.#spareBlocks.push(block);
        this.#options.onWritten(length);
      } catch (error) {
        this.#failure = error;
        // Not left to the next `write`: without credit for these bytes there may never be one.
        this.#options.onFailed(toTransferError(error, this.#options.name));
      }
    });
  }

  async #writeFully(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, this.#offset);
      at += bytesWritten;
      this.#offset += bytesWritten;
    }
  }

  #release(): void {
    const { path } = this.#options;
    for (const taken of [path, path + PART_SUFFIX]) busyPaths.delete(taken);
  }

  async #close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#handle.close();
  }
}

/** The path without links in its folders, so that a file that two names lead to is recognised. */
async function realTargetPath(path: string, name: string): Promise<string> {
  try {
    return join(await realpath(dirname(path)), basename(path));
  } catch (error) {
    throw missingFolder(error, name) ?? toTransferError(error, name);
  }
}

async function checkTarget(path: string, name: string, overwrite: Overwrite): Promise<void> {
  const stats = await lstat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (stats === undefined) return;
  if (!stats.isFile() && !stats.isSymbolicLink()) throw transferError(WireError.NOT_A_FILE, name);
  if (overwrite === 'refuse') throw transferError(WireError.FILE_EXISTS, name);
}
