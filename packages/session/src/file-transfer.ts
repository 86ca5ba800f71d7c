import { EventEmitter } from 'node:events';
import { type TcpCommError, TransferError, WireError } from '@tcpcomm/protocol';
import type {
  TransferDirection,
  TransferProgress,
  TransferRecord,
  TransferResult,
  TransferState,
} from './transfer-record.ts';

export interface FileTransferEvents {
  /** About ten times a second while bytes move, and once when the transfer has ended. */
  progress: [progress: TransferProgress];
}

/**
 * A file on its way, as its user sees it: await `done`, listen to `progress`, iterate over the transfer, or look at its
 * `progress` now and then. One that nobody looks at may fail without harm to the process.
 */
export class FileTransfer extends EventEmitter<FileTransferEvents> implements AsyncIterable<TransferProgress> {
  readonly #record: TransferRecord;
  readonly #cancel: (error: TransferError) => void;
  readonly #reportFailure: (error: unknown) => void;

  /** Made by `getFile` and `sendFile`, and for what the peer begins. */
  constructor(record: TransferRecord, cancel: (error: TransferError) => void, reportFailure: (error: unknown) => void) {
    super({ captureRejections: true });
    this.#record = record;
    this.#cancel = cancel;
    this.#reportFailure = reportFailure;
    record.onProgress = () => {
      try {
        this.emit('progress', this.progress);
      } catch (error) {
        // A listener's failure is not the file's.
        reportFailure(error);
      }
    };
  }

  /** The number of the transfer in its session; a later one may have it again. */
  get id(): number {
    return this.#record.id;
  }

  get direction(): TransferDirection {
    return this.#record.direction;
  }

  /** The name by which both ends know the file: a path below the root of the end that offers or takes it. */
  get name(): string {
    return this.#record.name;
  }

  /**
   * Resolves when the file is complete, verified by its hash, and has its final name at the receiver. Rejects with a
   * TransferError, or with the error for which the session ended.
   */
  get done(): Promise<TransferResult> {
    return this.#record.done;
  }

  get state(): TransferState {
    return this.#record.state;
  }

  /** Why it failed or was cancelled; undefined before and otherwise. */
  get error(): TcpCommError | undefined {
    return this.#record.error;
  }

  get progress(): TransferProgress {
    return this.#record.progress;
  }

  /** Stops the transfer; both ends learn it, and the receiver removes what it had. Does nothing after the end. */
  cancel(): void {
    if (this.#record.isEnded) return;
    const message = `${JSON.stringify(this.name)}: the transfer was cancelled`;
    this.#cancel(new TransferError(WireError.TRANSFER_CANCELLED, message, 'local'));
  }

  /** Node calls it with what an asynchronous listener rejected with. */
  override [EventEmitter.captureRejectionSymbol](error: unknown): void {
    this.#reportFailure(error);
  }

  /** Yields the progress whenever it is reported, the last one when the transfer has ended; then throws if it failed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TransferProgress, void, void> {
    // A listener before ours may throw, so the end is not left to the event alone.
    const ended = this.done.catch(() => undefined);
    while (!this.#record.isEnded) {
      await Promise.race([ended, new Promise((resolve) => this.once('progress', resolve))]);
      yield this.progress;
    }
    await this.done;
  }
}
