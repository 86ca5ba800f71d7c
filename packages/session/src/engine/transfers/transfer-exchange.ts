import {
  type FileAbort,
  type FileAccept,
  type FileDone,
  type FileEnd,
  type FileOffer,
  type FileRequest,
  type FolderAnswer,
  type FolderOffer,
  type FolderRequest,
  type FrameHeader,
  FrameType,
  ProtocolError,
  type ReceiveLimits,
  type TcpCommError,
  type TransferPause,
  WireError,
} from '@tcpcomm/protocol';
import { invalidChannel } from '../receiving/frame-receiver.ts';
import { IncomingTransfer } from './incoming-transfer.ts';
import { OutgoingTransfer } from './outgoing-transfer.ts';
import type { PackBuffer } from '../sending/pack-buffer.ts';
import { incomingFileChannel, outgoingFileChannel, type Role } from '../role.ts';
import type { SessionEngineOptions } from '../session-engine-options.ts';
import { unexpectedTransferFrame } from './transfer-errors.ts';
import { TransferTable } from './transfer-table.ts';
import type { TransferFrameType, TransferHost } from './transfer.ts';

/** What the peer may begin. Whoever takes the transfer sets its `handler` during the call, and answers it or aborts it. */
export interface TransferEvents {
  /** The peer wants one of our files. */
  onFileRequest(transfer: OutgoingTransfer, request: FileRequest): void;
  /** The peer wants to send a file. */
  onFileOffer(transfer: IncomingTransfer, offer: FileOffer): void;
  /** The peer wants one of our folders, or a list of what is in it. */
  onFolderRequest(transfer: OutgoingTransfer, request: FolderRequest): void;
  /** The peer wants to send a folder. */
  onFolderOffer(transfer: IncomingTransfer, offer: FolderOffer): void;
  /** The peer has ended a transfer of that id, which is not open: one that it could have gone on with, or that has just ended here. */
  onAbandoned(id: number, abort: FileAbort): void;
}

const TRANSFER_FRAMES: ReadonlySet<number> = new Set<TransferFrameType>([
  FrameType.FILE_REQUEST,
  FrameType.FILE_OFFER,
  FrameType.FILE_ACCEPT,
  FrameType.FILE_END,
  FrameType.FILE_DONE,
  FrameType.FILE_ABORT,
  FrameType.FOLDER_REQUEST,
  FrameType.FOLDER_OFFER,
  FrameType.FOLDER_ANSWER,
  FrameType.TRANSFER_PAUSE,
]);

export function isTransferFrameType(type: number): type is TransferFrameType {
  return TRANSFER_FRAMES.has(type);
}

/** What the transfers of a session ask of it. */
export interface TransferExchangeHost extends Omit<TransferHost, 'forget'> {
  /** Whether transfers may still be begun. */
  readonly isOpen: boolean;
}

/** All transfers of a session: begins them, and brings each frame to the one that it belongs to. */
export class TransferExchange {
  readonly #role: Role;
  readonly #host: TransferExchangeHost;
  readonly #events: TransferEvents;
  readonly #packBuffer: PackBuffer;
  readonly #localLimits: ReceiveLimits;
  readonly #remoteLimits: ReceiveLimits;
  readonly #table: TransferTable<IncomingTransfer | OutgoingTransfer>;

  constructor(host: TransferExchangeHost, options: SessionEngineOptions) {
    this.#role = options.role;
    this.#host = host;
    this.#events = options.transferEvents;
    const { packBuffer, remoteLimits } = options.conversation;
    const { localLimits, settings } = options.conversation.options;
    this.#packBuffer = packBuffer;
    this.#localLimits = localLimits;
    this.#remoteLimits = remoteLimits;
    this.#table = new TransferTable(options.role, settings.maxTransfers, options.transferIds);
  }

  get hasOpen(): boolean {
    return this.#table.hasOpen;
  }

  /** Whether bytes of files have been read and wait to be sent. */
  get hasQueued(): boolean {
    for (const transfer of this.#table) if (transfer instanceof OutgoingTransfer && transfer.hasQueued) return true;
    return false;
  }

  /**
   * Begins to fetch a file: set the handler, then call `request`. Throws LimitError when too many are open.
   *
   * @param id of a transfer that an earlier connection has interrupted, to go on with it
   */
  beginIncoming(id = this.#table.takeOwnId()): IncomingTransfer {
    return this.#addIncoming(id, 'new');
  }

  /** Begins to send a file: set the handler, then call `offer`. Otherwise as `beginIncoming`. */
  beginOutgoing(id = this.#table.takeOwnId()): OutgoingTransfer {
    return this.#addOutgoing(id, 'new');
  }

  /** Ends a transfer that an earlier connection has interrupted, and that the peer waits for. */
  abandon(id: number, abort: FileAbort): void {
    this.#host.sendControl(FrameType.FILE_ABORT, id, abort);
  }

  handlePiece(header: FrameHeader, piece: Uint8Array, position: number): void {
    if (header.channel !== incomingFileChannel(this.#role)) throw invalidChannel(header);
    this.#find(FrameType.FILE_DATA, header.stream).handleData(header, piece, position);
  }

  handleCredit(channel: number, stream: number, limitBytes: number, writtenBytes: number): void {
    if (channel !== outgoingFileChannel(this.#role)) {
      throw new ProtocolError(WireError.INVALID_CHANNEL, `CREDIT frame on channel ${channel}, which is not one for it`);
    }
    // The transfer may have ended while the credit was on its way.
    this.#table.get(stream)?.handleCredit(limitBytes, writtenBytes);
  }

  handleControl(type: TransferFrameType, stream: number, message: unknown): void {
    switch (type) {
      case FrameType.FILE_REQUEST:
        this.#beginRequested(stream, (transfer) => {
          this.#events.onFileRequest(transfer, message as FileRequest);
        });
        break;
      case FrameType.FOLDER_REQUEST:
        this.#beginRequested(stream, (transfer) => {
          this.#events.onFolderRequest(transfer, message as FolderRequest);
        });
        break;
      case FrameType.FILE_OFFER:
        this.#handleOffer(stream, message as FileOffer);
        break;
      case FrameType.FOLDER_OFFER:
        this.#handleFolderOffer(stream, message as FolderOffer);
        break;
      case FrameType.FOLDER_ANSWER:
        this.#find(type, stream).handleAnswer(message as FolderAnswer);
        break;
      case FrameType.TRANSFER_PAUSE:
        // As with credit, the transfer may have ended meanwhile.
        this.#table.get(stream)?.handlePause(message as TransferPause);
        break;
      case FrameType.FILE_ACCEPT:
        this.#find(type, stream).handleAccept(message as FileAccept);
        break;
      case FrameType.FILE_END:
        this.#find(type, stream).handleEnd(message as FileEnd);
        break;
      case FrameType.FILE_DONE:
        this.#find(type, stream).handleDone(message as FileDone);
        break;
      case FrameType.FILE_ABORT:
        this.#handleAbort(stream, message as FileAbort);
    }
  }

  handleWritten(): void {
    for (const transfer of this.#table) transfer.handleWritten();
  }

  /** Ends all transfers, or interrupts them: then the next connection may go on with them. */
  stop(error: TcpCommError, isInterrupted = false): void {
    for (const transfer of [...this.#table]) {
      this.#table.remove(transfer.id);
      transfer.stop(error, isInterrupted);
    }
  }

  #handleAbort(id: number, abort: FileAbort): void {
    const transfer = this.#table.get(id);
    // One that crossed our own last word finds nothing here either, and needs no answer.
    if (transfer) transfer.handleAbort(abort);
    else this.#events.onAbandoned(id, abort);
  }

  #beginRequested(id: number, take: (transfer: OutgoingTransfer) => void): void {
    this.#table.checkPeerId(id);
    if (!this.#refuse(id)) take(this.#addOutgoing(id, 'requested'));
  }

  #handleOffer(id: number, offer: FileOffer): void {
    const requested = this.#table.get(id);
    if (requested) {
      requested.handleOffer(offer);
      return;
    }
    this.#table.checkPeerId(id);
    if (this.#refuse(id)) return;
    const transfer = this.#addIncoming(id, 'requesting');
    transfer.handleOffer(offer);
    this.#events.onFileOffer(transfer, offer);
  }

  #handleFolderOffer(id: number, offer: FolderOffer): void {
    const requested = this.#table.get(id);
    if (requested) {
      requested.handleFolderOffer(offer);
      return;
    }
    this.#table.checkPeerId(id);
    if (this.#refuse(id)) return;
    const transfer = this.#addIncoming(id, 'requesting');
    transfer.handleFolderOffer(offer, true);
    this.#events.onFolderOffer(transfer, offer);
  }

  /** Turns down a transfer of the peer that cannot be begun now; returns whether it did. */
  #refuse(id: number): boolean {
    const refusal = this.#refusal;
    if (refusal) this.#host.sendControl(FrameType.FILE_ABORT, id, refusal);
    return refusal !== undefined;
  }

  get #refusal(): FileAbort | undefined {
    if (!this.#host.isOpen) return { code: WireError.CLOSED, message: 'the session is being closed' };
    if (!this.#table.isFullForPeer) return undefined;
    return { code: WireError.TOO_MANY_TRANSFERS, message: 'too many transfers are open already' };
  }

  #addIncoming(id: number, state: 'new' | 'requesting'): IncomingTransfer {
    const channel = incomingFileChannel(this.#role);
    const windowBytes = this.#localLimits.transferWindowBytes;
    const transfer = new IncomingTransfer(id, this.#hostOf(id), channel, windowBytes, state);
    this.#table.add(transfer);
    return transfer;
  }

  #addOutgoing(id: number, state: 'new' | 'requested'): OutgoingTransfer {
    const channel = outgoingFileChannel(this.#role);
    const windowBytes = this.#remoteLimits.transferWindowBytes;
    const transfer = new OutgoingTransfer(id, this.#hostOf(id), channel, this.#packBuffer, windowBytes, state);
    this.#table.add(transfer);
    return transfer;
  }

  #hostOf(id: number): TransferHost {
    const host = this.#host;
    return {
      sendControl: host.sendControl.bind(host),
      activate: host.activate.bind(host),
      handleCreditDue: host.handleCreditDue.bind(host),
      forget: () => {
        this.#table.remove(id);
      },
    };
  }

  #find(type: number, id: number): IncomingTransfer | OutgoingTransfer {
    const transfer = this.#table.get(id);
    if (transfer === undefined) throw unexpectedTransferFrame(type, id, 'not open');
    return transfer;
  }
}
