import {
  type FileAbort,
  type FileEnd,
  type FileOffer,
  type FolderAnswer,
  type FolderOffer,
  type FolderRequest,
  type TransferPause,
  type FileRequest,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  FrameType,
  ProtocolError,
  toSentence,
  type TcpCommError,
  TransferError,
  WireError,
} from '@tcpcomm/protocol';
import type { CreditSource } from '../sending/control-queue.ts';
import { unexpectedTransferFrame } from './transfer-errors.ts';
import type { Transfer, TransferHost } from './transfer.ts';

/** What the side that writes the file does when something arrives. */
export interface IncomingTransferHandler {
  /** The sender answers a request: this is the file, or the folder. Once more: what is here of the file is not its beginning. */
  onOffer(offer: FileOffer | FolderOffer): void;
  /** The next bytes of the file, valid during the call only; `handleWritten` tells when they need no memory any more. */
  onData(bytes: Uint8Array): void;
  /** That was all; `hash` is what the whole file must have. A folder has none, each of its files has. */
  onEnd(hash: string | undefined): void;
  /** The sender has stopped sending for a while, or goes on. */
  onPause(isPaused: boolean): void;
  /** The sender gave up, or the session ended. */
  onAbort(error: Error): void;
  /** The connection is lost, and the session is not: what becomes of the transfer is decided over the next one. */
  onInterrupted(error: TcpCommError): void;
}

/** On which terms a file is taken. */
export interface Acceptance {
  /** Where in the file the sender begins: what is before that is here. */
  readonly offsetBytes: number;
  /** The hash of what is here; undefined if that is nothing. */
  readonly prefixHash: string | undefined;
  /** Bytes that may be given to the handler and not be with the file system yet; at least the transfer window counts. */
  readonly capacityBytes: number;
}

/**
 * `new` (begun here, and the peer does not know of it yet), `requesting` (waiting for an offer), `offered` (not answered yet),
 * `receiving`, `verifying` (all received), `aborting` (this side gave up and waits for the peer to say so too), `closed`.
 */
type IncomingTransferState = 'new' | 'requesting' | 'offered' | 'receiving' | 'verifying' | 'aborting' | 'closed';

/** The receiving side of a file transfer (docs/PROTOCOL.md §9), as state: it writes no file. */
export class IncomingTransfer implements Transfer, CreditSource {
  readonly id: number;
  readonly channel: number;
  handler: IncomingTransferHandler | undefined;

  readonly #host: TransferHost;
  readonly #windowBytes: number;
  #state: IncomingTransferState;
  #isFolder = false;
  /** Infinity for a folder: what it has in all is known at its end. */
  #fileBytes = 0;
  #offsetBytes = 0;
  #receivedBytes = 0;
  #receivedFrameBytes = 0;
  #receivedHeaderBytes = 0;
  /** Of the received bytes, those that are with the file system. */
  #writtenBytes = 0;
  /** What the handler may have taken and not written yet. */
  #capacityBytes = 0;
  #grantedBytes: number;

  constructor(id: number, host: TransferHost, channel: number, windowBytes: number, state: 'new' | 'requesting') {
    this.#state = state;
    this.id = id;
    this.channel = channel;
    this.#host = host;
    this.#windowBytes = windowBytes;
    this.#grantedBytes = windowBytes;
  }

  get stream(): number {
    return this.id;
  }

  /** Bytes of this transfer that are with the file system. */
  get consumedCount(): number {
    return this.#writtenBytes;
  }

  get isOpen(): boolean {
    return this.#state !== 'aborting' && this.#state !== 'closed';
  }

  /** Asks the peer for one of its files. */
  request(request: FileRequest): void {
    if (this.#state !== 'new') return;
    this.#state = 'requesting';
    this.#host.sendControl(FrameType.FILE_REQUEST, this.id, request);
  }

  /** Asks the peer for one of its folders. */
  requestFolder(request: FolderRequest): void {
    if (this.#state !== 'new') return;
    this.#state = 'requesting';
    this.#isFolder = true;
    this.#host.sendControl(FrameType.FOLDER_REQUEST, this.id, request);
  }

  /** Tells the sender what of its folder is wanted, and what went wrong. */
  answer(answer: FolderAnswer): void {
    if (this.#state !== 'receiving' && this.#state !== 'verifying') return;
    this.#host.sendControl(FrameType.FOLDER_ANSWER, this.id, answer);
  }

  /** Asks the sender to stop sending for a while, or to go on. */
  pause(isPaused: boolean): void {
    if (!this.isOpen || this.#state === 'new') return;
    this.#host.sendControl(FrameType.TRANSFER_PAUSE, this.id, { isPaused });
  }

  /** Takes the offer: the file may come. */
  accept({ offsetBytes, prefixHash, capacityBytes }: Acceptance): void {
    if (this.#state !== 'offered') return;
    this.#state = 'receiving';
    this.#offsetBytes = offsetBytes;
    this.#capacityBytes = Math.max(capacityBytes, this.#windowBytes);
    this.#host.sendControl(FrameType.FILE_ACCEPT, this.id, {
      offsetBytes,
      ...(prefixHash !== undefined && { prefixHash }),
    });
  }

  /** Bytes given to `onData` are with the file system. */
  handleStored(bytes: number): void {
    this.#writtenBytes += bytes;
    this.#reportCredit();
  }

  /** The limit to tell the sender; it counts as told. */
  takeLimit(): number {
    this.#grantedBytes = Math.max(this.#grantedBytes, this.#limitBytes());
    return this.#grantedBytes;
  }

  /** The file is verified and durable under its final name, which is told where it is not the one offered. */
  finish(path?: string): void {
    if (this.#state !== 'verifying') return;
    this.#host.sendControl(FrameType.FILE_DONE, this.id, path === undefined ? {} : { path });
    this.#close();
  }

  /** Gives up, and tells the sender why. What still arrives is ignored. */
  abort(number: number, message: string): void {
    if (!this.isOpen) return;
    if (this.#state === 'new') {
      this.#close();
      return;
    }
    this.#state = 'aborting';
    this.#host.sendControl(FrameType.FILE_ABORT, this.id, { code: number, message: toSentence(message) });
  }

  handleOffer(offer: FileOffer): void {
    if (this.#state === 'aborting') return;
    const isBegun = this.#state === 'receiving' && this.#receivedBytes === 0;
    const isAgain = isBegun && this.#offsetBytes > 0 && offer.sizeBytes === this.#fileBytes;
    if ((this.#state !== 'requesting' || this.#isFolder) && !isAgain) {
      throw unexpectedTransferFrame(FrameType.FILE_OFFER, this.id, this.#state);
    }
    this.#state = 'offered';
    this.#fileBytes = offer.sizeBytes;
    this.handler?.onOffer(offer);
  }

  /** @param isBeginning whether the peer begins a transfer with it; else it answers a request for a folder */
  handleFolderOffer(offer: FolderOffer, isBeginning = false): void {
    if (this.#state === 'aborting') return;
    if (this.#state !== 'requesting' || !(isBeginning || this.#isFolder)) {
      throw unexpectedTransferFrame(FrameType.FOLDER_OFFER, this.id, this.#state);
    }
    this.#isFolder = true;
    this.#state = 'offered';
    this.#fileBytes = Infinity;
    this.handler?.onOffer(offer);
  }

  handleAnswer(): void {
    throw unexpectedTransferFrame(FrameType.FOLDER_ANSWER, this.id, this.#state);
  }

  handlePause({ isPaused }: TransferPause): void {
    if (this.isOpen) this.handler?.onPause(isPaused);
  }

  handleAccept(): void {
    throw unexpectedTransferFrame(FrameType.FILE_ACCEPT, this.id, this.#state);
  }

  handleData(header: FrameHeader, piece: Uint8Array, position: number): void {
    if (this.#state === 'aborting') return;
    if (this.#state !== 'receiving') throw unexpectedTransferFrame(FrameType.FILE_DATA, this.id, this.#state);
    if (position === 0) this.#handleHeader(header);
    this.#receivedBytes += piece.length;
    this.handler?.onData(piece);
    this.#reportCredit();
  }

  handleEnd(end: FileEnd): void {
    if (this.#state === 'aborting') return;
    if (this.#state !== 'receiving') throw unexpectedTransferFrame(FrameType.FILE_END, this.id, this.#state);
    if (this.#isFolder !== (end.hash === undefined)) {
      throw new ProtocolError(
        WireError.INVALID_TRANSFER,
        `FILE_END ${this.#isFolder ? 'with' : 'without'} a hash for transfer ${this.id}, which is a ${this.#isFolder ? 'folder' : 'file'}`,
      );
    }
    if (!this.#isFolder && this.#endOffset() !== this.#fileBytes) {
      throw new ProtocolError(
        WireError.INVALID_TRANSFER,
        `transfer ${this.id} ended at byte ${this.#endOffset()}, ${this.#fileBytes} were offered`,
      );
    }
    this.#state = 'verifying';
    this.handler?.onEnd(end.hash);
  }

  handleDone(): void {
    throw unexpectedTransferFrame(FrameType.FILE_DONE, this.id, this.#state);
  }

  handleAbort(abort: FileAbort): void {
    const wasAborting = this.#state === 'aborting';
    this.#close();
    if (wasAborting) return;
    this.#host.sendControl(FrameType.FILE_ABORT, this.id, abort);
    this.handler?.onAbort(new TransferError(abort.code, abort.message, 'remote'));
  }

  handleCredit(): void {
    throw unexpectedTransferFrame(FrameType.CREDIT, this.id, this.#state);
  }

  handleWritten(): void {
    // The receiver of a file sends none of its bytes.
  }

  stop(error: TcpCommError, isInterrupted: boolean): void {
    const wasOpen = this.isOpen;
    this.#state = 'closed';
    if (!wasOpen) return;
    if (isInterrupted) this.handler?.onInterrupted(error);
    else this.handler?.onAbort(error);
  }

  /** All headers received so far are consumed; payload may wait for the disk as far as there is room for it. */
  #limitBytes(): number {
    const roomBytes = Math.min(this.#receivedBytes + this.#windowBytes, this.#writtenBytes + this.#capacityBytes);
    return this.#receivedHeaderBytes + roomBytes;
  }

  #reportCredit(): void {
    const isDue = this.#limitBytes() - this.#grantedBytes >= this.#windowBytes / 2;
    if (isDue && this.#state === 'receiving') this.#host.handleCreditDue(this);
  }

  /** Up to where in the file bytes have come. */
  #endOffset(): number {
    return this.#offsetBytes + this.#receivedBytes;
  }

  #handleHeader(header: FrameHeader): void {
    if (header.length === 0) {
      throw new ProtocolError(
        WireError.INVALID_TRANSFER,
        `empty FILE_DATA for transfer ${this.id}, expected at least 1 byte`,
      );
    }
    this.#receivedHeaderBytes += FRAME_HEADER_BYTES;
    this.#receivedFrameBytes += FRAME_HEADER_BYTES + header.length;
    if (this.#receivedFrameBytes > this.#grantedBytes) {
      throw new ProtocolError(
        WireError.FLOW_CONTROL,
        `frame up to byte ${this.#receivedFrameBytes} of transfer ${this.id} exceeds the credit of ${this.#grantedBytes}`,
      );
    }
    if (this.#endOffset() + header.length > this.#fileBytes) {
      throw new ProtocolError(
        WireError.INVALID_TRANSFER,
        `transfer ${this.id} goes to byte ${this.#endOffset() + header.length}, ${this.#fileBytes} were offered`,
      );
    }
  }

  #close(): void {
    this.#state = 'closed';
    this.#host.forget(this);
  }
}
