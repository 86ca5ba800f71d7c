import { TcpCommError } from '@tcpcomm/protocol';
import type { TransferRecord } from '../transfer-record.ts';
import { toTransferError } from './files/file-errors.ts';

/** What a mover ends a transfer with; the engine's transfers of both directions have it. */
interface AbortableTransfer {
  abort(number: number, message: string): void;
}

/**
 * Who moves the bytes of a transfer at this end. How it ends is decided once: by this side, by the peer, or with the session. It has ended
 * when all that it held is released.
 */
export abstract class Mover {
  protected readonly record: TransferRecord;
  readonly #transfer: AbortableTransfer;
  #isDecided = false;

  constructor(transfer: AbortableTransfer, record: TransferRecord) {
    this.#transfer = transfer;
    this.record = record;
  }

  onPause(isPaused: boolean): void {
    this.record.isPausedByPeer = isPaused;
  }

  onAbort(error: Error): void {
    void this.#fail(error instanceof TcpCommError ? error : toTransferError(error, this.record.name));
  }

  /** Ends the transfer from this side, for whatever was thrown; the peer is told. */
  giveUp(error: unknown): void {
    if (this.#isDecided) return;
    const failure = toTransferError(error, this.record.name);
    this.#transfer.abort(failure.number, failure.message);
    void this.#fail(failure);
  }

  protected get isDecided(): boolean {
    return this.#isDecided;
  }

  /** Nothing changes any more how it ends; false if that was so already. */
  protected decide(): boolean {
    if (this.#isDecided) return false;
    this.#isDecided = true;
    return true;
  }

  /** What had been decided could not be done. */
  protected failAfterAll(error: unknown): void {
    this.#isDecided = false;
    this.giveUp(error);
  }

  /** Closes what is open, and leaves behind as much as is of use after this error. Does not reject. */
  protected abstract release(error: TcpCommError): Promise<void>;

  async #fail(error: TcpCommError): Promise<void> {
    if (!this.decide()) return;
    await this.release(error);
    this.record.fail(error);
  }
}
