import type { AddressInfo } from 'node:net';
import type {
  CloseReason,
  FileTransfer,
  LostWorker,
  RejectedConnection,
  ServerSession,
  TcpCommServer,
} from '@tcpcomm/server';
import type { ChatMessage } from './chat-room.ts';
import type { ImageObserver } from './images/image-reception.ts';
import type { ClientPortrait } from './questions/questions.ts';

/** Tells somebody what happens at the server. */
export interface ServerReport extends ImageObserver {
  listening(address: AddressInfo, server: TcpCommServer): void;
  /** A worker thread has ended unasked, and its sessions with it. */
  workerLost(lost: LostWorker): void;
  sessionOpened(session: ServerSession): void;
  /** The client was asked what it is, and has said so. */
  clientAnswered(portrait: ClientPortrait, session: ServerSession): void;
  /** Its connection is lost, and it waits for its client. */
  sessionSuspended(session: ServerSession): void;
  sessionResumed(session: ServerSession): void;
  sessionClosed(session: ServerSession, reason: CloseReason): void;
  rejected(connection: RejectedConnection): void;
  message(
    message: ChatMessage & { readonly bytes: Uint8Array; readonly channel: number },
    session: ServerSession,
  ): void;
  /** A transfer has begun; the report follows it to its end. */
  transferBegan(transfer: FileTransfer, session: ServerSession): void;
  /** A client asked for a transfer that did not even begin. */
  transferRefused(transfer: FileTransfer, error: Error, session: ServerSession | undefined): void;
  problem(error: Error): void;
  closing(runningTransfers: number): void;
  closed(): void;
  /** It did not come to listening. */
  failed(error: Error, advice: string | undefined): void;
}

/** What to call a session: its machine id, and its number where ids may be blank or shared. */
export function sessionName(session: ServerSession, allowDuplicateIds: boolean): string {
  return allowDuplicateIds ? `${session.machineId}#${session.sessionId}` : session.machineId;
}
