// Handlers that answer where they are: with the number of their thread, and with what they were told.
import { threadId } from 'node:worker_threads';
import type { CloseReason, FileTransfer, RequestContext } from '@tcpcomm/session';
import type { ServerSession } from '@tcpcomm/server';

/** What has happened on this thread, for whoever asks. */
const heard: string[] = [];

export function onSession(session: ServerSession): void {
  heard.push(`session ${session.machineId}`);
  session.on('connected', () => heard.push(`again ${session.machineId}`));
  // What it is asked here it asks in turn.
  session.onRequest(9, (bytes) => session.request(9, bytes));
}

export function onRequest(bytes: Uint8Array, { channel, session }: RequestContext): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  if (text === 'fail') throw new Error('a handler of requests has failed');
  return new TextEncoder().encode(JSON.stringify({ thread: threadId, channel, machineId: session.machineId, text }));
}

export async function onMessage(bytes: Uint8Array, channel: number, session: ServerSession): Promise<void> {
  const text = new TextDecoder().decode(bytes);
  if (text === 'fail') throw new Error('a handler has failed');
  if (text === 'block') for (;;) Math.random();
  if (text === 'crash') {
    setImmediate(() => {
      throw new Error('a bug in a handler');
    });
    return;
  }
  const answer = { thread: threadId, machineId: session.machineId, heard, text };
  await session.sendText(JSON.stringify(answer), channel);
}

export function onTransfer(transfer: FileTransfer): void {
  heard.push(`transfer ${transfer.name}`);
}

export function onSessionClosed(session: ServerSession, reason: CloseReason): void {
  heard.push(`closed ${session.machineId} ${reason.code}`);
  if (session.machineId === 'one') throw new Error('a handler of the end has failed');
}
