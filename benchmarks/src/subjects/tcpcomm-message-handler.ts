import type { ServerSession } from '@tcpcomm/server';
import { createPayload } from './message-load.ts';

/** What comes here goes back. */
export const MESSAGES_CHANNEL = 1;
/** The client asks here for messages on the other channel: how many, and how large. */
export const ORDERS_CHANNEL = 2;
/** After so many bytes the sender waits until there is room in the queue. */
const BATCH_BYTES = 131_072;

/** What a server does with a message, whatever thread that is on. */
export function handleMessage(bytes: Uint8Array, channel: number, session: ServerSession): void {
  if (channel === ORDERS_CHANNEL) void sendMany(session, Buffer.from(bytes).toString());
  else void session.sendBytes(bytes, MESSAGES_CHANNEL);
}

/** What is to be said on the channel of orders. */
export function orderOf(count: number, messageBytes: number): string {
  return `${count} ${messageBytes}`;
}

async function sendMany(session: ServerSession, order: string): Promise<void> {
  const [count = 0, messageBytes = 0] = order.split(' ').map(Number);
  const payload = createPayload(messageBytes);
  const batch = Math.max(1, Math.floor(BATCH_BYTES / messageBytes));
  for (let sent = 1; sent <= count; sent += 1) {
    const roomy = session.sendBytes(payload, MESSAGES_CHANNEL);
    if (sent % batch === 0) await roomy;
  }
}
