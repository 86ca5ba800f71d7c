// Handlers that answer where they are: with the number of their thread, and with what they were told.
import { threadId } from 'node:worker_threads';
import type { CloseReason, FileTransfer } from '@tcpcomm/session';
import type { ServerSession } from '@tcpcomm/server';

/** What has happened on this thread, for whoever asks. */
const heard: string[] = [];

export function onSession(session: ServerSession): void {
  heard.push(`session ${session.machineId}`);
  session.on('connected', () => heard.push(`again ${session.machineId}`));
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
