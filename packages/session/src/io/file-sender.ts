import type { FileHandle } from 'node:fs/promises';
import { TcpCommError, type TransferError, WireError } from '@tcpcomm/protocol';
import type { OutgoingTransfer, OutgoingTransferHandler } from '../engine/outgoing-transfer.ts';
import type { TransferRecord } from '../transfer-record.ts';
import { toTransferError, transferError } from './file-errors.ts';
import { createFileHash, hashText } from './file-hash.ts';
import type { Overwrite } from './part-file.ts';

/** The file is read in blocks of this size, so many of them ahead of the network. */
const BLOCK_BYTES = 262_144;
const BLOCKS_AHEAD = 6;

export interface FileSenderOptions {
  readonly transfer: OutgoingTransfer;
  readonly record: TransferRecord;
  /** The file's path on this machine, for the result. */
  readonly localPath: string;
  /** Opens the file; called once. */
  readonly open: () => Promise<FileHandle>;
  /** What the receiver is asked to do with a file of that name that it has. */
  readonly overwrite: Overwrite;
  /** The receiver has taken the offer; bytes will go. */
  readonly onBegin: () => void;
}

/** Sends one file: from opening it to the receiver's word that it has it all. */
export class FileSender implements OutgoingTransferHandler {
  readonly #transfer: OutgoingTransfer;
  readonly #record: TransferRecord;
  readonly #options: FileSenderOptions;
  #file: FileHandle | undefined;
  #sizeBytes = 0;
  #modifiedMs = 0;
  #hash = '';
  #opening: Promise<void> | undefined;
  /** How it ends is decided; nothing changes that any more. */
  #isDecided = false;

  constructor(options: FileSenderOptions) {
    this.#options = options;
    this.#transfer = options.transfer;
    this.#record = options.record;
  }

  /** Opens the file and offers it. */
  start(): void {
    this.#opening = this.#open();
    this.#opening.then(
      () => {
        this.#offer();
      },
      (error: unknown) => {
        this.giveUp(toTransferError(error, this.#record.name));
      },
    );
  }

  onAccept(offsetBytes: number): void {
    this.#record.begin(this.#sizeBytes);
    this.#options.onBegin();
    void this.#stream(offsetBytes);
  }

  onWritten(bytes: number): void {
    this.#record.advance(bytes);
  }

  onDone(): void {
    void this.#finish();
  }

  onAbort(error: Error): void {
    void this.#fail(error instanceof TcpCommError ? error : toTransferError(error, this.#record.name));
  }

  /** Ends the transfer from this side; the receiver is told. */
  giveUp(error: TransferError): void {
    if (this.#isDecided) return;
    this.#transfer.abort(error.number, error.message);
    void this.#fail(error);
  }

  async #open(): Promise<void> {
    this.#file = await this.#options.open();
    const stats = await this.#file.stat();
    if (!stats.isFile()) throw transferError(WireError.NOT_A_FILE, this.#record.name);
    this.#sizeBytes = stats.size;
    this.#modifiedMs = stats.mtimeMs;
  }

  #offer(): void {
    if (this.#isDecided) return;
    this.#transfer.offer({
      path: this.#record.name,
      sizeBytes: this.#sizeBytes,
      modifiedMs: this.#modifiedMs,
      integrity: 'xxh64',
      overwrite: this.#options.overwrite,
    });
  }

  async #finish(): Promise<void> {
    if (this.#isDecided) return;
    this.#isDecided = true;
    await this.#close();
    this.#record.finish({ localPath: this.#options.localPath, totalBytes: this.#sizeBytes, hash: this.#hash });
  }

  /** Reports the failure when the file is closed. */
  async #fail(error: TcpCommError): Promise<void> {
    if (this.#isDecided) return;
    this.#isDecided = true;
    await this.#opening?.catch(() => undefined);
    await this.#close();
    this.#record.fail(error);
  }

  async #stream(offsetBytes: number): Promise<void> {
    try {
      this.#hash = await this.#sendBlocks(offsetBytes);
      await this.#checkUnchanged();
      this.#transfer.end(this.#hash);
    } catch (error) {
      this.giveUp(toTransferError(error, this.#record.name));
    }
  }

  /** Sends the file from the offset on and returns the hash of all of it. */
  async #sendBlocks(offsetBytes: number): Promise<string> {
    const hash = await createFileHash();
    /** For each block whose bytes are on their way, when its memory may be used again. */
    const blocks = Array.from({ length: BLOCKS_AHEAD }, () => ({
      bytes: new Uint8Array(Math.min(BLOCK_BYTES, this.#sizeBytes)),
      isFree: Promise.resolve(),
    }));
    let position = 0;
    for (let turn = 0; position < this.#sizeBytes; turn += 1) {
      const block = blocks[turn % BLOCKS_AHEAD];
      if (block === undefined) break;
      await block.isFree;
      const read = await this.#readBlock(block.bytes, position);
      hash.update(read);
      position += read.length;
      // What the receiver has already is read for the hash only.
      const unsent = read.subarray(Math.max(0, read.length - Math.max(0, position - offsetBytes)));
      block.isFree = this.#send(unsent);
    }
    return hashText(hash);
  }

  #send(bytes: Uint8Array): Promise<void> {
    const written = this.#transfer.write(bytes);
    // Whoever waits for the block sees the failure; if nobody does any more, the transfer has ended already.
    written.catch(() => undefined);
    return written;
  }

  async #readBlock(into: Uint8Array, position: number): Promise<Uint8Array> {
    const wanted = Math.min(into.length, this.#sizeBytes - position);
    const { bytesRead } = (await this.#file?.read(into, 0, wanted, position)) ?? { bytesRead: 0 };
    if (bytesRead === 0) throw this.#sourceChanged(`it ended at byte ${position} of ${this.#sizeBytes}`);
    return into.subarray(0, bytesRead);
  }

  async #checkUnchanged(): Promise<void> {
    const stats = await this.#file?.stat();
    if (stats === undefined || (stats.size === this.#sizeBytes && stats.mtimeMs === this.#modifiedMs)) return;
    throw this.#sourceChanged('its size or time is another than at the start');
  }

  #sourceChanged(detail: string): TransferError {
    return transferError(WireError.SOURCE_CHANGED, this.#record.name, `the file changed while it was sent: ${detail}`);
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }
}
