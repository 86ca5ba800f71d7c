import type {
  ControlMessage,
  FileAbort,
  FileAccept,
  FileDone,
  FileEnd,
  FileOffer,
  FolderAnswer,
  FolderOffer,
  FrameHeader,
  FrameType,
  TcpCommError,
  TransferPause,
} from '@tcpcomm/protocol';
import type { CreditSource } from '../sending/control-queue.ts';
import type { FrameSource } from '../sending/scheduler.ts';

export type TransferFrameType =
  | typeof FrameType.FILE_REQUEST
  | typeof FrameType.FILE_OFFER
  | typeof FrameType.FILE_ACCEPT
  | typeof FrameType.FILE_END
  | typeof FrameType.FILE_DONE
  | typeof FrameType.FILE_ABORT
  | typeof FrameType.FOLDER_REQUEST
  | typeof FrameType.FOLDER_OFFER
  | typeof FrameType.FOLDER_ANSWER
  | typeof FrameType.TRANSFER_PAUSE;

/** What a transfer asks of the engine that it belongs to. */
export interface TransferHost {
  sendControl<Type extends TransferFrameType>(type: Type, transferId: number, message: ControlMessage<Type>): void;
  /** The source has a frame to send. */
  activate(source: FrameSource): void;
  /** The receiver has credit to tell. */
  handleCreditDue(source: CreditSource): void;
  /** Both ends are through with the transfer: its id is free. */
  forget(transfer: { readonly id: number }): void;
}

/** What can arrive for a transfer. A method throws ProtocolError `INVALID_TRANSFER` where the frame does not fit its state. */
export interface Transfer {
  readonly id: number;
  /** Whether bytes of the file may still travel. */
  readonly isOpen: boolean;
  handleOffer(offer: FileOffer): void;
  handleFolderOffer(offer: FolderOffer): void;
  handleAnswer(answer: FolderAnswer): void;
  handlePause(pause: TransferPause): void;
  handleAccept(accept: FileAccept): void;
  handleData(header: FrameHeader, piece: Uint8Array, position: number): void;
  handleEnd(end: FileEnd): void;
  handleDone(done: FileDone): void;
  handleAbort(abort: FileAbort): void;
  handleCredit(limitBytes: number, writtenBytes: number): void;
  handleWritten(): void;
  /** The connection is over, and the session with it unless the transfer is only interrupted. */
  stop(error: TcpCommError, isInterrupted: boolean): void;
}
