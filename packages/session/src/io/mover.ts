import { TcpCommError } from '@tcpcomm/protocol';
import type { TransferRecord } from '../transfer-record.ts';
import { toTransferError } from './files/file-errors.ts';

/** What a mover has to do with. */
export interface MoverParts {
  /** The engine's transfer, of either direction. */
  readonly transfer: { abort(number: number, message: string): void };
  readonly record: TransferRecord;
  /** Both ends agree; bytes may flow. */
  readonly onBegin: () => void;
  /** The connection is lost: this mover will not move any more, another one may. */
  readonly onInterrupted: () => void;
}

/**
 * Who moves the bytes of a transfer at this end, over one connection. How it ends is decided once: by this side, by the peer, or with the
 * session; or it is interrupted. It has ended when all that it held is released.
 */
export abstract class Mover {
  protected readonly record: TransferRecord;
  readonly #parts: MoverParts;
  #isDecided = false;

  constructor(parts: MoverParts) {
    this.#parts = parts;
    this.record = parts.record;
  }

  onPause(isPaused: boolean): void {
    this.record.isPausedByPeer = isPaused;
  }

  onAbort(error: Error): void {
    void this.#fail(error instanceof TcpCommError ? error : toTransferError(error, this.record.name));
  }

  onInterrupted(error: TcpCommError): void {
    if (!this.decide()) return;
    void this.release(error);
    this.#parts.onInterrupted();
  }

  /** Ends the transfer from this side, for whatever was thrown; the peer is told. */
  giveUp(error: unknown): void {
    if (this.#isDecided) return;
    const failure = toTransferError(error, this.record.name);
    this.#parts.transfer.abort(failure.number, failure.message);
    void this.#fail(failure);
  }

  /** The receiver has everything, as was heard over another connection; a receiver knows that by itself. */
  confirm(_path: string | undefined): void {
    // Only who sends waits for it.
  }

  protected get isDecided(): boolean {
    return this.#isDecided;
  }

  protected begin(totalBytes: number, startBytes: number, restartReason?: string): void {
    this.record.begin(totalBytes, startBytes, restartReason);
    this.#parts.onBegin();
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
