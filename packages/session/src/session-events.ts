import type { ChannelDelivery, ChannelLoss } from './engine/channel-table.ts';
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

/** How a connection relates to the one before it. */
export interface ConnectionDetails {
  /** Whether there was one before. */
  readonly reconnected: boolean;
  /** Whether the session goes on where it was: nothing is lost, and nothing comes twice. */
  readonly resumed: boolean;
  /**
   * After a reconnection that could not resume: how many messages of each channel were sent and are not known to have been taken by the
   * peer's application. What had not been sent yet is sent now.
   */
  readonly lost: readonly ChannelLoss[];
}

/** An attempt to connect again that is about to be made. */
export interface ReconnectAttempt {
  /** 1 for the first one since the connection was lost. */
  readonly attempt: number;
  /** How long it is waited for before. */
  readonly pauseMs: number;
  /** Since the connection was lost. */
  readonly elapsedMs: number;
  /** Why the one before failed. */
  readonly error: Error | undefined;
}

export interface SessionEventMap {
  /** A message has arrived. */
  message: [bytes: Uint8Array, channel: number, session: Session];
  /** A file has begun to move, whichever end asked for it. */
  transfer: [transfer: FileTransfer, session: Session];
  /** Something happened at this end; see `Notice`. */
  notice: [notice: Notice];
  /** There is a connection. The first one of a server's session comes before anybody could listen to it. */
  connected: [details: ConnectionDetails];
  /** The connection is gone; whether for good tells `isSuspended`. */
  disconnected: [reason: CloseReason];
  /** At a client only: it is about to connect again. */
  reconnecting: [attempt: ReconnectAttempt];
  /** The session is over for good, exactly once. */
  close: [reason: CloseReason];
}
