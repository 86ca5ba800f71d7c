import type { FileHandle } from 'node:fs/promises';
import { type TransferError, WireError } from '@tcpcomm/protocol';
import type { OutgoingTransfer, OutgoingTransferHandler } from '../../engine/transfers/outgoing-transfer.ts';
import { Mover, type MoverParts } from '../mover.ts';
import { BlockReader } from './block-reader.ts';
import { transferError } from './file-errors.ts';
import { createFileHash, type FileHash, hashBeginning, type Integrity } from './file-hash.ts';
import type { Overwrite } from './publishing.ts';

export interface FileSenderOptions extends MoverParts {
  readonly transfer: OutgoingTransfer;
  /** The file's path on this machine, for the result. */
  readonly localPath: string;
  /** Opens the file; called once. */
  readonly open: () => Promise<FileHandle>;
  readonly integrity: Integrity;
  /** What the receiver is asked to do with a file of that name that it has. */
  readonly overwrite: Overwrite;
}

/** Sends one file: from opening it to the receiver's word that it has it all. */
export class FileSender extends Mover implements OutgoingTransferHandler {
  readonly #transfer: OutgoingTransfer;
  readonly #options: FileSenderOptions;
  #file: FileHandle | undefined;
  #sizeBytes = 0;
  #modifiedMs = 0;
  #hash = '';
  #opening: Promise<void> | undefined;

  constructor(options: FileSenderOptions) {
    super(options);
    this.#options = options;
    this.#transfer = options.transfer;
  }

  /** Opens the file and offers it. */
  start(): void {
    this.#opening = this.#open();
    this.#opening.then(
      () => {
        this.#offer();
      },
      (error: unknown) => {
        this.giveUp(error);
      },
    );
  }

  onAccept(offsetBytes: number, prefixHash: string | undefined): void {
    if (offsetBytes === 0) this.begin(this.#sizeBytes, 0);
    void this.#stream(offsetBytes, prefixHash);
  }

  onWritten(bytes: number): void {
    this.record.advance(bytes);
  }

  onAnswer(): void {
    // Of folders only.
  }

  onDone(path: string | undefined): void {
    void this.#finish(path);
  }

  async #open(): Promise<void> {
    this.#file = await this.#options.open();
    const stats = await this.#file.stat();
    if (!stats.isFile()) throw transferError(WireError.NOT_A_FILE, this.record.name);
    this.#sizeBytes = stats.size;
    this.#modifiedMs = stats.mtimeMs;
  }

  #offer(): void {
    if (this.isDecided) return;
    this.#transfer.offer({
      path: this.record.name,
      sizeBytes: this.#sizeBytes,
      modifiedMs: this.#modifiedMs,
      integrity: this.#options.integrity,
      overwrite: this.#options.overwrite,
    });
  }

  override confirm(path: string | undefined): void {
    const { localPath } = this.#options;
    const name = path ?? this.record.name;
    this.record.finish({ localPath, name, totalBytes: this.#sizeBytes, hash: this.#hash });
  }

  async #finish(path: string | undefined): Promise<void> {
    if (!this.decide()) return;
    await this.#close();
    this.confirm(path);
  }

  protected override async release(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.#close();
  }

  async #stream(offsetBytes: number, prefixHash: string | undefined): Promise<void> {
    try {
      const hash = await createFileHash(this.#options.integrity);
      if (!(await this.#hasPrefix(hash, offsetBytes, prefixHash))) {
        this.#offer();
        return;
      }
      if (this.isDecided) return;
      if (offsetBytes > 0) this.begin(this.#sizeBytes, offsetBytes);
      await this.#sendBlocks(hash, offsetBytes);
      this.#hash = hash.digest();
      await this.#checkUnchanged();
      this.#transfer.end(this.#hash);
    } catch (error) {
      this.giveUp(error);
    }
  }

  /** Whether the file begins with what the receiver has; the hash is that of it, then. */
  async #hasPrefix(hash: FileHash, byteLength: number, prefixHash: string | undefined): Promise<boolean> {
    if (this.#file === undefined || byteLength === 0) return true;
    const hashedBytes = await hashBeginning(this.#file, hash, byteLength);
    if (hashedBytes < byteLength) throw this.#sourceChanged(`it ended at byte ${hashedBytes} of ${this.#sizeBytes}`);
    return hash.digest() === prefixHash;
  }

  /** Sends the file from the offset on; the hash gets to be that of all of it. */
  async #sendBlocks(hash: FileHash, offsetBytes: number): Promise<void> {
    if (this.#file === undefined) return;
    const reader = new BlockReader(this.#file, offsetBytes, this.#sizeBytes);
    let sentBytes = offsetBytes;
    for (let bytes = await reader.next(); bytes !== undefined; bytes = await reader.next()) {
      hash.update(bytes);
      const written = this.#transfer.write(bytes);
      // Whoever waits for the block sees the failure; if nobody does any more, the transfer has ended already.
      written.catch(() => undefined);
      reader.keepUntil(written);
      sentBytes += bytes.length;
    }
    if (sentBytes < this.#sizeBytes) throw this.#sourceChanged(`it ended at byte ${sentBytes} of ${this.#sizeBytes}`);
  }

  async #checkUnchanged(): Promise<void> {
    const stats = await this.#file?.stat();
    if (stats === undefined || (stats.size === this.#sizeBytes && stats.mtimeMs === this.#modifiedMs)) return;
    throw this.#sourceChanged('its size or time is another than at the start');
  }

  #sourceChanged(detail: string): TransferError {
    return transferError(WireError.SOURCE_CHANGED, this.record.name, `the file changed while it was sent: ${detail}`);
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }
}
