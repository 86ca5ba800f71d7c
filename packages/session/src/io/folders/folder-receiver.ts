import { basename, posix } from 'node:path';
import {
  type FolderAnswer,
  type FolderEntry,
  type FolderOffer,
  type FolderPiece,
  type FolderRecord,
  ProtocolError,
  type TcpCommError,
  TransferError,
  WireError,
} from '@tcpcomm/protocol';
import type { IncomingTransfer, IncomingTransferHandler } from '../../engine/transfers/incoming-transfer.ts';
import { Mover, type MoverParts } from '../mover.ts';
import { toTransferError, transferError } from '../files/file-errors.ts';
import type { Overwrite } from '../files/publishing.ts';
import { bufferCapacity, type WriteBuffers } from '../files/write-buffers.ts';
import { FolderTally } from './folder-tally.ts';
import { FolderTarget } from './folder-target.ts';
import { LargeFile, type ReceivedFile, type ReceivedFileOptions, receiveWhole } from './received-file.ts';
import { RecordReader } from './record-reader.ts';
import { Staging } from './staging.ts';

/** A folder with more in it is given up: both ends keep what they know of each. */
export const MAX_FOLDER_ENTRIES = 1_000_000;
/** So many entries are looked at together. */
const LOOKS_AT_ONCE = 32;
/** So many parts of an earlier attempt are opened to go on with them; there are more only after many attempts. */
const MAX_RESUMED = 16;
const MAX_REASON_LENGTH = 200;
/** So many of them fit into a control frame, whatever they are made of. */
const REASONS_AT_ONCE = 32;

export interface FolderReceiverOptions extends MoverParts {
  readonly transfer: IncomingTransfer;
  readonly overwrite: Overwrite;
  readonly buffers: WriteBuffers;
  /** Where the folder is to be; asked for when the sender has made its offer. */
  readonly findTarget: () => Promise<string>;
}

/** The file whose pieces are coming. */
interface CurrentFile {
  readonly index: number;
  readonly entry: FolderEntry;
  /** Undefined for one that cannot be received: what comes of it is dropped. */
  readonly file: ReceivedFile | undefined;
  receivedBytes: number;
}

/** Receives a folder: answers what of it is wanted, and writes what comes. One file that fails does not end the others. */
export class FolderReceiver extends Mover implements IncomingTransferHandler {
  readonly #transfer: IncomingTransfer;
  readonly #options: FolderReceiverOptions;
  readonly #tally: FolderTally;
  readonly #reader = new RecordReader(this);
  readonly #entries: FolderEntry[] = [];
  /** Where each file that is wanted goes, or what there is of it; gone when it has come. */
  readonly #wanted = new Map<number, string | LargeFile>();
  /** Files that failed at this end, which the sender has been told. */
  readonly #lostHere = new Set<number>();
  readonly #finishing = new Set<Promise<void>>();
  /** Aborts when this transfer is over. */
  readonly #over = new AbortController();
  #offer: FolderOffer | undefined;
  #target: FolderTarget | undefined;
  #staging: Staging | undefined;
  #opening: Promise<void> | undefined;
  /** Entries are answered one batch after another. */
  #answering: Promise<void> = Promise.resolve();
  #answered = 0;
  #resumed = 0;
  #current: CurrentFile | undefined;
  #pieceHash: string | undefined;

  constructor(options: FolderReceiverOptions) {
    super(options);
    this.#options = options;
    this.#transfer = options.transfer;
    this.#tally = new FolderTally(options.record);
  }

  onOffer(offer: FolderOffer): void {
    this.#offer = offer;
    this.#opening = this.#open();
    this.#opening.then(
      () => {
        if (this.isDecided) return;
        this.begin(0, 0);
        const capacityBytes = bufferCapacity(this.#options.buffers);
        this.#transfer.accept({ offsetBytes: 0, prefixHash: undefined, capacityBytes });
      },
      (error: unknown) => {
        this.giveUp(error);
      },
    );
  }

  onData(bytes: Uint8Array): void {
    if (!this.isDecided) this.#reader.read(bytes);
  }

  onEnd(): void {
    if (!this.#reader.isAtEnd || this.#current) throw invalid('the folder ended within a record or a file');
    void this.#complete();
  }

  onRecord(record: FolderRecord): void {
    const { entries, unavailable, lost, piece } = record;
    if (entries) this.#takeEntries(entries);
    if (unavailable) this.#tally.unavailable({ path: unavailable.path, error: remoteError(unavailable) });
    if (lost) this.#lose(lost.index, remoteError(lost));
    if (piece) this.#beginPiece(piece);
    // What is no file's is done with.
    this.#transfer.handleStored(this.#reader.takeHeaderBytes());
  }

  onBody(bytes: Uint8Array): void {
    const current = this.#current;
    if (current === undefined) return;
    current.receivedBytes += bytes.length;
    this.#tally.moving(current.entry, current.receivedBytes);
    this.record.advance(bytes.length);
    if (current.file) current.file.write(bytes);
    else this.#transfer.handleStored(bytes.length);
  }

  onBodyEnd(): void {
    const [current, hash] = [this.#current, this.#pieceHash];
    if (current === undefined || hash === undefined) return;
    this.#current = undefined;
    if (current.file) this.#track(this.#finish(current, current.file, hash));
  }

  async #open(): Promise<void> {
    this.#target = await FolderTarget.open(await this.#options.findTarget(), this.record.name, this.#options.overwrite);
    this.#staging = await Staging.open(this.#target.path);
  }

  #takeEntries(entries: readonly FolderEntry[]): void {
    const first = this.#entries.length;
    if (first + entries.length > MAX_FOLDER_ENTRIES) {
      const detail = `it has more than ${MAX_FOLDER_ENTRIES} entries`;
      this.giveUp(transferError(WireError.FOLDER_TOO_LARGE, this.record.name, detail));
      return;
    }
    this.#entries.push(...entries);
    for (const entry of entries) this.#tally.found(entry);
    this.#answering = this.#answering.then(() => this.#answer(first, entries));
  }

  async #answer(first: number, entries: readonly FolderEntry[]): Promise<void> {
    const skip: number[] = [];
    const resume: NonNullable<FolderAnswer['resume']> = [];
    const lost: NonNullable<FolderAnswer['lost']> = [];
    // Folders one after another, and before what is in them; files many at a time.
    for (let at = 0; at < entries.length && !this.isDecided;) {
      const isFolder = entries[at]?.type === 'folder';
      const end = isFolder ? at + 1 : endOfFiles(entries, at);
      const examine = async (entry: FolderEntry, index: number) => {
        try {
          const found = await this.#examine(entry, index);
          if (found === 'unchanged') skip.push(index);
          else if (found) resume.push(found);
        } catch (error) {
          const { number, message } = toTransferError(error, entry.path);
          lost.push({ index, code: number, message: message.slice(0, MAX_REASON_LENGTH) });
          this.#tally.failed(entry, toTransferError(error, entry.path));
        }
      };
      await Promise.all(entries.slice(at, end).map((entry, place) => examine(entry, first + at + place)));
      at = end;
    }
    if (this.isDecided) return;
    for (const index of skip) this.#tally.unchanged(this.#entries[index]);
    for (let at = 0; at < lost.length; at += REASONS_AT_ONCE) {
      this.#transfer.answer({ answered: this.#answered, lost: lost.slice(at, at + REASONS_AT_ONCE) });
    }
    this.#answered = first + entries.length;
    const answered = this.#answered;
    this.#transfer.answer({ answered, ...(skip.length > 0 && { skip }), ...(resume.length > 0 && { resume }) });
  }

  async #examine(
    entry: FolderEntry,
    index: number,
  ): Promise<'unchanged' | NonNullable<FolderAnswer['resume']>[number] | undefined> {
    const target = this.#target;
    if (target === undefined) return undefined;
    if (entry.type === 'folder') {
      await target.makeFolder(entry);
      return undefined;
    }
    const wanted = await target.examine(entry);
    if (wanted.kind === 'unchanged') return 'unchanged';
    this.#wanted.set(index, wanted.path);
    if (wanted.kind === 'whole' || this.#resumed >= MAX_RESUMED) return undefined;
    this.#resumed += 1;
    const file = new LargeFile(this.#fileOptions(index, entry, wanted.path));
    const { startBytes, prefixHash } = await file.opening;
    this.#wanted.set(index, file);
    return prefixHash === undefined ? undefined : { index, offsetBytes: startBytes, prefixHash };
  }

  #fileOptions(index: number, entry: FolderEntry, path: string): ReceivedFileOptions {
    const { overwrite, buffers } = this.#options;
    if (this.#staging === undefined || this.#offer === undefined) throw new Error('the folder is not open');
    const { integrity } = this.#offer;
    const onWritten = this.#transfer.handleStored.bind(this.#transfer);
    const onFailed = (error: TransferError) => {
      this.#loseHere(index, error);
    };
    const { signal } = this.#over;
    return { entry, path, staging: this.#staging, overwrite, buffers, integrity, signal, onWritten, onFailed };
  }

  #beginPiece({ index, offsetBytes, byteLength, hash }: FolderPiece): void {
    const entry = this.#entries[index];
    if (entry?.type !== 'file' || index >= this.#answered)
      throw invalid(`a piece of entry ${index}, which was not asked for`);
    if (this.#current === undefined) this.#beginFile(index, entry, offsetBytes);
    const current = this.#current;
    const endBytes = offsetBytes + byteLength;
    const isNext = current?.index === index && current.receivedBytes === offsetBytes;
    if (!isNext || endBytes > entry.sizeBytes || (endBytes === entry.sizeBytes) !== (hash !== undefined)) {
      throw invalid(`a piece of file ${index} from byte ${offsetBytes} to ${endBytes}, which does not fit`);
    }
    this.#pieceHash = hash;
  }

  #beginFile(index: number, entry: FolderEntry, offsetBytes: number): void {
    const wanted = this.#wanted.get(index);
    this.#wanted.delete(index);
    const file = typeof wanted === 'string' ? receiveWhole(this.#fileOptions(index, entry, wanted)) : wanted;
    if (offsetBytes > 0) {
      if (!(file instanceof LargeFile))
        throw invalid(`file ${index} begins at byte ${offsetBytes}, nothing of it is here`);
      this.record.skip(offsetBytes);
    }
    file?.begin(offsetBytes);
    this.#current = { index, entry, file, receivedBytes: offsetBytes };
  }

  /** The sender could not read it. */
  #lose(index: number, error: TransferError): void {
    const wanted = this.#wanted.get(index);
    const file = this.#current?.index === index ? this.#current.file : wanted;
    this.#wanted.delete(index);
    if (this.#current?.index === index) this.#current = undefined;
    if (!this.#lostHere.has(index)) this.#tally.failed(this.#entries[index], error);
    if (typeof file === 'object') this.#track(file.drop(false));
  }

  async #finish({ index, entry }: CurrentFile, file: ReceivedFile, hash: string): Promise<void> {
    try {
      await file.finish(hash);
      this.#tally.done(entry);
    } catch (error) {
      this.#loseHere(index, toTransferError(error, entry.path));
    }
  }

  /** It could not be written; the sender need not send more of it. */
  #loseHere(index: number, error: TransferError): void {
    if (this.#lostHere.has(index)) return;
    this.#lostHere.add(index);
    this.#tally.failed(this.#entries[index], error);
    const message = error.message.slice(0, MAX_REASON_LENGTH);
    this.#transfer.answer({ answered: this.#answered, lost: [{ index, code: error.number, message }] });
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch(() => undefined)
      .then(() => {
        this.#finishing.delete(tracked);
      });
    this.#finishing.add(tracked);
  }

  async #complete(): Promise<void> {
    const { name } = this.record;
    try {
      await this.#answering;
      while (this.#finishing.size > 0) await Promise.all(this.#finishing);
      if (this.#target === undefined || !this.decide()) return;
      await this.#staging?.close();
      await this.#target.finish((entry, error) => {
        this.#tally.failed(entry, error);
      });
      const finalName = posix.join(posix.dirname(name), basename(this.#target.path));
      this.#transfer.finish();
      this.record.finish({
        localPath: this.#target.path,
        name: finalName,
        totalBytes: this.#tally.doneBytes,
        hash: undefined,
        folder: this.#tally.outcome,
      });
    } catch (error) {
      this.failAfterAll(error);
    }
  }

  protected override async release(error: TcpCommError): Promise<void> {
    const keeps = error.code !== 'ERR_TCPCOMM_TRANSFER_CANCELLED';
    this.#over.abort();
    await this.#opening?.catch(() => undefined);
    await this.#answering;
    const begun = [this.#current?.file, ...this.#wanted.values()];
    for (const file of begun) if (typeof file === 'object') this.#track(file.drop(keeps));
    while (this.#finishing.size > 0) await Promise.all(this.#finishing);
    await this.#staging?.close();
  }
}

/** Where the files that follow one another from there on end; not too many. */
function endOfFiles(entries: readonly FolderEntry[], start: number): number {
  let end = start;
  while (end < entries.length && end < start + LOOKS_AT_ONCE && entries[end]?.type === 'file') end += 1;
  return end;
}

function remoteError({ code, message }: { readonly code: number; readonly message: string }): TransferError {
  return new TransferError(code, message, 'remote');
}

function invalid(detail: string): ProtocolError {
  return new ProtocolError(WireError.INVALID_TRANSFER, `folder transfer: ${detail}`);
}
