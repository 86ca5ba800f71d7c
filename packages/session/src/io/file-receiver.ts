import { type FileOffer, TcpCommError, type TransferError, WireError } from '@tcpcomm/protocol';
import type { IncomingTransfer, IncomingTransferHandler } from '../engine/transfers/incoming-transfer.ts';
import type { TransferRecord } from '../transfer-record.ts';
import { toTransferError, transferError } from './file-errors.ts';
import { createFileHash, hashText } from './file-hash.ts';
import { type Overwrite, PartFile } from './part-file.ts';

export interface FileReceiverOptions {
  readonly transfer: IncomingTransfer;
  readonly record: TransferRecord;
  readonly overwrite: Overwrite;
  /** Where the file is to be, asked for when the sender has made its offer. */
  readonly findTarget: () => Promise<string>;
  /** The offer has been taken; bytes will come. */
  readonly onBegin: () => void;
}

/** Receives one file: from the offer to the verified file under its final name, or to nothing left behind. */
export class FileReceiver implements IncomingTransferHandler {
  readonly #transfer: IncomingTransfer;
  readonly #record: TransferRecord;
  readonly #options: FileReceiverOptions;
  #offer: FileOffer | undefined;
  #part: PartFile | undefined;
  #hash: Awaited<ReturnType<typeof createFileHash>> | undefined;
  #targetPath = '';
  #opening: Promise<void> | undefined;
  /** How it ends is decided: it fails, or the verified file is getting its name. Nothing changes that any more. */
  #isDecided = false;

  constructor(options: FileReceiverOptions) {
    this.#options = options;
    this.#transfer = options.transfer;
    this.#record = options.record;
  }

  onOffer(offer: FileOffer): void {
    this.#offer = offer;
    this.#opening = this.#openTarget(offer);
    this.#opening.then(
      () => {
        this.#begin(offer);
      },
      (error: unknown) => {
        this.giveUp(toTransferError(error, this.#record.name));
      },
    );
  }

  onData(bytes: Uint8Array): void {
    if (this.#isDecided) return;
    try {
      this.#hash?.update(bytes);
      this.#part?.write(bytes);
      this.#record.advance(bytes.length);
    } catch (error) {
      this.giveUp(toTransferError(error, this.#record.name));
    }
  }

  onEnd(hash: string): void {
    void this.#complete(hash);
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

  async #openTarget({ sizeBytes }: FileOffer): Promise<void> {
    this.#targetPath = await this.#options.findTarget();
    this.#hash = await createFileHash();
    this.#part = await PartFile.open({
      path: this.#targetPath,
      name: this.#record.name,
      overwrite: this.#options.overwrite,
      fileBytes: sizeBytes,
      onWritten: (bytes) => {
        this.#transfer.returnCredit(bytes);
      },
      onFailed: this.giveUp.bind(this),
    });
  }

  #begin(offer: FileOffer): void {
    if (this.#isDecided) return;
    this.#record.begin(offer.sizeBytes);
    this.#options.onBegin();
    this.#transfer.accept(0);
  }

  async #complete(expectedHash: string): Promise<void> {
    const { name } = this.#record;
    const [part, offer] = [this.#part, this.#offer];
    if (part === undefined || offer === undefined || this.#hash === undefined) return;
    try {
      const hash = hashText(this.#hash);
      if (hash !== expectedHash) {
        const detail = `the hash of what came is ${hash}, the sender's is ${expectedHash}`;
        throw transferError(WireError.INTEGRITY_MISMATCH, name, detail);
      }
      await part.flush();
      if (this.#isDecided) return;
      this.#isDecided = true;
      await part.publish(offer.modifiedMs);
      this.#transfer.finish();
      this.#record.finish({ localPath: this.#targetPath, totalBytes: offer.sizeBytes, hash });
    } catch (error) {
      this.#isDecided = false;
      this.giveUp(toTransferError(error, name));
    }
  }

  /** Reports the failure when nothing of the file is left behind. */
  async #fail(error: TcpCommError): Promise<void> {
    if (this.#isDecided) return;
    this.#isDecided = true;
    await this.#opening?.catch(() => undefined);
    await this.#part?.discard().catch(() => undefined);
    this.#record.fail(error);
  }
}
