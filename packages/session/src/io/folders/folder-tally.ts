import type { FolderEntry, FolderRecord, TransferError } from '@tcpcomm/protocol';
import type { FailedEntry, FolderOutcome, FolderProgress, TransferRecord } from '../../transfer-record.ts';

/** Counts what becomes of a folder's entries; the transfer's record asks it how far the folder is. */
export class FolderTally {
  readonly #record: TransferRecord;
  readonly #failed: FailedEntry[] = [];
  #files = 0;
  #folders = 0;
  #bytes = 0;
  #doneFiles = 0;
  #doneBytes = 0;
  #unchangedFiles = 0;
  #failedFiles = 0;
  #current: FolderEntry | undefined;
  #currentBytes = 0;

  constructor(record: TransferRecord) {
    this.#record = record;
    record.folderProgress = () => this.progress;
  }

  /** What has been found, in the form that the receiver is told. */
  get total(): NonNullable<FolderRecord['total']> {
    return { files: this.#files, folders: this.#folders, bytes: this.#bytes };
  }

  get doneBytes(): number {
    return this.#doneBytes;
  }

  get progress(): FolderProgress {
    return {
      doneFiles: this.#doneFiles,
      totalFiles: this.#files,
      failedFiles: this.#failedFiles,
      currentFile: this.#current?.path,
      currentFileBytes: this.#currentBytes,
      currentFileSizeBytes: this.#current?.sizeBytes ?? 0,
    };
  }

  get outcome(): FolderOutcome {
    return {
      files: this.#doneFiles,
      unchangedFiles: this.#unchangedFiles,
      folders: this.#folders,
      failed: this.#failed,
    };
  }

  found(entry: FolderEntry): void {
    if (entry.type === 'folder') {
      this.#folders += 1;
      return;
    }
    this.#files += 1;
    this.#bytes += entry.sizeBytes;
    this.#record.expect(this.#bytes);
  }

  /** A file is moving, and has come so far. */
  moving(entry: FolderEntry, bytes: number): void {
    this.#current = entry;
    this.#currentBytes = bytes;
  }

  done({ sizeBytes }: FolderEntry): void {
    this.#doneFiles += 1;
    this.#doneBytes += sizeBytes;
  }

  /** The receiver has it already. */
  unchanged(entry: FolderEntry | undefined): void {
    if (entry?.type !== 'file') return;
    this.#unchangedFiles += 1;
    this.done(entry);
    this.#record.skip(entry.sizeBytes);
  }

  /** @param wasDone whether it had been counted as done before */
  failed(entry: FolderEntry | undefined, error: TransferError, wasDone = false): void {
    if (entry === undefined) return;
    if (wasDone) {
      this.#doneFiles -= 1;
      this.#doneBytes -= entry.sizeBytes;
    }
    this.#failed.push({ path: entry.path, error });
    if (entry.type === 'folder') this.#folders -= 1;
    else this.#failedFiles += 1;
  }

  /** Something that could not even be told of. */
  unavailable(failed: FailedEntry): void {
    this.#failed.push(failed);
  }
}
