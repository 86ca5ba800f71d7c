import type { AddressInfo } from 'node:net';
import type { CloseReason, CloseReport, FileTransfer, Notice } from '@tcpcomm/session';
import type { RejectedConnection } from './reception.ts';
import type { LostWorker } from './server-info.ts';
import type { ServerSession } from './server-session.ts';

export interface ServerEventMap {
  listening: [address: AddressInfo];
  /** A client has come in; it is in `sessions`, and does not know yet. */
  session: [session: ServerSession];
  /** A session is over; it is no longer in `sessions`. */
  sessionClosed: [session: ServerSession, reason: CloseReason];
  /** A worker thread has ended without having been asked to, and its sessions with it; it is being replaced. */
  workerLost: [lost: LostWorker];
  /** A connection did not become a session: refused, or not one of ours at all. */
  rejected: [rejected: RejectedConnection];
  message: [bytes: Uint8Array, channel: number, session: ServerSession];
  transfer: [transfer: FileTransfer, session: ServerSession];
  /** Something happened, here or in a session; `notice.sessionId` tells in which. */
  notice: [notice: Notice];
  close: [];
}

/** How the sessions ended that were there when the server closed. */
export interface ServerCloseReport {
  readonly sessions: readonly {
    readonly sessionId: number;
    readonly machineId: string;
    readonly report: CloseReport;
  }[];
}
