import type { FileHandle } from 'node:fs/promises';
import { TcpCommError, type TransferError, WireError } from '@tcpcomm/protocol';
import type { OutgoingTransfer, OutgoingTransferHandler } from '../../engine/transfers/outgoing-transfer.ts';
import type { TransferRecord } from '../../transfer-record.ts';
import { toTransferError, transferError } from './file-errors.ts';
import { createFileHash, type FileHash, hashBeginning, type Integrity } from './file-hash.ts';
import type { Overwrite } from './publishing.ts';

/**
 * The file is read in blocks of this size, so many of them ahead of the network. Each read is a trip to another thread and back, which
 * takes longer than a small block's bytes do.
 */
const BLOCK_BYTES = 1_048_576;
const BLOCKS_AHEAD = 4;

export interface FileSenderOptions {
  readonly transfer: OutgoingTransfer;
  readonly record: TransferRecord;
  /** The file's path on this machine, for the result. */
  readonly localPath: string;
  /** Opens the file; called once. */
  readonly open: () => Promise<FileHandle>;
  readonly integrity: Integrity;
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

  onAccept(offsetBytes: number, prefixHash: string | undefined): void {
    void this.#stream(offsetBytes, prefixHash);
  }

  onWritten(bytes: number): void {
    this.#record.advance(bytes);
  }

  onDone(path: string | undefined): void {
    void this.#finish(path);
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
      integrity: this.#options.integrity,
      overwrite: this.#options.overwrite,
    });
  }

  async #finish(path: string | undefined): Promise<void> {
    if (this.#isDecided) return;
    this.#isDecided = true;
    await this.#close();
    const { localPath } = this.#options;
    const name = path ?? this.#record.name;
    this.#record.finish({ localPath, name, totalBytes: this.#sizeBytes, hash: this.#hash });
  }

  /** Reports the failure when the file is closed. */
  async #fail(error: TcpCommError): Promise<void> {
    if (this.#isDecided) return;
    this.#isDecided = true;
    await this.#opening?.catch(() => undefined);
    await this.#close();
    this.#record.fail(error);
  }

  async #stream(offsetBytes: number, prefixHash: string | undefined): Promise<void> {
    try {
      const hash = await createFileHash(this.#options.integrity);
      if (!(await this.#hasPrefix(hash, offsetBytes, prefixHash))) {
        this.#offer();
        return;
      }
      if (this.#isDecided) return;
      this.#record.begin(this.#sizeBytes, offsetBytes);
      this.#options.onBegin();
      await this.#sendBlocks(hash, offsetBytes);
      this.#hash = hash.digest();
      await this.#checkUnchanged();
      this.#transfer.end(this.#hash);
    } catch (error) {
      this.giveUp(toTransferError(error, this.#record.name));
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
    const bytesToSend = this.#sizeBytes - offsetBytes;
    const blocks = Array.from({ length: BLOCKS_AHEAD }, () => ({
      bytes: new Uint8Array(Math.min(BLOCK_BYTES, bytesToSend)),
      /** Settles when the bytes that the block held last are with the kernel, and it may be used again. */
      isFree: Promise.resolve(),
    }));
    const readAt = async (turn: number) => {
      const block = blocks[turn % BLOCKS_AHEAD]!;
      await block.isFree;
      return { block, bytes: await this.#readFully(block.bytes, offsetBytes + turn * BLOCK_BYTES) };
    };
    const turns = Math.ceil(bytesToSend / BLOCK_BYTES);
    let reading = turns > 0 ? readAt(0) : undefined;
    for (let turn = 0; reading !== undefined; turn += 1) {
      const { block, bytes } = await reading;
      // The disk is at the next block while this one is hashed and sent.
      reading = turn + 1 < turns ? readAt(turn + 1) : undefined;
      // Should this turn fail, nobody waits for that read any more.
      reading?.catch(() => undefined);
      hash.update(bytes);
      block.isFree = this.#send(bytes);
    }
  }

  #send(bytes: Uint8Array): Promise<void> {
    const written = this.#transfer.write(bytes);
    // Whoever waits for the block sees the failure; if nobody does any more, the transfer has ended already.
    written.catch(() => undefined);
    return written;
  }

  /** Fills the block, or reads what is left of the file. */
  async #readFully(into: Uint8Array, position: number): Promise<Uint8Array> {
    const wanted = Math.min(into.length, this.#sizeBytes - position);
    for (let at = 0; at < wanted;) {
      const { bytesRead } = (await this.#file?.read(into, at, wanted - at, position + at)) ?? { bytesRead: 0 };
      if (bytesRead === 0) throw this.#sourceChanged(`it ended at byte ${position + at} of ${this.#sizeBytes}`);
      at += bytesRead;
    }
    return into.subarray(0, wanted);
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
