import { basename, posix } from 'node:path';
import type { FileOffer, TcpCommError } from '@tcpcomm/protocol';
import type { IncomingTransfer, IncomingTransferHandler } from '../../engine/transfers/incoming-transfer.ts';
import { Mover, type MoverParts } from '../mover.ts';
import { PartFile } from './part-file.ts';
import type { Overwrite } from './publishing.ts';
import type { WriteBuffers } from './write-buffers.ts';

export interface FileReceiverOptions extends MoverParts {
  readonly transfer: IncomingTransfer;
  readonly overwrite: Overwrite;
  readonly buffers: WriteBuffers;
  /** Where the file is to be, asked for when the sender has made its offer. */
  readonly findTarget: () => Promise<string>;
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
export class FileReceiver extends Mover implements IncomingTransferHandler {
  readonly #transfer: IncomingTransfer;
  readonly #options: FileReceiverOptions;
  #offer: FileOffer | undefined;
  #part: PartFile | undefined;
  #opening: Promise<void> | undefined;
  /** Aborts when this transfer is over. */
  readonly #over = new AbortController();
  #hasBegun = false;

  constructor(options: FileReceiverOptions) {
    super(options);
    this.#options = options;
    this.#transfer = options.transfer;
  }

  onOffer(offer: FileOffer): void {
    this.#offer = offer;
    this.#opening = this.#part ? this.#part.restart(OTHER_CONTENT) : this.#openTarget(offer);
    this.#opening.then(
      () => {
        this.#accept();
      },
      (error: unknown) => {
        this.giveUp(error);
      },
    );
  }

  onData(bytes: Uint8Array): void {
    if (this.isDecided) return;
    if (!this.#hasBegun) this.#begin();
    try {
      this.#part?.write(bytes);
      this.record.advance(bytes.length);
    } catch (error) {
      this.giveUp(error);
    }
  }

  onEnd(hash = ''): void {
    if (!this.#hasBegun) this.#begin();
    void this.#complete(hash);
  }

  async #openTarget(offer: FileOffer): Promise<void> {
    const { overwrite, buffers } = this.#options;
    this.#part = await PartFile.open({
      path: await this.#options.findTarget(),
      name: this.record.name,
      overwrite,
      buffers,
      integrity: offer.integrity,
      source: offer,
      signal: this.#over.signal,
      onWritten: this.#transfer.handleStored.bind(this.#transfer),
      onFailed: this.giveUp.bind(this),
    });
  }

  #accept(): void {
    if (this.isDecided || this.#part === undefined) return;
    const { startBytes, prefixHash, capacityBytes } = this.#part;
    // Where something is here already, the sender has still to find that it is the right thing.
    if (startBytes === 0) this.#begin();
    this.#transfer.accept({ offsetBytes: startBytes, prefixHash, capacityBytes });
  }

  #begin(): void {
    this.#hasBegun = true;
    this.begin(this.#offer?.sizeBytes ?? 0, this.#part?.startBytes ?? 0, this.#part?.restartReason);
  }

  async #complete(expectedHash: string): Promise<void> {
    const { name } = this.record;
    const [part, offer] = [this.#part, this.#offer];
    if (part === undefined || offer === undefined) return;
    try {
      await part.verify(expectedHash);
    } catch (error) {
      this.giveUp(error);
    }
    if (!this.decide()) return;
    try {
      const localPath = await part.publish();
      const finalName = posix.join(posix.dirname(name), basename(localPath));
      this.#transfer.finish(finalName === name ? undefined : finalName);
      this.record.finish({ localPath, name: finalName, totalBytes: offer.sizeBytes, hash: expectedHash });
    } catch (error) {
      this.failAfterAll(error);
    }
  }

  protected override async release(error: TcpCommError): Promise<void> {
    this.#over.abort();
    await this.#opening?.catch(() => undefined);
    const part = this.#part;
    await (HOPELESS.has(error.code) ? part?.discard() : part?.leave())?.catch(() => undefined);
  }
}
