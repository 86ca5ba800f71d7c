/** What one end decides for itself; the peer need not know. Every bound here is on the page docs/LIMITS.md. */
export interface EngineSettings {
  /** Bytes in a channel's queue above which a message is refused. */
  readonly maxQueuedBytes: number;
  /** Within these bounds the bytes in flight (sent, and not acknowledged by the peer) follow the link. */
  readonly minInFlightBytes: number;
  readonly maxInFlightBytes: number;
  /** Bytes that messages larger than their channel's window may hold together while they arrive. */
  readonly assemblyBudgetBytes: number;
  /** Transfers that each side may have begun and not ended. */
  readonly maxTransfers: number;
  /** Silence after which a ping is sent. */
  readonly keepAliveIntervalMs: number;
  /** Silence after which the peer counts as gone. */
  readonly keepAliveTimeoutMs: number;
  /** For how long the peer may acknowledge nothing of what is in flight. */
  readonly writeStallTimeoutMs: number;
  /** How long this end goes on sending what it has queued after the peer has said goodbye. */
  readonly farewellDrainMs: number;
  /** How long a goodbye waits for the peer's answer while nothing comes; while something does, `farewellDrainMs` longer. */
  readonly farewellReplyMs: number;
}

export const DEFAULT_ENGINE_SETTINGS: EngineSettings = {
  maxQueuedBytes: 134_217_728,
  minInFlightBytes: 32_768,
  maxInFlightBytes: 16_777_216,
  assemblyBudgetBytes: 134_217_728,
  maxTransfers: 64,
  keepAliveIntervalMs: 45_000,
  keepAliveTimeoutMs: 75_000,
  writeStallTimeoutMs: 30_000,
  farewellDrainMs: 3_000,
  farewellReplyMs: 1_000,
};
