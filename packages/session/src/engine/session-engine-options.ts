import type { Identified, Settings } from '@tcpcomm/protocol';
import type { Conversation } from './conversation.ts';
import type { CloseReason } from './ending/close-reason.ts';
import type { Role } from './role.ts';
import type { SessionThrottle } from './session-throttle.ts';
import type { TransferIds } from './transfers/transfer-ids.ts';
import type { TransferEvents } from './transfers/transfer-exchange.ts';

/** What a session tells its owner. Each is called while bytes are being received or sent, so the owner must not throw what is not said here. */
export interface SessionEvents {
  /** A whole message; `consume` with the same `creditBytes` when the application is done with it, in the order of arrival. */
  onMessage(channel: number, bytes: Uint8Array, creditBytes: number): void;
  /** So many more messages of that channel are with the kernel. */
  onMessagesWritten(channel: number, messages: number): void;
  /** The server has changed the rate or the block size. */
  onSettings(settings: Settings): void;
  /**
   * The client wants another machine id.
   *
   * @param answer to be called once, in the order of the wishes; of no effect when it comes too late
   * @throws ProtocolError for one wish too many
   */
  onIdentify(machineId: string, answer: (identified: Identified) => void): void;
  /** The server's answer to that. */
  onIdentified(answer: Identified): void;
  /** The connection is lost, and another one may carry the session on: messages wait, transfers are interrupted. */
  onLost(reason: CloseReason): void;
  /** The session is over, and the connection with it. All that waited has been settled. */
  onClosed(reason: CloseReason): void;
}

export interface SessionEngineOptions {
  readonly role: Role;
  /** What the connection carries. */
  readonly conversation: Conversation;
  /** Whether the session outlives a connection that is lost. */
  readonly isResumable: boolean;
  /** For the transfers that this side begins. */
  readonly transferIds: TransferIds;
  /** What the bytes of both directions pass. */
  readonly throttle: SessionThrottle;
  readonly blockSizeBytes: number;
  readonly events: SessionEvents;
  readonly transferEvents: TransferEvents;
  readonly nowMs: number;
}
