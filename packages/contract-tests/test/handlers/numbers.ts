// Handlers that answer each message with itself, and are done with it when the answer has been taken; but for one that they do not survive.
import type { ServerSession } from '@tcpcomm/server';

export async function onMessage(bytes: Uint8Array, channel: number, session: ServerSession): Promise<void> {
  if (channel === 2) setImmediate(fail);
  else await session.sendBytes(bytes, channel, { confirm: true });
}

function fail(): never {
  throw new Error('a bug in a handler');
}
