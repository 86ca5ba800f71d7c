import {
  encodeControlMessage,
  type FileAbort,
  type FileAccept,
  type FileDone,
  type FileOffer,
  type FolderAnswer,
  type FolderOffer,
  FRAME_HEADER_BYTES,
  FrameType,
  ProtocolError,
  toSentence,
  type TcpCommError,
  TransferError,
  type TransferPause,
  WireError,
  writeFrameHeader,
} from '@tcpcomm/protocol';
import { Fifo } from '../fifo.ts';
import type { OutputBatch } from '../sending/output-batch.ts';
import type { PackBuffer } from '../sending/pack-buffer.ts';
import { PositionWaiters } from '../position-waiters.ts';
import type { FrameSource } from '../sending/scheduler.ts';
import { SendPolicy } from '../sending/send-policy.ts';
import { unexpectedTransferFrame } from './transfer-errors.ts';
import type { Transfer, TransferHost } from './transfer.ts';

/** A piece of a file is not cut for less credit than this. */
const MIN_FRAGMENT_BYTES = 4096;

/** What the side that reads the file does when something arrives. */
export interface OutgoingTransferHandler {
  /** The receiver wants the file from this byte on; of what it has before that it tells the hash. */
  onAccept(offsetBytes: number, prefixHash: string | undefined): void;
  /** The receiver of a folder wants some of what it was told of. */
  onAnswer(answer: FolderAnswer): void;
  /** The receiver has asked to stop sending for a while, or to go on. */
  onPause(isPaused: boolean): void;
  /** So many more bytes of the file are with the kernel. */
  onWritten(bytes: number): void;
  /** The receiver has the whole file, verified and durable, under its final name, which is told if it is not the one offered. */
  onDone(path: string | undefined): void;
  /** The receiver gave up, or the session ended. */
  onAbort(error: Error): void;
  /** The connection is lost, and the session is not: what becomes of the transfer is decided over the next one. */
  onInterrupted(error: TcpCommError): void;
}

/**
 * `new` (begun here, and the peer does not know of it yet), `requested` (by the peer, not answered yet), `offered` (waiting
 * for the receiver), `sending`, `ended` (all sent, waiting for the receiver's word), `aborting` (this side gave up and waits
 * for the peer to say so too), `closed`.
 */
type OutgoingTransferState = 'new' | 'requested' | 'offered' | 'sending' | 'ended' | 'aborting' | 'closed';

/** The sending side of a file transfer (docs/PROTOCOL.md §9), as state: it reads no file. */
export class OutgoingTransfer implements Transfer, FrameSource {
  readonly id: number;
  readonly policy = new SendPolicy('background');
  handler: OutgoingTransferHandler | undefined;

  readonly #host: TransferHost;
  readonly #channel: number;
  readonly #packBuffer: PackBuffer;
  readonly #chunks = new Fifo<Uint8Array>();
  readonly #written = new PositionWaiters();
  #state: OutgoingTransferState;
  #chunkOffset = 0;
  #fileBytes = 0;
  #enqueuedBytes = 0;
  #sentBytes = 0;
  #sentFrameBytes = 0;
  #creditLimitBytes: number;
  #receiverBytes = 0;
  #isOfferedAgain = false;
  #isFolder = false;
  /** Asked for at this end, and by the receiver. */
  #isPausedHere = false;
  #isPausedThere = false;
  #endPayload: Uint8Array | undefined;
  #failure: Error | undefined;

  constructor(
    id: number,
    host: TransferHost,
    channel: number,
    packBuffer: PackBuffer,
    windowBytes: number,
    state: 'new' | 'requested',
  ) {
    this.#state = state;
    this.id = id;
    this.#host = host;
    this.#channel = channel;
    this.#packBuffer = packBuffer;
    this.#creditLimitBytes = windowBytes;
  }

  /** Bytes of the file that have left the queue for the connection. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  get isOpen(): boolean {
    return this.#state !== 'aborting' && this.#state !== 'closed';
  }

  /** Bytes of the file that have been read and wait to be sent. */
  get queuedBytes(): number {
    return this.#failure ? 0 : this.#enqueuedBytes - this.#sentBytes;
  }

  get hasQueued(): boolean {
    return !this.#chunks.isEmpty;
  }

  get isReady(): boolean {
    if (this.#isPausedHere || this.#isPausedThere) return false;
    const chunk = this.#chunks.first;
    if (chunk === undefined) return this.#endPayload !== undefined;
    const wanted = FRAME_HEADER_BYTES + Math.min(MIN_FRAGMENT_BYTES, chunk.length - this.#chunkOffset);
    return wanted <= this.#creditLimitBytes - this.#sentFrameBytes;
  }

  /**
   * Offers the file to the receiver; once more when it wanted the file from a byte on, and what it has before that is something
   * else. Then it has to begin at the beginning.
   */
  offer(offer: FileOffer): void {
    const isAgain = this.#state === 'sending' && this.#enqueuedBytes === 0 && !this.#isOfferedAgain;
    if (this.#state !== 'new' && this.#state !== 'requested' && !isAgain) return;
    this.#isOfferedAgain = isAgain;
    this.#state = 'offered';
    this.#fileBytes = offer.sizeBytes;
    this.#host.sendControl(FrameType.FILE_OFFER, this.id, offer);
  }

  /** Offers a folder to the receiver. */
  offerFolder(offer: FolderOffer): void {
    if (this.#state !== 'new' && this.#state !== 'requested') return;
    this.#state = 'offered';
    this.#isFolder = true;
    this.#host.sendControl(FrameType.FOLDER_OFFER, this.id, offer);
  }

  /** Stops sending for a while, or goes on; the receiver is told. */
  pause(isPaused: boolean): void {
    if (!this.isOpen || isPaused === this.#isPausedHere) return;
    this.#isPausedHere = isPaused;
    if (this.#state !== 'new') this.#host.sendControl(FrameType.TRANSFER_PAUSE, this.id, { isPaused });
    this.#host.activate(this);
  }

  /** Queues bytes of the file; resolves when they are with the kernel and their memory may be used again. */
  write(chunk: Uint8Array): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (chunk.length > 0) {
      this.#chunks.push(chunk);
      this.#enqueuedBytes += chunk.length;
      this.#host.activate(this);
    }
    return this.#written.wait(this.#enqueuedBytes);
  }

  /** Ends the file after all bytes queued; a folder has no hash of its own. */
  end(hash?: string): void {
    if (this.#state !== 'sending') return;
    this.#endPayload = encodeControlMessage(FrameType.FILE_END, hash === undefined ? {} : { hash });
    this.#host.activate(this);
  }

  /** Gives up, and tells the receiver why. Nothing more is sent. */
  abort(number: number, message: string): void {
    if (!this.isOpen) return;
    this.#drop(new TransferError(number, message, 'local'));
    if (this.#state === 'new') {
      this.#close();
      return;
    }
    this.#state = 'aborting';
    this.#host.sendControl(FrameType.FILE_ABORT, this.id, { code: number, message: toSentence(message) });
  }

  handleAcknowledged(): void {
    // What is not durable at the receiver is read from the file once more.
  }

  takeFrame(maxPayloadBytes: number, batch: OutputBatch): number {
    const chunk = this.#chunks.first;
    if (chunk === undefined) return this.#takeEnd(batch);
    const creditBytes = this.#creditLimitBytes - this.#sentFrameBytes - FRAME_HEADER_BYTES;
    const start = this.#chunkOffset;
    const end = Math.min(start + maxPayloadBytes, start + creditBytes, chunk.length);
    this.#addHeader(batch, end - start, FrameType.FILE_DATA, this.#channel);
    batch.addView(chunk.subarray(start, end));
    this.#chunkOffset = end;
    if (end === chunk.length) {
      this.#chunks.removeFirst();
      this.#chunkOffset = 0;
    }
    this.#sentBytes += end - start;
    this.#sentFrameBytes += FRAME_HEADER_BYTES + end - start;
    return FRAME_HEADER_BYTES + end - start;
  }

  handleWritten(): void {
    const bytes = this.#sentBytes - this.#written.reached;
    if (bytes === 0) return;
    this.#written.advanceTo(this.#sentBytes);
    this.handler?.onWritten(bytes);
  }

  handleFolderOffer(): void {
    throw unexpectedTransferFrame(FrameType.FOLDER_OFFER, this.id, this.#state);
  }

  handleAnswer(answer: FolderAnswer): void {
    if (this.#state === 'aborting') return;
    if (!this.#isFolder || (this.#state !== 'sending' && this.#state !== 'ended')) {
      throw unexpectedTransferFrame(FrameType.FOLDER_ANSWER, this.id, this.#state);
    }
    this.handler?.onAnswer(answer);
  }

  handlePause({ isPaused }: TransferPause): void {
    if (!this.isOpen) return;
    this.#isPausedThere = isPaused;
    this.#host.activate(this);
    this.handler?.onPause(isPaused);
  }

  handleOffer(): void {
    throw unexpectedTransferFrame(FrameType.FILE_OFFER, this.id, this.#state);
  }

  handleAccept(accept: FileAccept): void {
    if (this.#state === 'aborting') return;
    if (this.#state !== 'offered') throw unexpectedTransferFrame(FrameType.FILE_ACCEPT, this.id, this.#state);
    const { offsetBytes, prefixHash } = accept;
    const lastOffset = this.#isOfferedAgain ? 0 : this.#fileBytes;
    if (offsetBytes > lastOffset || offsetBytes > 0 !== (prefixHash !== undefined)) {
      throw new ProtocolError(
        WireError.INVALID_TRANSFER,
        `FILE_ACCEPT from byte ${offsetBytes} ${prefixHash === undefined ? 'without' : 'with'} a hash of what is before it, for ` +
          `transfer ${this.id}, which may begin at 0 to ${lastOffset}`,
      );
    }
    this.#state = 'sending';
    this.handler?.onAccept(offsetBytes, prefixHash);
  }

  handleData(): void {
    throw unexpectedTransferFrame(FrameType.FILE_DATA, this.id, this.#state);
  }

  handleEnd(): void {
    throw unexpectedTransferFrame(FrameType.FILE_END, this.id, this.#state);
  }

  handleDone(done: FileDone): void {
    if (this.#state !== 'ended' && this.#state !== 'aborting') {
      throw unexpectedTransferFrame(FrameType.FILE_DONE, this.id, this.#state);
    }
    const wasEnded = this.#state === 'ended';
    // What the receiver has is with the kernel, even if that has not been reported yet; nobody will ask for it later.
    if (wasEnded) this.handleWritten();
    this.#close();
    if (wasEnded) this.handler?.onDone(done.path);
  }

  handleAbort(abort: FileAbort): void {
    const wasAborting = this.#state === 'aborting';
    this.#close();
    if (wasAborting) return;
    const error = new TransferError(abort.code, abort.message, 'remote');
    this.#drop(error);
    this.#host.sendControl(FrameType.FILE_ABORT, this.id, abort);
    this.handler?.onAbort(error);
  }

  /** @throws ProtocolError for counters that move backwards or count what was not sent */
  handleCredit(limitBytes: number, receiverBytes: number): void {
    if (limitBytes < this.#creditLimitBytes || receiverBytes < this.#receiverBytes || receiverBytes > this.sentBytes) {
      throw new ProtocolError(
        WireError.INVALID_ACKNOWLEDGEMENT,
        `CREDIT of ${limitBytes} bytes for transfer ${this.id} with ${receiverBytes} written, expected at least ${this.#creditLimitBytes} with ${this.#receiverBytes} to ${this.sentBytes}`,
      );
    }
    this.#creditLimitBytes = limitBytes;
    this.#receiverBytes = receiverBytes;
    this.#host.activate(this);
  }

  stop(error: TcpCommError, isInterrupted: boolean): void {
    const wasOpen = this.isOpen;
    this.#state = 'closed';
    this.#drop(error);
    if (!wasOpen) return;
    if (isInterrupted) this.handler?.onInterrupted(error);
    else this.handler?.onAbort(error);
  }

  #takeEnd(batch: OutputBatch): number {
    const payload = this.#endPayload;
    if (payload === undefined) return 0;
    this.#endPayload = undefined;
    this.#state = 'ended';
    this.#addHeader(batch, payload.length, FrameType.FILE_END, 0);
    batch.addView(payload);
    return FRAME_HEADER_BYTES + payload.length;
  }

  #addHeader(batch: OutputBatch, length: number, type: number, channel: number): void {
    const start = this.#packBuffer.reserve(FRAME_HEADER_BYTES);
    const { slab } = this.#packBuffer;
    writeFrameHeader(slab.bytes, start, length, type, channel, 0, this.id);
    batch.addPacked(slab, start, start + FRAME_HEADER_BYTES);
  }

  #drop(error: Error): void {
    while (!this.#chunks.isEmpty) this.#chunks.removeFirst();
    this.#endPayload = undefined;
    this.#failure = error;
    this.#written.stop(error);
  }

  #close(): void {
    this.#state = 'closed';
    this.#host.forget(this);
  }
}
