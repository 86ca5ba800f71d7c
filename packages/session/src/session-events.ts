import type { ChannelDelivery } from './engine/channel-table.ts';
import type { CloseReason } from './engine/ending/close-reason.ts';
import type { FileTransfer } from './file-transfer.ts';
import type { Notice } from './notice.ts';
import type { Session } from './session.ts';

export interface CloseOptions {
  /** How long what is queued may take to be sent, 0 to Infinity. Default 3,000. */
  readonly drainMs?: number;
}

/** How a session closed. */
export interface CloseReport {
  readonly reason: CloseReason;
  /** Whether every message that was accepted for sending is known to have arrived. */
  readonly isComplete: boolean;
  /** Each channel that was sent on. */
  readonly channels: readonly ChannelDelivery[];
}

export interface SessionEventMap {
  /** A message has arrived. */
  message: [bytes: Uint8Array, channel: number, session: Session];
  /** A file has begun to move, whichever end asked for it. */
  transfer: [transfer: FileTransfer, session: Session];
  /** Something happened at this end; see `Notice`. */
  notice: [notice: Notice];
  /** The session has begun. At a client only: a server's session begins before anybody could listen to it. */
  connected: [];
  /** The connection is gone. */
  disconnected: [reason: CloseReason];
  /** The session is over for good, exactly once. */
  close: [reason: CloseReason];
}
