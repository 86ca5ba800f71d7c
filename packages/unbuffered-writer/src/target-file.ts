import { constants, type FileHandle, open, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { WriteMode } from './writer-options.ts';

/** The flag is one of Linux; other systems have nothing of the kind, or something that Node does not offer. */
const O_DIRECT = constants.O_DIRECT as number | undefined;
const BYTES_PER_STAT_BLOCK = 512;
/** For less than this the first write finds out soon enough whether there is room. */
const MIN_CHECKED_BYTES = 1_048_576;

export interface TargetFileOptions {
  readonly mode: WriteMode;
  readonly followsLinks: boolean;
}

/** An open file, past the page cache or through it, and what is known of which and why. */
export class TargetFile {
  #handle: FileHandle;
  #isDirect: boolean;
  #fallbackReason: string | undefined;
  readonly #path: string;
  readonly #mode: WriteMode;
  /** How long the file is, what is written behind its end aside. */
  #preparedBytes = 0;

  private constructor(handle: FileHandle, path: string, mode: WriteMode, fallbackReason: string | undefined) {
    this.#handle = handle;
    this.#path = path;
    this.#mode = mode;
    this.#isDirect = mode !== 'buffered' && fallbackReason === undefined;
    this.#fallbackReason = fallbackReason;
  }

  /**
   * Opens the file, or creates it; its content stays.
   *
   * @throws whatever the system says, and `ERR_UNBUFFERED_WRITER_NO_DIRECT` for the mode `direct` where there is no such thing
   */
  static async open(path: string, { mode, followsLinks }: TargetFileOptions): Promise<TargetFile> {
    const flags = constants.O_RDWR | constants.O_CREAT | (followsLinks ? 0 : constants.O_NOFOLLOW);
    if (mode === 'buffered') return new TargetFile(await open(path, flags), path, mode, undefined);
    if (O_DIRECT === undefined) {
      return TargetFile.#openFallback(path, flags, mode, `${process.platform} has no O_DIRECT`);
    }
    try {
      return new TargetFile(await open(path, flags | O_DIRECT), path, mode, undefined);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return TargetFile.#openFallback(path, flags, mode, refusalText(error));
    }
  }

  static async #openFallback(path: string, flags: number, mode: WriteMode, reason: string): Promise<TargetFile> {
    if (mode === 'direct') throw noDirect(path, reason);
    return new TargetFile(await open(path, flags), path, mode, reason);
  }

  get isDirect(): boolean {
    return this.#isDirect;
  }

  /** Why it is not, though that was asked for where possible. */
  get fallbackReason(): string | undefined {
    return this.#fallbackReason;
  }

  /**
   * Makes room for the bytes to come. What the file has behind those that stay is written over where it is, which spares the file
   * system from giving its blocks back and finding others; `cutTo` takes away what is left of it.
   *
   * @throws an error `ENOSPC` when the disk cannot hold as much, `EINVAL` for what is no regular file or has fewer bytes to stay
   */
  async prepare(startBytes: number, expectedBytes: number | undefined): Promise<void> {
    const stats = await this.#handle.stat();
    if (!stats.isFile()) throw systemError('EINVAL', `${this.#path} is not a regular file`);
    if (stats.size < startBytes) {
      throw systemError('EINVAL', `${this.#path} has ${stats.size} bytes, cannot go on at byte ${startBytes}`);
    }
    if (expectedBytes !== undefined) await this.#checkSpace(expectedBytes - stats.blocks * BYTES_PER_STAT_BLOCK);
    this.#preparedBytes = Math.max(stats.size, expectedBytes ?? 0);
    if (this.#preparedBytes > stats.size) await this.#handle.truncate(this.#preparedBytes);
  }

  /** Writes all of the buffers, one behind the other. */
  async write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    await this.#orBuffered(() => this.#writeFully(buffers, position));
  }

  /** Reads from the position until the buffer is full or the file ends. */
  async read(into: Uint8Array, position: number): Promise<void> {
    await this.#orBuffered(() => this.#handle.read(into, 0, into.length, position));
  }

  /** Makes the file end with this byte, of `writtenBytes` that may be beyond it. */
  async cutTo(fileBytes: number, writtenBytes: number): Promise<void> {
    if (Math.max(this.#preparedBytes, writtenBytes) > fileBytes) await this.#handle.truncate(fileBytes);
  }

  async sync(): Promise<void> {
    await this.#handle.datasync();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #writeFully(buffers: readonly Uint8Array[], position: number): Promise<void> {
    let rest = buffers;
    let at = position;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#handle.writev(rest, at);
      if (bytesWritten === 0) throw systemError('EIO', `no byte could be written at ${at} of ${this.#path}`);
      at += bytesWritten;
      rest = behind(rest, bytesWritten);
    }
  }

  /** In the mode `auto` a file system that refuses only when it comes to reading or writing is given way to. */
  async #orBuffered(operation: () => Promise<unknown>): Promise<void> {
    try {
      await operation();
    } catch (error) {
      if (!this.#isDirect || !isRefusal(error)) throw error;
      await this.#fallBack(error);
      await operation();
    }
  }

  /** Opens the same file anew: its name may be another by now. */
  async #fallBack(cause: unknown): Promise<void> {
    const reason = refusalText(cause);
    if (this.#mode === 'direct') throw noDirect(this.#path, reason);
    const buffered = await open(`/proc/self/fd/${this.#handle.fd}`, constants.O_RDWR);
    await this.#handle.close();
    this.#handle = buffered;
    this.#isDirect = false;
    this.#fallbackReason = reason;
  }

  async #checkSpace(neededBytes: number): Promise<void> {
    if (neededBytes < MIN_CHECKED_BYTES) return;
    const { bavail, bfree, bsize } = await statfs(dirname(this.#path));
    // A part of every disk is kept for the superuser.
    const freeBytes = (process.getuid?.() === 0 ? bfree : bavail) * bsize;
    if (neededBytes <= freeBytes) return;
    throw systemError('ENOSPC', `${this.#path} needs ${neededBytes} bytes more, the disk has ${freeBytes}`);
  }
}

/** What is left of the buffers behind so many bytes. */
function behind(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skipped = bytes;
  return buffers.flatMap((buffer) => {
    const taken = Math.min(skipped, buffer.length);
    skipped -= taken;
    return taken === buffer.length ? [] : [buffer.subarray(taken)];
  });
}

/** How a file system says that it does not know O_DIRECT, when opening or only when writing. */
function isRefusal(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EINVAL' || code === 'EOPNOTSUPP' || code === 'ENOTSUP';
}

function refusalText(error: unknown): string {
  return `the file system refuses O_DIRECT (${String((error as NodeJS.ErrnoException).code)})`;
}

function noDirect(path: string, reason: string): Error {
  return systemError('ERR_UNBUFFERED_WRITER_NO_DIRECT', `${path} cannot be written directly: ${reason}`);
}

function systemError(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
