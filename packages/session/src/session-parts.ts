import type { ReceiveLimits, Settings } from '@tcpcomm/protocol';
import type { TokenBucket } from '@tcpcomm/throttle';
import { Conversation } from './engine/conversation.ts';
import type { Role } from './engine/role.ts';
import { SessionThrottle } from './engine/session-throttle.ts';
import { TransferIds } from './engine/transfers/transfer-ids.ts';
import { FileExchange } from './io/file-exchange.ts';
import { allocateForReceived } from './io/memory.ts';
import type { FileExchangeEvents } from './io/transfer-courses.ts';
import type { SessionSetup } from './session-options.ts';

/** What the handshake has settled. */
export interface SessionTerms {
  readonly role: Role;
  readonly sessionId: number;
  readonly machineId: string;
  readonly remoteLimits: ReceiveLimits;
  readonly pace: Settings;
  /** Whether the session outlives its connection: both ends can take it up again. */
  readonly isResumable: boolean;
  /** What the session's rate is a share of; at a server only. */
  readonly total?: TokenBucket;
}

/** What of a session outlives its connections. */
export interface SessionParts {
  readonly conversation: Conversation;
  readonly throttle: SessionThrottle;
  readonly files: FileExchange;
  readonly transferIds: TransferIds;
}

/** What a session begins with, when its first handshake is complete. */
export function createSessionParts(terms: SessionTerms, setup: SessionSetup, events: FileExchangeEvents): SessionParts {
  const { role, remoteLimits, pace, total } = terms;
  const { limits: localLimits, engine: settings } = setup;
  return {
    conversation: new Conversation({ localLimits, remoteLimits, settings, allocate: allocateForReceived }),
    throttle: new SessionThrottle({ bytesPerSecond: pace.bytesPerSecond ?? Infinity, total }),
    transferIds: new TransferIds(role),
    files: new FileExchange(role, setup.files, events),
  };
}
