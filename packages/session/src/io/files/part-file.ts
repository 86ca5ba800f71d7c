import { chmod, constants, lutimes, open, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type TransferError, WireError } from '@tcpcomm/protocol';
import { UnbufferedWriter } from '@tcpcomm/unbuffered-writer';
import { missingFolder, toTransferError, transferError } from './file-errors.ts';
import { createFileHash, type FileHash, hashBeginning, type Integrity } from './file-hash.ts';
import { PartClaim, type SourceFacts } from './part-claim.ts';
import { type Overwrite, publish, requireFree, syncFolder } from './publishing.ts';
import { bufferCapacity, type WriteBuffers } from './write-buffers.ts';

/** What has been written is made durable each time it is so much, or so long ago: it costs some of the rate, and is what a crash may lose. */
const SYNC_EACH_BYTES = 536_870_912;
const SYNC_EACH_MS = 2_000;
/** Less than this is sent again sooner than anybody has looked for it: it is not left behind. */
const MIN_LEFT_BYTES = 262_144;

export interface PartFileOptions {
  /** Where the file will be when it is whole. */
  readonly path: string;
  /** What to call it in errors. */
  readonly name: string;
  readonly overwrite: Overwrite;
  readonly integrity: Integrity;
  /** The file as its sender offers it. */
  readonly source: SourceFacts;
  /** Permissions, nine bits. Default: what the system gives a new file. */
  readonly mode?: number;
  readonly buffers: WriteBuffers;
  /** Aborts when the transfer is over, also while the part is being opened: then what is begun is ended as soon as it can be. */
  readonly signal?: AbortSignal;
  /** Called when bytes given to `write` are with the file system: how many more. */
  readonly onWritten: (bytes: number) => void;
  /** Bytes given to `write` could not be written; nothing more will be. */
  readonly onFailed: (error: TransferError) => void;
}

/**
 * A file that is being received: it grows as `NAME.part` and gets its name, in one step, when it is whole, verified and durable.
 * What an earlier attempt received of it is gone on with, and what this one received is left to a later one.
 *
 * `write` only copies, so the receiving path never waits for the disk; what waits is bounded by the transfer's credit.
 */
export class PartFile {
  readonly #options: PartFileOptions;
  readonly #claim: PartClaim;
  #hash: FileHash;
  #writer: UnbufferedWriter | undefined;
  #startBytes = 0;
  #writtenBytes = 0;
  #restartReason: string | undefined;
  /** The journal is written by one at a time. */
  #journaling: Promise<void> = Promise.resolve();
  #failure: TransferError | undefined;
  #isVerified = false;

  private constructor(options: PartFileOptions, claim: PartClaim, hash: FileHash) {
    this.#options = options;
    this.#claim = claim;
    this.#hash = hash;
    this.#restartReason = claim.leftover.restartReason;
  }

  /** @throws TransferError when the name is taken by something that will not be replaced, or cannot be written */
  static async open(options: PartFileOptions): Promise<PartFile> {
    const { name, overwrite, source, integrity, signal } = options;
    const path = await realTargetPath(options.path, name);
    try {
      await requireFree(path, name, overwrite);
      const claim = await PartClaim.take(path, name, source, signal);
      const part = new PartFile(options, claim, await createFileHash(integrity));
      try {
        await part.#begin(await part.#hashLeftover());
        return part;
      } catch (error) {
        await part.leave();
        throw error;
      }
    } catch (error) {
      throw toTransferError(error, name);
    }
  }

  /** Where the sender is to begin: what is before is here, from an earlier attempt. */
  get startBytes(): number {
    return this.#startBytes;
  }

  /** The hash of what is here; undefined if that is nothing. */
  get prefixHash(): string | undefined {
    return this.#startBytes > 0 ? this.#hash.digest() : undefined;
  }

  /** Why it begins anew though there was an earlier attempt; undefined if there was none, or it is gone on with. */
  get restartReason(): string | undefined {
    return this.#restartReason;
  }

  /** Bytes that may be given to `write` and not be written yet. */
  get capacityBytes(): number {
    return bufferCapacity(this.#options.buffers);
  }

  /** Forgets what is here: it is not the beginning of the file that is sent. */
  async restart(reason: string): Promise<void> {
    try {
      await this.#writer?.abort();
      await this.#claim.advance(0);
      await rm(this.#claim.paths.part, { force: true });
      this.#hash = await createFileHash(this.#options.integrity);
      this.#restartReason = reason;
      await this.#begin(0);
    } catch (error) {
      throw toTransferError(error, this.#options.name);
    }
  }

  /** Takes the next bytes. A failure to write them is thrown by `verify`, and by the next `write`. */
  write(bytes: Uint8Array): void {
    if (this.#failure) throw this.#failure;
    this.#hash.update(bytes);
    // The writer has room: the transfer's credit goes no further than its capacity. A failure comes by `onError`.
    this.#writer?.write(bytes).catch(() => undefined);
  }

  /**
   * Compares the hash of what came, and waits until all of it is durable.
   *
   * @throws TransferError when the hash is another, or anything could not be written
   */
  async verify(expectedHash: string): Promise<void> {
    const { name } = this.#options;
    const hash = this.#hash.digest();
    if (hash !== expectedHash) {
      const detail = `the hash of what came is ${hash}, the sender's is ${expectedHash}`;
      throw transferError(WireError.INTEGRITY_MISMATCH, name, detail);
    }
    this.#isVerified = true;
    try {
      await this.#writer?.close();
      await this.#journaling;
    } catch (error) {
      throw toTransferError(error, name);
    }
    if (this.#failure) throw this.#failure;
  }

  /** Gives the file its time and its name, and returns its path. Call after `verify`. */
  async publish(): Promise<string> {
    const { overwrite, name, source, mode } = this.#options;
    const { target, part } = this.#claim.paths;
    try {
      await this.#claim.requireHeld();
      if (mode !== undefined) await chmod(part, mode);
      // In seconds, not as a Date, which would cut the time to whole milliseconds.
      await lutimes(part, source.modifiedMs / 1000, source.modifiedMs / 1000);
      const path = await publish(part, target, overwrite);
      await this.#claim.end();
      await syncFolder(dirname(path));
      return path;
    } catch (error) {
      throw toTransferError(error, name);
    }
  }

  /** Leaves what came to a later attempt, if that is worth it; else nothing. */
  async leave(): Promise<void> {
    this.#claim.beginEnding();
    await this.#writer?.close().catch(() => undefined);
    await this.#journaling;
    const durableBytes = this.#writer?.bytesDurable ?? this.#claim.leftover.durableBytes;
    if (durableBytes < MIN_LEFT_BYTES) await this.discard();
    else await this.#claim.leave(durableBytes).catch(() => undefined);
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    this.#claim.beginEnding();
    await this.#writer?.abort();
    await this.#journaling;
    const isHeld = await this.#claim.requireHeld().then(
      () => true,
      () => false,
    );
    if (isHeld) await rm(this.#claim.paths.part, { force: true });
    await this.#claim.end();
  }

  /** Hashes what the earlier attempt left; returns how much that is. */
  async #hashLeftover(): Promise<number> {
    const { durableBytes } = this.#claim.leftover;
    if (durableBytes === 0) return 0;
    const handle = await open(this.#claim.paths.part, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const hashedBytes = await hashBeginning(handle, this.#hash, durableBytes, this.#options.signal);
      if (hashedBytes === durableBytes) return durableBytes;
      throw transferError(
        WireError.FILE_IO_ERROR,
        this.#options.name,
        `only ${hashedBytes} of ${durableBytes} bytes could be read`,
      );
    } finally {
      await handle.close();
    }
  }

  async #begin(startBytes: number): Promise<void> {
    const { source, buffers, onWritten } = this.#options;
    this.#startBytes = startBytes;
    this.#writtenBytes = startBytes;
    const writer = await UnbufferedWriter.open(this.#claim.paths.part, {
      ...buffers,
      startBytes,
      expectedBytes: source.sizeBytes,
      followsLinks: false,
      syncEachBytes: SYNC_EACH_BYTES,
      syncEachMs: SYNC_EACH_MS,
      onWritten: (fileBytes) => {
        onWritten(fileBytes - this.#writtenBytes);
        this.#writtenBytes = fileBytes;
      },
      onDurable: this.#journalDurable.bind(this),
      onError: this.#fail.bind(this),
    });
    try {
      // Another process may have taken over and made the file that was opened: it is ours only if the claim still is.
      await this.#claim.requireHeld();
    } catch (error) {
      await writer.abort();
      throw error;
    }
    this.#writer = writer;
  }

  #journalDurable(durableBytes: number): void {
    // The file is about to get its name; nobody will ask for its journal.
    if (this.#isVerified) return;
    this.#journaling = this.#journaling.then(() => this.#claim.advance(durableBytes)).catch(this.#fail.bind(this));
  }

  #fail(error: unknown): void {
    if (this.#failure) return;
    this.#failure = toTransferError(error, this.#options.name);
    // Not left to the next `write`: without credit for these bytes there may never be one.
    this.#options.onFailed(this.#failure);
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
