import {
  type FolderEntry,
  type FolderOffer,
  type FolderRecord,
  TcpCommError,
  type TransferError,
  WireError,
} from '@tcpcomm/protocol';
import type { IncomingTransfer, IncomingTransferHandler } from '../../engine/transfers/incoming-transfer.ts';
import { toTransferError, transferError } from '../files/file-errors.ts';
import { MAX_FOLDER_ENTRIES } from './folder-receiver.ts';
import { RecordReader } from './record-reader.ts';

/** Receives what there is in a folder of the peer's, and nothing of it. */
export class FolderLister implements IncomingTransferHandler {
  readonly #transfer: IncomingTransfer;
  readonly #name: string;
  readonly #entries: FolderEntry[] = [];
  readonly #reader = new RecordReader(this);
  readonly #outcome = Promise.withResolvers<FolderEntry[]>();
  readonly onInterrupted: () => void;

  /** @param onInterrupted the connection is lost: somebody else may ask again */
  constructor(transfer: IncomingTransfer, name: string, onInterrupted: () => void) {
    this.#transfer = transfer;
    this.#name = name;
    this.onInterrupted = onInterrupted;
  }

  /** All entries, each folder before what is in it. @throws TransferError, or that for which the session ended */
  get done(): Promise<FolderEntry[]> {
    return this.#outcome.promise;
  }

  onOffer(_offer: FolderOffer): void {
    this.#transfer.accept({ offsetBytes: 0, prefixHash: undefined, capacityBytes: 0 });
  }

  onData(bytes: Uint8Array): void {
    this.#reader.read(bytes);
    this.#transfer.handleStored(bytes.length);
  }

  onRecord({ entries = [], piece }: FolderRecord): void {
    if (piece) {
      this.giveUp(transferError(WireError.INVALID_FILE_NAME, this.#name, 'only a list was asked for'));
    } else if (this.#entries.length + entries.length > MAX_FOLDER_ENTRIES) {
      this.giveUp(
        transferError(WireError.FOLDER_TOO_LARGE, this.#name, `it has more than ${MAX_FOLDER_ENTRIES} entries`),
      );
    } else {
      this.#entries.push(...entries);
    }
  }

  onBody(): void {
    // The transfer has been given up.
  }

  onBodyEnd(): void {
    // As above.
  }

  onEnd(): void {
    this.#transfer.finish();
    this.#outcome.resolve(this.#entries);
  }

  onPause(): void {
    // It takes no longer than that.
  }

  onAbort(error: Error): void {
    this.#outcome.reject(error instanceof TcpCommError ? error : toTransferError(error, this.#name));
  }

  giveUp(error: TransferError): void {
    this.#transfer.abort(error.number, error.message);
    this.#outcome.reject(error);
  }
}
