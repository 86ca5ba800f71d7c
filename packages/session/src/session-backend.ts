import type { FolderEntry, TcpCommError, WireError } from '@tcpcomm/protocol';
import type { ChannelOptions } from './channel-settings.ts';
import type { ChannelDelivery } from './engine/channel-table.ts';
import type { CloseReason } from './engine/ending/close-reason.ts';
import type { FileTransfer } from './file-transfer.ts';
import type { FileExchangeEvents } from './io/transfer-courses.ts';
import type { TransferRequest } from './io/transfer-request.ts';
import type { SendOptions } from './send-options.ts';
import type { ConnectionDetails, ReconnectAttempt } from './session-events.ts';
import type { SessionStats } from './session-stats.ts';

/**
 * What does the work of a `Session`: what its user calls comes here, and what happens goes to the `SessionBackendEvents`. Arguments have been
 * looked at before.
 */
export interface SessionBackend {
  readonly sessionId: number;
  readonly machineId: string;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly isOpen: boolean;
  readonly isSuspended: boolean;
  readonly blockSizeBytes: number;
  /** The largest message that the peer takes; 0 before there is a session. */
  readonly maxMessageBytes: number;
  /** Of messages that wait to be sent, all channels together. */
  readonly queuedBytes: number;
  queuedBytesOf(channel: number): number;
  /** What became of the messages that were sent, each channel; as far as it is known, which is all of it after an orderly end. */
  readonly deliveries: readonly ChannelDelivery[];
  /**
   * @param head what the message begins with, in front of the bytes; then both are copied, whatever their size
   * @throws LimitError, and why there is no session to send with
   */
  send(channel: number, bytes: Uint8Array, options: SendOptions | undefined, head?: Uint8Array): Promise<void>;
  /** @throws UsageError for an option out of its range */
  changeChannel(channel: number, options: ChannelOptions): void;
  /** The application is done with a message: the peer may send that much more. @param epoch that came with it */
  consume(channel: number, creditBytes: number, epoch: number): void;
  /** @throws LimitError, and why there is no session to begin it with */
  beginTransfer(request: TransferRequest, signal: AbortSignal | undefined): FileTransfer;
  /** @throws as `beginTransfer` */
  list(remotePath: string, isRecursive: boolean): Promise<FolderEntry[]>;
  stats(): Omit<SessionStats, 'transfers'>;
  /** Ends it in good order; `onClosed` tells when that is done. */
  close(code: WireError, message: string, drainMs: number): void;
  /** Ends it now. */
  destroy(error: TcpCommError): void;
}

/** What a session's backend tells. */
export interface SessionBackendEvents extends FileExchangeEvents {
  /** @param creditBytes what it costs of the channel's window until it is consumed */
  onMessage(channel: number, bytes: Uint8Array, creditBytes: number, epoch: number): void;
  /** So many messages of a channel are with the network. */
  onMessagesWritten(channel: number, messages: number): void;
  /** Rate or block size have changed. */
  onPace(): void;
  onConnected(details: ConnectionDetails): void;
  onDisconnected(reason: CloseReason): void;
  onReconnecting(attempt: ReconnectAttempt): void;
  /** It is over for good; the ends of its transfers are in this turn's microtasks. */
  onClosed(reason: CloseReason): void;
}
