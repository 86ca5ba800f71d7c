import { randomUUID } from 'node:crypto';
import {
  MAX_CREDENTIALS_LENGTH,
  MAX_MACHINE_ID_LENGTH,
  requireBoolean,
  requireDurationMs,
  requireFunction,
  requireOptions,
  requireText,
} from '@tcpcomm/protocol';
import { resolveSessionOptions, type SessionOptions, type SessionSetup } from '@tcpcomm/session';
import type { TcpCommClient } from './tcp-comm-client.ts';

/** Takes a message; when it returns a promise, the channel's next message waits for that, and so does its sender's credit. */
export type ClientMessageHandler = (bytes: Uint8Array, channel: number, client: TcpCommClient) => unknown;

/** The classic callback: messages on their channels, notices as UTF-8 text on channel 255. */
export type ClientCallback = (bytes: Uint8Array, channel: number) => unknown;

export interface ClientOptions extends SessionOptions {
  /** What the server is to know this client by, at most 256 characters. Default: a random one. */
  readonly machineId?: string;
  /** What proves to the server who this client is, as its `authorize` wants it: at most 8,192 characters. A function is asked each time. */
  readonly auth?: string | (() => string | Promise<string>);
  /** Whether to connect again when the connection is lost, and to go on with the session where both ends can. Default true. */
  readonly autoReconnect?: boolean;
  /** How long to try that, 0 to Infinity. Default 30,000. */
  readonly reconnectDurationMs?: number;
  /**
   * Whether the connection, and all that is done for it, is on a thread of its own: what blocks this one delays its handlers and nothing else.
   * Default false.
   */
  readonly thread?: boolean;
  /** Takes messages, beside listeners of the event `message`; may be asynchronous. */
  readonly onMessage?: ClientMessageHandler;
}

/** Options with all defaults filled in. */
export interface ClientSetup {
  readonly session: SessionSetup;
  readonly machineId: string;
  readonly auth: ClientOptions['auth'];
  readonly autoReconnect: boolean;
  readonly reconnectDurationMs: number;
  readonly thread: boolean;
  readonly onMessage: ClientMessageHandler | undefined;
}

const DEFAULT_RECONNECT_MS = 30_000;

/** @throws UsageError that names the option, its range and what came */
export function resolveClientOptions(options: ClientOptions): ClientSetup {
  requireOptions('options', options);
  const { machineId = randomUUID(), auth, onMessage } = options;
  const { autoReconnect = true, reconnectDurationMs = DEFAULT_RECONNECT_MS, thread = false } = options;
  requireText('machineId', machineId, MAX_MACHINE_ID_LENGTH);
  if (auth !== undefined && typeof auth !== 'function') requireText('auth', auth, MAX_CREDENTIALS_LENGTH);
  requireBoolean('autoReconnect', autoReconnect);
  requireBoolean('thread', thread);
  requireDurationMs('reconnectDurationMs', reconnectDurationMs);
  if (onMessage !== undefined) requireFunction('onMessage', onMessage);
  const session = resolveSessionOptions(options);
  return { session, machineId, auth, autoReconnect, reconnectDurationMs, thread, onMessage };
}
