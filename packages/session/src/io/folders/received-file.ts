import { type FolderEntry, type TransferError, WireError } from '@tcpcomm/protocol';
import { toTransferError, transferError } from '../files/file-errors.ts';
import { createFileHash } from '../files/file-hash.ts';
import { PartFile, type PartFileOptions } from '../files/part-file.ts';
import { SMALL_FILE_BYTES, type Staging } from './staging.ts';

/** One file of a folder while its bytes come. Nothing of it throws: how it went is what `finish` says. */
export interface ReceivedFile {
  /** Its bytes are about to come, from this one on. */
  begin(offsetBytes: number): void;
  /** Takes the next bytes, which are valid during the call only. */
  write(bytes: Uint8Array): void;
  /** That was all: verifies it, makes it durable and gives it its name. @throws TransferError */
  finish(hash: string): Promise<void>;
  /** It will not be finished. @param keeps whether a later attempt may go on with it */
  drop(keeps: boolean): Promise<void>;
}

export interface ReceivedFileOptions extends Omit<PartFileOptions, 'source' | 'mode' | 'name'> {
  readonly entry: FolderEntry;
  readonly staging: Staging;
}

export function receiveWhole(options: ReceivedFileOptions): ReceivedFile {
  return options.entry.sizeBytes <= SMALL_FILE_BYTES ? new SmallFile(options) : new LargeFile(options);
}

/** Kept in memory until it is whole, and written at once. */
class SmallFile implements ReceivedFile {
  readonly #options: ReceivedFileOptions;
  readonly #bytes: Uint8Array;
  #usedBytes = 0;

  constructor(options: ReceivedFileOptions) {
    this.#options = options;
    this.#bytes = new Uint8Array(options.entry.sizeBytes);
  }

  begin(): void {
    // All of it comes.
  }

  write(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#usedBytes);
    this.#usedBytes += bytes.length;
  }

  async finish(expectedHash: string): Promise<void> {
    const { entry, staging, path, overwrite, integrity, onWritten } = this.#options;
    try {
      const hash = await createFileHash(integrity);
      hash.update(this.#bytes);
      if (hash.digest() !== expectedHash)
        throw transferError(WireError.INTEGRITY_MISMATCH, entry.path, 'its hash is not the sender\u2019s');
      await staging.store(this.#bytes, entry, path, overwrite);
    } catch (error) {
      throw toTransferError(error, entry.path);
    } finally {
      onWritten(this.#usedBytes);
    }
  }

  async drop(): Promise<void> {
    this.#options.onWritten(this.#usedBytes);
  }
}

/** Written as its bytes come, to a part that a later attempt can go on with. */
export class LargeFile implements ReceivedFile {
  readonly #options: ReceivedFileOptions;
  #opening: Promise<PartFile>;
  /** What comes while the part is being opened. */
  readonly #waiting: Uint8Array[] = [];
  #part: PartFile | undefined;
  #failure: TransferError | undefined;
  /** Bytes that came and whose credit was not given back. Some is kept until the end, so that not too many files are ending at a time. */
  #owedBytes = 0;
  #isEnding = false;

  constructor(options: ReceivedFileOptions) {
    const { entry } = options;
    this.#options = options;
    this.#opening = PartFile.open({
      ...options,
      name: entry.path,
      source: entry,
      mode: entry.mode,
      onWritten: (bytes) => {
        this.#settle(this.#owedBytes - bytes);
      },
      onFailed: this.#fail.bind(this),
    });
    this.#opening.catch(() => undefined);
  }

  /** Resolves when it is known what is here of it already. @throws TransferError when the part cannot be had */
  get opening(): Promise<PartFile> {
    return this.#opening;
  }

  begin(offsetBytes: number): void {
    this.#opening = this.#openAt(offsetBytes);
    this.#opening.then(
      (part) => {
        this.#part = part;
        for (const bytes of this.#waiting.splice(0)) this.#take(part, bytes);
      },
      (error: unknown) => {
        this.#fail(toTransferError(error, this.#options.entry.path));
      },
    );
  }

  write(bytes: Uint8Array): void {
    this.#owedBytes += bytes.length;
    if (this.#failure) this.#settle(0);
    else if (this.#part) this.#take(this.#part, bytes);
    else this.#waiting.push(bytes.slice());
  }

  async finish(hash: string): Promise<void> {
    try {
      const part = await this.#opening;
      if (this.#failure) throw this.#failure;
      await part.verify(hash);
      await part.publish();
    } catch (error) {
      const failure = toTransferError(error, this.#options.entry.path);
      this.#fail(failure);
      await this.#part?.discard().catch(() => undefined);
      throw failure;
    } finally {
      this.#isEnding = true;
      this.#settle(0);
    }
  }

  async drop(keeps: boolean): Promise<void> {
    this.#isEnding = true;
    const part = await this.#opening.catch(() => undefined);
    await (keeps && !this.#failure ? part?.leave() : part?.discard())?.catch(() => undefined);
    this.#settle(0);
  }

  async #openAt(offsetBytes: number): Promise<PartFile> {
    const part = await this.#opening;
    const isOther = part.startBytes > 0 && offsetBytes === 0;
    if (isOther) await part.restart('what the earlier attempt received is not the beginning of the file');
    return part;
  }

  #take(part: PartFile, bytes: Uint8Array): void {
    try {
      part.write(bytes);
    } catch (error) {
      this.#fail(toTransferError(error, this.#options.entry.path));
    }
  }

  #fail(error: TransferError): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#waiting.length = 0;
    this.#settle(0);
    this.#options.onFailed(error);
  }

  /** Gives credit back until no more than so much is owed; before the end, some is kept. */
  #settle(owedBytes: number): void {
    const keptBytes = this.#isEnding || this.#failure ? 0 : SMALL_FILE_BYTES;
    const settledBytes = this.#owedBytes - Math.max(owedBytes, keptBytes);
    if (settledBytes <= 0) return;
    this.#owedBytes -= settledBytes;
    this.#options.onWritten(settledBytes);
  }
}
