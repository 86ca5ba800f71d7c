import { randomUUID } from 'node:crypto';
import { MAX_MACHINE_ID_LENGTH, requireFunction, requireOptions, requireText } from '@tcpcomm/protocol';
import { resolveSessionOptions, type SessionOptions, type SessionSetup } from '@tcpcomm/session';
import type { TcpCommClient } from './tcp-comm-client.ts';

/** Takes a message; when it returns a promise, the channel's next message waits for that, and so does its sender's credit. */
export type ClientMessageHandler = (bytes: Uint8Array, channel: number, client: TcpCommClient) => unknown;

/** The classic callback: messages on their channels, notices as UTF-8 text on channel 255. */
export type ClientCallback = (bytes: Uint8Array, channel: number) => unknown;

export interface ClientOptions extends SessionOptions {
  /** What the server is to know this client by, at most 256 characters. Default: a random one. */
  readonly machineId?: string;
  /** Takes messages, beside listeners of the event `message`; may be asynchronous. */
  readonly onMessage?: ClientMessageHandler;
}

/** Options with all defaults filled in. */
export interface ClientSetup {
  readonly session: SessionSetup;
  readonly machineId: string;
  readonly onMessage: ClientMessageHandler | undefined;
}

/** @throws UsageError that names the option, its range and what came */
export function resolveClientOptions(options: ClientOptions): ClientSetup {
  requireOptions('options', options);
  const { machineId = randomUUID(), onMessage } = options;
  requireText('machineId', machineId, MAX_MACHINE_ID_LENGTH);
  if (onMessage !== undefined) requireFunction('onMessage', onMessage);
  return { session: resolveSessionOptions(options), machineId, onMessage };
}
