import type { Socket } from 'node:net';
import { type Hello, TimeoutError, type Welcome } from '@tcpcomm/protocol';
import { ClientHandshake, SocketReading, Transport } from '@tcpcomm/session';
import { dial } from './dial.ts';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** Takes over a connection whose handshake is complete, at once: what has come behind WELCOME belongs to the session. */
export type Enter = (transport: Transport, welcome: Welcome) => void;

/** A timer cannot be set for longer; 24 days are as good as for ever. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Opens a connection, says hello, and resolves when the server has accepted and `enter` has taken over.
 *
 * @throws ConnectionRejectedError when the server refuses, TcpCommError `ERR_TCPCOMM_CONNECT_FAILED` when nobody answers, ProtocolError when
 * something else does, TimeoutError, the reason of the signal, and what `enter` throws
 */
export async function introduce(
  { host, port }: ServerAddress,
  prepareHello: () => Promise<Hello>,
  timeoutMs: number,
  signal: AbortSignal,
  enter: Enter,
): Promise<void> {
  // AbortSignal.any would do the same, and is a twentieth of what it takes to connect.
  const attempt = new AbortController();
  const abort = () => {
    attempt.abort(signal.reason);
  };
  const expire = () => {
    attempt.abort(new TimeoutError(`not connected and accepted after ${timeoutMs} ms`, 'ERR_TCPCOMM_CONNECT_TIMEOUT'));
  };
  signal.throwIfAborted();
  signal.addEventListener('abort', abort, { once: true });
  const timer = timeoutMs > MAX_TIMER_MS ? undefined : setTimeout(expire, timeoutMs);
  try {
    const hello = await abortable(prepareHello(), attempt.signal);
    const reading = new SocketReading();
    const socket = await dial(host, port, reading, attempt.signal);
    await sayHello(socket, reading, hello, attempt.signal, enter);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

function sayHello(
  socket: Socket,
  reading: SocketReading,
  hello: Hello,
  stop: AbortSignal,
  enter: Enter,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      stop.removeEventListener('abort', abort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const abort = () => {
      transport.destroy();
      settle(stop.reason as Error);
    };
    const events = {
      onWelcome: (welcome: Welcome) => {
        try {
          enter(transport, welcome);
          settle();
        } catch (error) {
          transport.destroy();
          settle(error as Error);
        }
      },
      onFailed: settle,
    };
    // The time is watched here, where some of it was spent on the way.
    const handshake = new ClientHandshake(hello, events, Infinity, performance.now());
    const transport = new Transport(socket, handshake, reading);
    stop.addEventListener('abort', abort, { once: true });
    // It may have come since the socket connected.
    if (stop.aborted) abort();
  });
}

/** Settles as the work does, or rejects when the signal aborts. */
function abortable<Result>(work: Promise<Result>, stop: AbortSignal): Promise<Result> {
  stop.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(stop.reason as Error);
    };
    stop.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => {
      stop.removeEventListener('abort', abort);
    });
  });
}
