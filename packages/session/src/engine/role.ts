import { FILE_TO_CLIENT_CHANNEL, FILE_TO_SERVER_CHANNEL } from '@tcpcomm/protocol';

/** Which end of the connection this is. Everything that differs between the two is decided from this value. */
export type Role = 'client' | 'server';

/** The channel that labels file bytes sent by this end. */
export function outgoingFileChannel(role: Role): number {
  return role === 'client' ? FILE_TO_SERVER_CHANNEL : FILE_TO_CLIENT_CHANNEL;
}

/** The channel that labels file bytes received by this end. */
export function incomingFileChannel(role: Role): number {
  return role === 'client' ? FILE_TO_CLIENT_CHANNEL : FILE_TO_SERVER_CHANNEL;
}

/** Transfers begun by the client have odd ids, those begun by the server even ones (docs/PROTOCOL.md §9). */
export function firstTransferId(role: Role): number {
  return role === 'client' ? 1 : 2;
}

/** Whether a transfer with this id was begun by this end. */
export function isOwnTransferId(role: Role, id: number): boolean {
  return id % 2 === firstTransferId(role) % 2;
}
