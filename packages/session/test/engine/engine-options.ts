import type { ReceiveLimits } from '@tcpcomm/protocol';
import { Conversation } from '../../src/engine/conversation.ts';
import type { EngineSettings } from '../../src/engine/engine-settings.ts';
import type { Role } from '../../src/engine/role.ts';
import { SessionEngine } from '../../src/engine/session-engine.ts';
import type { SessionEvents } from '../../src/engine/session-engine-options.ts';
import { SessionThrottle } from '../../src/engine/session-throttle.ts';
import type { TransferEvents } from '../../src/engine/transfers/transfer-exchange.ts';
import { TransferIds } from '../../src/engine/transfers/transfer-ids.ts';

/** The smallest windows that a side may announce, so that credit is soon used up. */
export const SMALL_LIMITS: ReceiveLimits = {
  maxFrameBytes: 65_536,
  maxMessageBytes: 1_000_000,
  channelWindowBytes: 65_536,
  transferWindowBytes: 65_536,
};

/** Without keepalive: when nothing is to be done, no deadline is left. */
export const QUIET_SETTINGS: EngineSettings = {
  maxQueuedBytes: 4_000_000,
  minInFlightBytes: 100_000,
  maxInFlightBytes: 100_000,
  assemblyBudgetBytes: 300_000,
  maxTransfers: 6,
  keepAliveIntervalMs: Infinity,
  keepAliveTimeoutMs: Infinity,
  writeStallTimeoutMs: Infinity,
  farewellDrainMs: 3_000,
  farewellReplyMs: 1_000,
};

/** Settings that hold what is in flight to this, whatever the link does. */
export function inFlightOf(bytes: number): Pick<EngineSettings, 'minInFlightBytes' | 'maxInFlightBytes'> {
  return { minInFlightBytes: bytes, maxInFlightBytes: bytes };
}

export interface EngineOptions {
  readonly settings?: Partial<EngineSettings>;
  readonly localLimits?: Partial<ReceiveLimits>;
  readonly remoteLimits?: Partial<ReceiveLimits>;
  readonly bytesPerSecond?: number;
  /** Instead of a rate: what both directions pass, where the test has a hand in it. */
  readonly throttle?: SessionThrottle;
  readonly blockSizeBytes?: number;
  /** What the connection goes on with; default: a new one. */
  readonly conversation?: Conversation;
  readonly isResumable?: boolean;
  readonly transferIds?: TransferIds;
}

export const BLOCK_BYTES = 16_384;

export function createEngine(
  role: Role,
  events: SessionEvents & TransferEvents,
  options: EngineOptions = {},
  nowMs = 0,
): SessionEngine {
  return new SessionEngine({
    role,
    events,
    transferEvents: events,
    conversation: options.conversation ?? createConversation(options),
    isResumable: options.isResumable ?? false,
    transferIds: options.transferIds ?? new TransferIds(role),
    throttle: options.throttle ?? new SessionThrottle({ bytesPerSecond: options.bytesPerSecond ?? Infinity }),
    blockSizeBytes: options.blockSizeBytes ?? BLOCK_BYTES,
    nowMs,
  });
}

export function createConversation(options: EngineOptions = {}): Conversation {
  return new Conversation({
    localLimits: { ...SMALL_LIMITS, ...options.localLimits },
    remoteLimits: { ...SMALL_LIMITS, ...options.remoteLimits },
    settings: { ...QUIET_SETTINGS, ...options.settings },
    allocate: (byteLength) => new Uint8Array(byteLength),
  });
}
