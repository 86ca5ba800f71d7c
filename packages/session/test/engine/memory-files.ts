import { type FileOffer, WireError } from '@tcpcomm/protocol';
import type { IncomingTransfer, IncomingTransferHandler } from '../../src/engine/transfers/incoming-transfer.ts';
import type { OutgoingTransfer, OutgoingTransferHandler } from '../../src/engine/transfers/outgoing-transfer.ts';
import type { PromiseLedger } from './promise-ledger.ts';

const CHUNK_BYTES = 50_000;

export type FileOutcome = 'pending' | 'done' | Error;

export function offerOf(path: string, sizeBytes: number): FileOffer {
  return { path, sizeBytes, modifiedMs: 0, integrity: 'xxh64', overwrite: 'replace' };
}

/** Not a hash, but told apart: the engine carries it and does not look at it. */
export function hashOf(content: Uint8Array): string {
  const sum = content.reduce((total, byte) => (total * 31 + byte) % 0xffff_ffff, 7);
  return sum.toString(16).padStart(8, '0') + content.length.toString(16).padStart(8, '0');
}

/** A file that is sent from memory, all of it queued at once. */
export class MemorySource implements OutgoingTransferHandler {
  readonly transfer: OutgoingTransfer;
  readonly #content: Uint8Array;
  readonly #ledger: PromiseLedger;
  #sentBytes = 0;
  writtenBytes = 0;
  outcome: FileOutcome = 'pending';
  isPausedByPeer = false;

  constructor(transfer: OutgoingTransfer, content: Uint8Array, ledger: PromiseLedger) {
    this.transfer = transfer;
    this.#content = content;
    this.#ledger = ledger;
    transfer.handler = this;
  }

  onAccept(offsetBytes: number): void {
    this.#sentBytes = this.#content.length - offsetBytes;
    for (let at = offsetBytes; at < this.#content.length; at += CHUNK_BYTES) {
      const written = this.transfer.write(this.#content.subarray(at, at + CHUNK_BYTES));
      this.#ledger.add(`transfer ${this.transfer.id} writes at ${at}`, written);
    }
    this.transfer.end(hashOf(this.#content));
  }

  onWritten(bytes: number): void {
    this.writtenBytes += bytes;
  }

  onDone(): void {
    if (this.writtenBytes !== this.#sentBytes) throw new Error(`done, and only ${this.writtenBytes} bytes are written`);
    this.#end('done');
  }

  onAnswer(): void {
    // Of folders only.
  }

  onPause(isPaused: boolean): void {
    this.isPausedByPeer = isPaused;
  }

  onInterrupted(error: Error): void {
    this.onAbort(error);
  }

  onAbort(error: Error): void {
    this.#end(error);
  }

  cancel(): void {
    if (this.outcome !== 'pending') return;
    this.#end(new Error('cancelled here'));
    this.transfer.abort(WireError.TRANSFER_CANCELLED, 'cancelled by the sender');
  }

  #end(outcome: FileOutcome): void {
    if (this.outcome !== 'pending') throw new Error(`transfer ${this.transfer.id} ended twice`);
    this.outcome = outcome;
  }
}

/** A file that is received into memory. */
export class MemoryTarget implements IncomingTransferHandler {
  readonly transfer: IncomingTransfer;
  readonly #chunks: Uint8Array[] = [];
  #unwrittenBytes = 0;
  /** A disk that takes nothing for now. */
  isStalled = false;
  /** From where on the file is asked for. */
  offsetBytes = 0;
  outcome: FileOutcome = 'pending';
  isPausedByPeer = false;

  constructor(transfer: IncomingTransfer) {
    this.transfer = transfer;
    transfer.handler = this;
  }

  get content(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#chunks));
  }

  onOffer(): void {
    const { offsetBytes } = this;
    const prefixHash = offsetBytes > 0 ? hashOf(new Uint8Array(0)) : undefined;
    this.transfer.accept({ offsetBytes, prefixHash, capacityBytes: 0 });
  }

  onData(bytes: Uint8Array): void {
    this.#chunks.push(bytes.slice());
    this.#unwrittenBytes += bytes.length;
    if (!this.isStalled) this.writeOut();
  }

  /** What has come is with the file system. */
  writeOut(): void {
    const bytes = this.#unwrittenBytes;
    this.#unwrittenBytes = 0;
    if (bytes > 0) this.transfer.handleStored(bytes);
  }

  onEnd(hash = ''): void {
    this.writeOut();
    if (this.offsetBytes === 0 && hash !== hashOf(this.content)) {
      this.#end(new Error('the hash differs'));
      this.transfer.abort(WireError.INTEGRITY_MISMATCH, 'the hash differs');
      return;
    }
    this.#end('done');
    this.transfer.finish();
  }

  onPause(isPaused: boolean): void {
    this.isPausedByPeer = isPaused;
  }

  onInterrupted(error: Error): void {
    this.onAbort(error);
  }

  onAbort(error: Error): void {
    this.#end(error);
  }

  cancel(): void {
    if (this.outcome !== 'pending') return;
    this.#end(new Error('cancelled here'));
    this.transfer.abort(WireError.TRANSFER_CANCELLED, 'cancelled by the receiver');
  }

  #end(outcome: FileOutcome): void {
    if (this.outcome !== 'pending') throw new Error(`transfer ${this.transfer.id} ended twice`);
    this.outcome = outcome;
  }
}
