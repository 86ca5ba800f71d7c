import type { ReceiveLimits } from '@tcpcomm/protocol';
import { TokenBucket } from '@tcpcomm/throttle';
import type { EngineSettings } from '../../src/engine/engine-settings.ts';
import type { Role } from '../../src/engine/role.ts';
import { SessionEngine, type SessionEvents } from '../../src/engine/session-engine.ts';

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
  inFlightBytes: 100_000,
  assemblyBudgetBytes: 300_000,
  maxTransfers: 6,
  keepAliveIntervalMs: Infinity,
  keepAliveTimeoutMs: Infinity,
  farewellDrainMs: 3_000,
  farewellReplyMs: 1_000,
};

export interface EngineOptions {
  readonly settings?: Partial<EngineSettings>;
  readonly localLimits?: Partial<ReceiveLimits>;
  readonly remoteLimits?: Partial<ReceiveLimits>;
  readonly bytesPerSecond?: number;
  readonly blockSizeBytes?: number;
}

export const BLOCK_BYTES = 16_384;

export function createEngine(role: Role, events: SessionEvents, options: EngineOptions = {}, nowMs = 0): SessionEngine {
  return new SessionEngine({
    role,
    events,
    localLimits: { ...SMALL_LIMITS, ...options.localLimits },
    remoteLimits: { ...SMALL_LIMITS, ...options.remoteLimits },
    settings: { ...QUIET_SETTINGS, ...options.settings },
    throttle: new TokenBucket({ bytesPerSecond: options.bytesPerSecond ?? Infinity }),
    blockSizeBytes: options.blockSizeBytes ?? BLOCK_BYTES,
    nowMs,
  });
}
