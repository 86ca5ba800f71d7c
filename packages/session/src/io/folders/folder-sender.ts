import type { FileHandle } from 'node:fs/promises';
import {
  encodeFolderRecord,
  type FolderAnswer,
  type FolderEntry,
  type FolderPiece,
  type FolderRecord,
  MAX_RECORD_HEADER_BYTES,
  ProtocolError,
  TransferError,
  WireError,
} from '@tcpcomm/protocol';
import type { OutgoingTransfer, OutgoingTransferHandler } from '../../engine/transfers/outgoing-transfer.ts';
import { Mover, type MoverParts } from '../mover.ts';
import { BlockReader } from '../files/block-reader.ts';
import { toTransferError } from '../files/file-errors.ts';
import { createFileHash, hashBeginning, type Integrity } from '../files/file-hash.ts';
import type { Overwrite } from '../files/publishing.ts';
import { FolderTally } from './folder-tally.ts';
import { walkFolder, type WalkDepth } from './folder-walker.ts';
import { Signal } from './signal.ts';
import { changed, openSource, readWhole, requireUnchanged, type WholeFile } from './source-file.ts';
import { SMALL_FILE_BYTES } from './staging.ts';

/** Entries are told so many at a time, and no more than a header may have. */
const ENTRIES_AT_ONCE = 250;
const MAX_ENTRIES_BYTES = MAX_RECORD_HEADER_BYTES - 100;
/** Small files are opened and read so many ahead of the network. */
const FILES_AHEAD = 16;
/** What may wait to be sent before more is read. */
const MAX_QUEUED_BYTES = 2_097_152;

export interface FolderSenderOptions extends MoverParts {
  readonly transfer: OutgoingTransfer;
  /** Finds the folder on this machine; called once. */
  readonly find: () => Promise<string>;
  readonly integrity: Integrity;
  readonly overwrite: Overwrite;
  /** Only told what there is; nothing is sent. */
  readonly list: WalkDepth | undefined;
}

/** Sends a folder: what is in it, as it is found, and then the files that the receiver wants, as it answers. */
export class FolderSender extends Mover implements OutgoingTransferHandler {
  readonly #transfer: OutgoingTransfer;
  readonly #options: FolderSenderOptions;
  readonly #tally: FolderTally;
  readonly #entries: FolderEntry[] = [];
  readonly #resumes = new Map<number, { readonly offsetBytes: number; readonly prefixHash: string }>();
  /** Files that the receiver does not want, or no longer. */
  readonly #unwanted = new Set<number>();
  readonly #sent = new Set<number>();
  readonly #answer = new Signal();
  #root = '';
  #answered = 0;
  #isWalked = false;
  #streaming: Promise<void> | undefined;

  constructor(options: FolderSenderOptions) {
    super(options);
    this.#options = options;
    this.#transfer = options.transfer;
    this.#tally = new FolderTally(options.record);
  }

  /** Finds the folder and offers it. */
  start(): void {
    this.#options.find().then(
      (root) => {
        this.#root = root;
        const { integrity, overwrite } = this.#options;
        if (!this.isDecided) this.#transfer.offerFolder({ path: this.record.name, integrity, overwrite });
      },
      (error: unknown) => {
        this.giveUp(error);
      },
    );
  }

  onAccept(): void {
    this.begin(0, 0);
    this.#streaming = this.#stream();
  }

  onAnswer({ answered, skip = [], resume = [], lost = [] }: FolderAnswer): void {
    if (answered > this.#entries.length) {
      throw new ProtocolError(
        WireError.INVALID_TRANSFER,
        `FOLDER_ANSWER for ${answered} entries, ${this.#entries.length} were told`,
      );
    }
    for (const index of skip) {
      this.#unwanted.add(index);
      this.#tally.unchanged(this.#entries[index]);
    }
    for (const { index, offsetBytes, prefixHash } of resume) this.#resumes.set(index, { offsetBytes, prefixHash });
    for (const { index, code, message } of lost) {
      this.#unwanted.add(index);
      this.#tally.failed(this.#entries[index], new TransferError(code, message, 'remote'), this.#sent.has(index));
    }
    this.#answered = Math.max(this.#answered, answered);
    this.#answer.give();
  }

  onWritten(): void {
    // Counted file by file: not all that is written is of files.
  }

  onDone(path: string | undefined): void {
    if (this.decide()) this.confirm(path);
  }

  override confirm(path: string | undefined): void {
    this.record.finish({
      localPath: this.#root,
      name: path ?? this.record.name,
      totalBytes: this.#tally.doneBytes,
      hash: undefined,
      folder: this.#tally.outcome,
    });
  }

  protected override async release(): Promise<void> {
    this.#answer.give();
    await this.#streaming;
  }

  async #stream(): Promise<void> {
    try {
      await Promise.all([this.#tellEntries(), this.#options.list === undefined ? this.#sendFiles() : undefined]);
      this.#transfer.end();
    } catch (error) {
      this.giveUp(error);
    }
  }

  async #tellEntries(): Promise<void> {
    let batch: FolderEntry[] = [];
    let batchBytes = 0;
    const tell = async () => {
      if (batch.length === 0) return;
      this.#entries.push(...batch);
      this.#answer.give();
      await this.#write({ entries: batch });
      batch = [];
      batchBytes = 0;
    };
    for await (const walked of walkFolder(this.#root, this.#options.list ?? 'deep')) {
      if (this.isDecided) return;
      if ('entry' in walked) {
        const entryBytes = Buffer.byteLength(JSON.stringify(walked.entry)) + 1;
        if (batch.length === ENTRIES_AT_ONCE || batchBytes + entryBytes > MAX_ENTRIES_BYTES) await tell();
        batch.push(walked.entry);
        batchBytes += entryBytes;
        this.#tally.found(walked.entry);
      } else {
        const { number, message } = walked.error;
        this.#tally.unavailable({ path: walked.path, error: walked.error });
        await this.#write({ unavailable: { path: walked.path, code: number, message } });
      }
    }
    await tell();
    await this.#write({ total: this.#tally.total });
    this.#isWalked = true;
    this.#answer.give();
  }

  async #sendFiles(): Promise<void> {
    const ahead = new Map<number, Promise<WholeFile>>();
    for (let index = 0; await this.#isAnswered(index); index += 1) {
      this.#readAhead(index, ahead);
      const entry = this.#entries[index];
      const small = ahead.get(index);
      ahead.delete(index);
      if (entry?.type !== 'file' || this.#unwanted.has(index)) {
        small?.catch(() => undefined);
        continue;
      }
      try {
        const isWhole = small ? await this.#sendSmall(index, await small) : await this.#sendLarge(index, entry);
        if (this.isDecided) return;
        if (!isWhole) {
          await this.#write({
            lost: { index, code: WireError.TRANSFER_CANCELLED, message: 'the receiver does not want it' },
          });
          continue;
        }
        this.#sent.add(index);
        this.#tally.done(entry);
      } catch (error) {
        if (this.isDecided) return;
        await this.#lose(index, toTransferError(error, entry.path));
      }
    }
  }

  /** Waits until the receiver has said whether it wants the entry; false when there is none of that number. */
  async #isAnswered(index: number): Promise<boolean> {
    while (!this.isDecided) {
      if (index < this.#answered) return true;
      if (this.#isWalked && index >= this.#entries.length) return false;
      await this.#answer.next();
    }
    return false;
  }

  #readAhead(from: number, ahead: Map<number, Promise<WholeFile>>): void {
    for (let index = from; index < this.#answered && index < from + FILES_AHEAD; index += 1) {
      const entry = this.#entries[index];
      const isWanted = entry?.type === 'file' && !this.#unwanted.has(index) && !this.#resumes.has(index);
      if (!isWanted || entry.sizeBytes > SMALL_FILE_BYTES || ahead.has(index)) continue;
      const reading = readWhole(this.#root, entry, this.#options.integrity);
      reading.catch(() => undefined);
      ahead.set(index, reading);
    }
  }

  async #sendSmall(index: number, { bytes, hash }: WholeFile): Promise<boolean> {
    await this.#sendPiece({ index, offsetBytes: 0, byteLength: bytes.length, hash }, bytes);
    return true;
  }

  /** Returns false when it was stopped because the receiver does not want it any more. */
  async #sendLarge(index: number, entry: FolderEntry): Promise<boolean> {
    const handle = await openSource(this.#root, entry);
    try {
      const hash = await createFileHash(this.#options.integrity);
      let offsetBytes = await this.#resumeAt(index, handle);
      if (offsetBytes > 0) {
        await hashBeginning(handle, hash, offsetBytes);
        this.record.skip(offsetBytes);
      }
      const reader = new BlockReader(handle, offsetBytes, entry.sizeBytes);
      let written = Promise.resolve();
      for (let bytes = await reader.next(); bytes !== undefined; bytes = await reader.next()) {
        if (this.isDecided || this.#unwanted.has(index)) return false;
        if (bytes.length === 0) throw changed(entry);
        hash.update(bytes);
        const isLast = offsetBytes + bytes.length === entry.sizeBytes;
        if (isLast) await requireUnchanged(handle, entry);
        const digest = isLast ? { hash: hash.digest() } : {};
        written = this.#sendPiece({ index, offsetBytes, byteLength: bytes.length, ...digest }, bytes);
        // Whoever waits for the block sees the failure; if nobody does any more, the transfer has ended already.
        written.catch(() => undefined);
        reader.keepUntil(written);
        offsetBytes += bytes.length;
      }
      if (offsetBytes < entry.sizeBytes) throw changed(entry);
      await written;
      return true;
    } finally {
      await handle.close();
    }
  }

  /** Where to begin: behind what the receiver has, if it is the beginning of the file. */
  async #resumeAt(index: number, handle: FileHandle): Promise<number> {
    const resume = this.#resumes.get(index);
    if (resume === undefined) return 0;
    const hash = await createFileHash(this.#options.integrity);
    const hashedBytes = await hashBeginning(handle, hash, resume.offsetBytes);
    return hashedBytes === resume.offsetBytes && hash.digest() === resume.prefixHash ? hashedBytes : 0;
  }

  async #lose(index: number, error: TransferError): Promise<void> {
    this.#unwanted.add(index);
    this.#tally.failed(this.#entries[index], error);
    await this.#write({ lost: { index, code: error.number, message: error.message } });
  }

  async #sendPiece(piece: FolderPiece, bytes: Uint8Array): Promise<void> {
    const header = this.#write({ piece });
    const written = bytes.length > 0 ? this.#transfer.write(bytes) : header;
    header.catch(() => undefined);
    const entry = this.#entries[piece.index];
    const advanced = written.then(() => {
      if (entry) this.#tally.moving(entry, piece.offsetBytes + bytes.length);
      this.record.advance(bytes.length);
    });
    advanced.catch(() => undefined);
    if (bytes.length > SMALL_FILE_BYTES || this.#transfer.queuedBytes > MAX_QUEUED_BYTES) await advanced;
  }

  #write(record: FolderRecord): Promise<void> {
    return this.#transfer.write(encodeFolderRecord(record));
  }
}
