// What the servers of the threads suite do with messages, on the thread that made them or on their workers.
import type { ServerSession } from '@tcpcomm/server';
import { handleMessage } from './tcpcomm-message-handler.ts';

/** Here a message is a number of milliseconds, as text, that its answer takes to compute. */
export const COMPUTING_CHANNEL = 3;

export function onMessage(bytes: Uint8Array, channel: number, session: ServerSession): void {
  if (channel === COMPUTING_CHANNEL) {
    compute(Number(Buffer.from(bytes).toString()));
    void session.sendBytes(bytes, channel);
  } else handleMessage(bytes, channel, session);
}

/** As a program that renders, compresses or validates does. */
function compute(durationMs: number): void {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs);
}
