import type { MessagePort } from 'node:worker_threads';
import type { WireError } from '@tcpcomm/protocol';
import type { ChannelOptions } from '../channel-settings.ts';
import type { ChannelDelivery } from '../engine/channel-table.ts';
import type { CloseReason } from '../engine/ending/close-reason.ts';
import type { SendPolicyOptions } from '../engine/sending/send-policy.ts';
import type { TransferSending } from '../file-transfer.ts';
import type { TransferRequest } from '../io/transfer-request.ts';
import type { SessionBackend } from '../session-backend.ts';
import type { ConnectionDetails, ReconnectAttempt } from '../session-events.ts';
import type { SessionStats } from '../session-stats.ts';
import type { TransferDirection, TransferProgress, TransferResult, TransferState } from '../transfer-record.ts';
import type { BatchPost } from './gathering-port.ts';

/** What the user's thread tells the one that has the session. */
export type ToSession =
  | BatchPost
  /** The application is done with so many more messages of a channel: both, one pair after the other. */
  | { readonly kind: 'consumed'; readonly counts: readonly number[] }
  | { readonly kind: 'channel'; readonly channel: number; readonly options: ChannelOptions }
  /** Asks for an answer. */
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly argument: unknown }
  /** Does not want it any more. */
  | { readonly kind: 'abort'; readonly id: number; readonly reason: unknown }
  | { readonly kind: 'transfer'; readonly key: number; readonly request: TransferRequest }
  | { readonly kind: 'cancel-transfer'; readonly key: number }
  | { readonly kind: 'pause-transfer'; readonly key: number; readonly isPaused: boolean }
  | { readonly kind: 'transfer-policy'; readonly key: number; readonly policy: SendPolicyOptions }
  | { readonly kind: 'close'; readonly code: WireError; readonly message: string; readonly drainMs: number }
  | { readonly kind: 'destroy'; readonly error: unknown }
  /** Statistics are wanted now: they go to `port`, and `lock[0]` is 1 then. Who asks waits for that. */
  | { readonly kind: 'read'; readonly lock: Int32Array<SharedArrayBuffer>; readonly port?: MessagePort }
  | ({ readonly kind: 'answer'; readonly id: number } & Settled);

/** What comes back. */
export type FromSession =
  | BatchPost
  | { readonly kind: 'queues'; readonly reports: readonly QueueReport[] }
  | { readonly kind: 'state'; readonly state: SessionState; readonly transfers: readonly TransferSnapshot[] }
  | { readonly kind: 'connected'; readonly details: ConnectionDetails }
  | { readonly kind: 'disconnected'; readonly reason: CloseReason }
  | { readonly kind: 'reconnecting'; readonly attempt: ReconnectAttempt }
  | { readonly kind: 'transfer-begun'; readonly transfer: TransferSnapshot }
  | { readonly kind: 'transfer-progress'; readonly transfer: TransferSnapshot }
  | { readonly kind: 'transfer-ended'; readonly transfer: TransferSnapshot; readonly outcome: TransferOutcome }
  /** It could not be begun. */
  | { readonly kind: 'transfer-refused'; readonly key: number; readonly error: unknown }
  | { readonly kind: 'closed'; readonly reason: CloseReason; readonly last: LastWords }
  /** Asks the user's thread for something that only that has. */
  | { readonly kind: 'ask'; readonly id: number; readonly question: string; readonly argument: unknown }
  /** Something that not every session tells. */
  | { readonly kind: 'told'; readonly topic: string; readonly detail: unknown }
  | ({ readonly kind: 'settled'; readonly id: number } & Settled);

/** How a call or a question ended: `error` in the form of `toCloneable`, if it did not end well. */
export interface Settled {
  readonly error?: unknown;
  readonly value?: unknown;
}

/** What there is to know of a session at any time. */
export type SessionState = Pick<SessionBackend, ToldProperty>;

type ToldProperty =
  | 'sessionId'
  | 'machineId'
  | 'remoteAddress'
  | 'remotePort'
  | 'isOpen'
  | 'isSuspended'
  | 'blockSizeBytes'
  | 'maxMessageBytes';

/** What is left of a session. */
export interface LastWords {
  readonly deliveries: readonly ChannelDelivery[];
  readonly stats: RemoteStats;
}

export type RemoteStats = Omit<SessionStats, 'transfers'>;

/** Where a channel's queue stands, of all that was sent to the session's thread for it. */
export interface QueueReport {
  readonly channel: number;
  /** Messages that have been taken into the queue since the last report are with the network now. */
  readonly writtenMessages: number;
  readonly acceptedMessages: number;
  readonly acceptedBytes: number;
  /** Of those, the bytes that have left the queue; it stays where it is when the session ends. */
  readonly takenBytes: number;
  /** What waits now. */
  readonly queuedBytes: number;
  /** Messages that the peer's application is known to be done with. */
  readonly consumedMessages: number;
}

/** How a transfer stands. */
export interface TransferSnapshot {
  /** Above 0 for one that the user's thread has begun, below for another. */
  readonly key: number;
  readonly id: number;
  readonly direction: TransferDirection;
  readonly name: string;
  readonly state: TransferState;
  readonly progress: TransferProgress;
  readonly resumedFromBytes: number;
  readonly restartReason: string | undefined;
  readonly isPausedByPeer: boolean;
  readonly sending: TransferSending | undefined;
}

/** @see Settled */
export interface TransferOutcome {
  readonly result?: TransferResult;
  readonly error?: unknown;
}
