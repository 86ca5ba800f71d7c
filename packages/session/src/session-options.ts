import {
  DEFAULT_RECEIVE_LIMITS,
  MAX_ANNOUNCED_BYTES,
  type ReceiveLimits,
  requireInteger,
  UsageError,
} from '@tcpcomm/protocol';
import { DEFAULT_ENGINE_SETTINGS, type EngineSettings } from './engine/engine-settings.ts';
import { type FileAccessOptions, requireFileAccess } from './io/transfer-options.ts';

/** What client and server have in common to set for their sessions. */
export interface SessionOptions {
  /** The largest message that this end takes, 1 byte to 1 TiB. Default 64 MiB. */
  readonly maxMessageBytes?: number;
  /** Bytes that may wait on one channel for this end's application, 64 KiB to 1 TiB. Default 1 MiB. */
  readonly channelWindowBytes?: number;
  /** Bytes that may wait to be sent on one channel before `send` refuses more, 1 byte and up. Default 128 MiB. */
  readonly maxQueuedBytes?: number;
  /** Silence after which the peer is asked whether it is there, 1 ms and up; a server waits a fifth longer. Default 45 s. */
  readonly keepAliveIntervalMs?: number;
  /** Silence after which the peer counts as gone, 1 ms and up. Default 75 s. */
  readonly keepAliveTimeoutMs?: number;
  /**
   * The least that may be in flight (sent, and not acknowledged by the peer's program), 4 KiB to 1 TiB. Default 32 KiB. Between
   * this and `maxInFlightBytes` it follows the link, so that a message does not wait behind a file in the kernel's buffers; both
   * at 1 TiB switch that off.
   */
  readonly minInFlightBytes?: number;
  /** The most that may be in flight, `minInFlightBytes` to 1 TiB. Default 16 MiB, enough for 1 Gbit/s at 100 ms. */
  readonly maxInFlightBytes?: number;
  /** How long the peer may acknowledge nothing of what is in flight, 1 ms and up. Default 30 s. */
  readonly writeStallTimeoutMs?: number;
  /** What of this machine the peer may reach. Without it, nothing. */
  readonly files?: FileAccessOptions;
}

/** Options with all defaults filled in, as the engine wants them. */
export interface SessionSetup {
  readonly limits: ReceiveLimits;
  readonly engine: EngineSettings;
  readonly files: FileAccessOptions | undefined;
}

/** A frame of the smallest size. */
const MIN_IN_FLIGHT_BYTES = 4_096;
const MAX_DURATION_MS = 2 ** 31 - 1;

/** @throws UsageError that names the option, its range and what came */
export function resolveSessionOptions(options: SessionOptions): SessionSetup {
  const limits: ReceiveLimits = {
    ...DEFAULT_RECEIVE_LIMITS,
    maxMessageBytes: options.maxMessageBytes ?? DEFAULT_RECEIVE_LIMITS.maxMessageBytes,
    channelWindowBytes: options.channelWindowBytes ?? DEFAULT_RECEIVE_LIMITS.channelWindowBytes,
  };
  const engine: EngineSettings = {
    ...DEFAULT_ENGINE_SETTINGS,
    maxQueuedBytes: options.maxQueuedBytes ?? DEFAULT_ENGINE_SETTINGS.maxQueuedBytes,
    keepAliveIntervalMs: options.keepAliveIntervalMs ?? DEFAULT_ENGINE_SETTINGS.keepAliveIntervalMs,
    keepAliveTimeoutMs: options.keepAliveTimeoutMs ?? DEFAULT_ENGINE_SETTINGS.keepAliveTimeoutMs,
    minInFlightBytes: options.minInFlightBytes ?? DEFAULT_ENGINE_SETTINGS.minInFlightBytes,
    maxInFlightBytes: options.maxInFlightBytes ?? DEFAULT_ENGINE_SETTINGS.maxInFlightBytes,
    writeStallTimeoutMs: options.writeStallTimeoutMs ?? DEFAULT_ENGINE_SETTINGS.writeStallTimeoutMs,
  };
  requireInteger('maxMessageBytes', limits.maxMessageBytes, 1, MAX_ANNOUNCED_BYTES);
  requireInteger('channelWindowBytes', limits.channelWindowBytes, 65_536, MAX_ANNOUNCED_BYTES);
  requireInteger('maxQueuedBytes', engine.maxQueuedBytes, 1, Number.MAX_SAFE_INTEGER);
  requireInteger('minInFlightBytes', engine.minInFlightBytes, MIN_IN_FLIGHT_BYTES, MAX_ANNOUNCED_BYTES);
  requireInteger('maxInFlightBytes', engine.maxInFlightBytes, engine.minInFlightBytes, MAX_ANNOUNCED_BYTES);
  requireInteger('writeStallTimeoutMs', engine.writeStallTimeoutMs, 1, MAX_DURATION_MS);
  requireInteger('keepAliveIntervalMs', engine.keepAliveIntervalMs, 1, MAX_DURATION_MS);
  requireInteger('keepAliveTimeoutMs', engine.keepAliveTimeoutMs, 1, MAX_DURATION_MS);
  if (engine.keepAliveTimeoutMs <= engine.keepAliveIntervalMs) {
    throw new UsageError(
      `keepAliveTimeoutMs must be above keepAliveIntervalMs ${engine.keepAliveIntervalMs}, got ${engine.keepAliveTimeoutMs}`,
    );
  }
  requireFileAccess(options.files);
  return { limits, engine, files: options.files };
}
