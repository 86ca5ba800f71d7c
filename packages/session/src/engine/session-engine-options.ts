import type { ReceiveLimits, Settings } from '@tcpcomm/protocol';
import type { CloseReason } from './ending/close-reason.ts';
import type { EngineSettings } from './engine-settings.ts';
import type { AllocateBytes } from './receiving/message-memory.ts';
import type { Role } from './role.ts';
import type { SessionThrottle } from './session-throttle.ts';
import type { TransferEvents } from './transfers/transfer-exchange.ts';

/** What a session tells its owner. Each is called while bytes are being received or sent, so the owner must not throw. */
export interface SessionEvents extends TransferEvents {
  /** A whole message; `consume` with the same `creditBytes` when the application is done with it, in the order of arrival. */
  onMessage(channel: number, bytes: Uint8Array, creditBytes: number): void;
  /** So many more messages of that channel are with the kernel. */
  onMessagesWritten(channel: number, messages: number): void;
  /** The server has changed the rate or the block size. */
  onSettings(settings: Settings): void;
  /** The session is over, exactly once. All that waited has been settled. */
  onClosed(reason: CloseReason): void;
}

export interface SessionEngineOptions {
  readonly role: Role;
  /** What this side announced that it takes, and what the peer announced. */
  readonly localLimits: ReceiveLimits;
  readonly remoteLimits: ReceiveLimits;
  readonly settings: EngineSettings;
  /** What the bytes of both directions pass. */
  readonly throttle: SessionThrottle;
  readonly blockSizeBytes: number;
  readonly events: SessionEvents;
  /** Where memory for messages comes from that did not arrive in one piece. Default: new and zeroed. */
  readonly allocate?: AllocateBytes;
  readonly nowMs: number;
}
