import { requireBoolean, requireFunction, requireInteger, requireOptions, requireRate } from '@tcpcomm/protocol';
import { resolveSessionOptions, type SessionOptions, type SessionSetup } from '@tcpcomm/session';
import type { ServerSession } from './server-session.ts';

/** Takes a message; when it returns a promise, the channel's next message waits for that, and so does its sender's credit. */
export type ServerMessageHandler = (bytes: Uint8Array, channel: number, session: ServerSession) => unknown;

/** The classic callback: messages on their channels, notices as UTF-8 text on channel 255. */
export type ServerCallback = (bytes: Uint8Array, sessionId: number, channel: number) => unknown;

export interface ServerOptions extends SessionOptions {
  /**
   * What each session may send and receive together, bytes a second; 0 or Infinity for no limit. Aligned as
   * `alignBytesPerSecond` says. Default 9,000,000.
   */
  readonly bytesPerSecond?: number;
  /** What all sessions may send and receive together, shared fairly by their weights; 0 or Infinity, the default, for no limit. */
  readonly totalBytesPerSecond?: number;
  /** Whether clients whose machine id is blank or in use are refused. Default true. */
  readonly enforceUniqueMachineIds?: boolean;
  /** How many sessions there may be at a time, 1 to 1,000,000. Default 10,000. */
  readonly maxSessions?: number;
  /** How long a client may take to introduce itself, 1 ms and up. Default 10 s. */
  readonly handshakeTimeoutMs?: number;
  /** Takes messages, beside listeners of the event `message`; may be asynchronous. */
  readonly onMessage?: ServerMessageHandler;
}

/** Options with all defaults filled in. */
export interface ServerSetup {
  readonly session: SessionSetup;
  readonly bytesPerSecond: number;
  readonly totalBytesPerSecond: number;
  readonly enforceUniqueMachineIds: boolean;
  readonly maxSessions: number;
  readonly handshakeTimeoutMs: number;
  readonly onMessage: ServerMessageHandler | undefined;
}

const MAX_SESSIONS = 1_000_000;
const MAX_DURATION_MS = 2 ** 31 - 1;

/** @throws UsageError that names the option, its range and what came */
export function resolveServerOptions(options: ServerOptions): ServerSetup {
  requireOptions('options', options);
  const {
    bytesPerSecond = 9_000_000,
    totalBytesPerSecond = Infinity,
    enforceUniqueMachineIds = true,
    maxSessions = 10_000,
    handshakeTimeoutMs = 10_000,
    onMessage,
  } = options;
  requireRate('bytesPerSecond', bytesPerSecond);
  requireRate('totalBytesPerSecond', totalBytesPerSecond);
  requireBoolean('enforceUniqueMachineIds', enforceUniqueMachineIds);
  requireInteger('maxSessions', maxSessions, 1, MAX_SESSIONS);
  requireInteger('handshakeTimeoutMs', handshakeTimeoutMs, 1, MAX_DURATION_MS);
  if (onMessage !== undefined) requireFunction('onMessage', onMessage);
  const session = resolveSessionOptions(options);
  return {
    session,
    bytesPerSecond,
    totalBytesPerSecond,
    enforceUniqueMachineIds,
    maxSessions,
    handshakeTimeoutMs,
    onMessage,
  };
}
