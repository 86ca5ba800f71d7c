import { setTimeout as delay } from 'node:timers/promises';
import type { TcpCommClient } from '@tcpcomm/client';
import type { ServerSession } from '@tcpcomm/server';
import { machineMs } from '../measure/stamped-message.ts';
import { message } from './throttle-load.ts';

/** Where the messages flow that the throttle is measured with. */
export const DATA_CHANNEL = 1;
/** Where the client asks and the server answers, in JSON. */
export const CONTROL_CHANNEL = 2;

/** Sends messages as fast as there is room for them, until the session ends. */
export async function flow(sender: ServerSession | TcpCommClient): Promise<void> {
  try {
    for (;;) await sender.sendBytes(message, DATA_CHANNEL);
  } catch {
    // The measuring is over.
  }
}

/** Asks the server, who answers every question; one at a time. */
export async function ask<T>(client: TcpCommClient, question: unknown): Promise<T> {
  const answered = new Promise<T>((resolve) => {
    const handle = (bytes: Uint8Array, channel: number): void => {
      if (channel !== CONTROL_CHANNEL) return;
      client.off('message', handle);
      resolve(decode(bytes) as T);
    };
    client.on('message', handle);
  });
  await client.sendText(JSON.stringify(question), CONTROL_CHANNEL);
  return answered;
}

export function decode(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString());
}

export async function untilMachineMs(ms: number): Promise<void> {
  await delay(Math.max(0, ms - machineMs()));
}
