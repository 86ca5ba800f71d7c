import { basename, posix } from 'node:path';
import { type FileOffer, TcpCommError, type TransferError } from '@tcpcomm/protocol';
import type { IncomingTransfer, IncomingTransferHandler } from '../../engine/transfers/incoming-transfer.ts';
import type { TransferRecord } from '../../transfer-record.ts';
import { toTransferError } from './file-errors.ts';
import { PartFile } from './part-file.ts';
import type { Overwrite } from './publishing.ts';
import type { WriteBuffers } from './write-buffers.ts';

export interface FileReceiverOptions {
  readonly transfer: IncomingTransfer;
  readonly record: TransferRecord;
  readonly overwrite: Overwrite;
  readonly buffers: WriteBuffers;
  /** Where the file is to be, asked for when the sender has made its offer. */
  readonly findTarget: () => Promise<string>;
  /** The offer has been taken; bytes will come. */
  readonly onBegin: () => void;
}

/** Reasons for which what has come is of no use to a later attempt. */
const HOPELESS: ReadonlySet<string> = new Set([
  'ERR_TCPCOMM_TRANSFER_CANCELLED',
  'ERR_TCPCOMM_SOURCE_CHANGED',
  'ERR_TCPCOMM_INTEGRITY_MISMATCH',
  'ERR_TCPCOMM_FILE_EXISTS',
]);

const OTHER_CONTENT = 'what the earlier attempt received is not the beginning of the file';

/** Receives one file: from the offer to the verified file under its final name, or to a part that a later attempt goes on with. */
export class FileReceiver implements IncomingTransferHandler {
  readonly #transfer: IncomingTransfer;
  readonly #record: TransferRecord;
  readonly #options: FileReceiverOptions;
  #offer: FileOffer | undefined;
  #part: PartFile | undefined;
  #opening: Promise<void> | undefined;
  /** How it ends is decided: it fails, or the verified file is getting its name. Nothing changes that any more. */
  #isDecided = false;
  #hasBegun = false;

  constructor(options: FileReceiverOptions) {
    this.#options = options;
    this.#transfer = options.transfer;
    this.#record = options.record;
  }

  onOffer(offer: FileOffer): void {
    this.#offer = offer;
    this.#opening = this.#part ? this.#part.restart(OTHER_CONTENT) : this.#openTarget(offer);
    this.#opening.then(
      () => {
        this.#accept();
      },
      (error: unknown) => {
        this.giveUp(toTransferError(error, this.#record.name));
      },
    );
  }

  onData(bytes: Uint8Array): void {
    if (this.#isDecided) return;
    if (!this.#hasBegun) this.#begin();
    try {
      this.#part?.write(bytes);
      this.#record.advance(bytes.length);
    } catch (error) {
      this.giveUp(toTransferError(error, this.#record.name));
    }
  }

  onEnd(hash = ''): void {
    if (!this.#hasBegun) this.#begin();
    void this.#complete(hash);
  }

  onPause(isPaused: boolean): void {
    this.#record.isPausedByPeer = isPaused;
  }

  onAbort(error: Error): void {
    void this.#fail(error instanceof TcpCommError ? error : toTransferError(error, this.#record.name));
  }

  /** Ends the transfer from this side; the sender is told. */
  giveUp(error: TransferError): void {
    if (this.#isDecided) return;
    this.#transfer.abort(error.number, error.message);
    void this.#fail(error);
  }

  async #openTarget(offer: FileOffer): Promise<void> {
    const { overwrite, buffers } = this.#options;
    this.#part = await PartFile.open({
      path: await this.#options.findTarget(),
      name: this.#record.name,
      overwrite,
      buffers,
      integrity: offer.integrity,
      source: offer,
      onWritten: this.#transfer.handleStored.bind(this.#transfer),
      onFailed: this.giveUp.bind(this),
    });
  }

  #accept(): void {
    if (this.#isDecided || this.#part === undefined) return;
    const { startBytes, prefixHash, capacityBytes } = this.#part;
    // Where something is here already, the sender has still to find that it is the right thing.
    if (startBytes === 0) this.#begin();
    this.#transfer.accept({ offsetBytes: startBytes, prefixHash, capacityBytes });
  }

  #begin(): void {
    this.#hasBegun = true;
    this.#record.begin(this.#offer?.sizeBytes ?? 0, this.#part?.startBytes ?? 0, this.#part?.restartReason);
    this.#options.onBegin();
  }

  async #complete(expectedHash: string): Promise<void> {
    const { name } = this.#record;
    const [part, offer] = [this.#part, this.#offer];
    if (part === undefined || offer === undefined) return;
    try {
      await part.verify(expectedHash);
    } catch (error) {
      this.giveUp(toTransferError(error, name));
    }
    if (this.#isDecided) return;
    this.#isDecided = true;
    try {
      const localPath = await part.publish();
      const finalName = posix.join(posix.dirname(name), basename(localPath));
      this.#transfer.finish(finalName === name ? undefined : finalName);
      this.#record.finish({ localPath, name: finalName, totalBytes: offer.sizeBytes, hash: expectedHash });
    } catch (error) {
      this.#isDecided = false;
      this.giveUp(toTransferError(error, name));
    }
  }

  /** Reports the failure when all is closed, and as much is left behind as is of use. */
  async #fail(error: TcpCommError): Promise<void> {
    if (this.#isDecided) return;
    this.#isDecided = true;
    await this.#opening?.catch(() => undefined);
    const part = this.#part;
    await (HOPELESS.has(error.code) ? part?.discard() : part?.leave())?.catch(() => undefined);
    this.#record.fail(error);
  }
}
