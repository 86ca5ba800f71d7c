import { connect, type Socket } from 'node:net';
import { TcpCommError } from '@tcpcomm/protocol';
import type { SocketReading } from '@tcpcomm/session';

/**
 * Opens a TCP connection to a DNS name, an IPv4 or an IPv6 address; where a name has several addresses they are tried in
 * turn (RFC 8305). When the signal aborts, the attempt ends and its reason is thrown.
 *
 * @throws TcpCommError `ERR_TCPCOMM_CONNECT_FAILED` when nobody answers there
 */
export function dial(host: string, port: number, reading: SocketReading, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // Who ends the connection first, and when, is for the session to decide.
    const socket = connect({ host, port, allowHalfOpen: true, autoSelectFamily: true, onread: reading.onread });
    const abort = () => {
      socket.destroy();
      reject(signal.reason as Error);
    };
    const fail = (cause: Error) => {
      signal.removeEventListener('abort', abort);
      reject(
        new TcpCommError('ERR_TCPCOMM_CONNECT_FAILED', `cannot connect to ${host}, port ${port}: ${causeText(cause)}`, {
          cause,
        }),
      );
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.removeListener('error', fail);
      signal.removeEventListener('abort', abort);
      resolve(socket);
    });
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

/** Several addresses that all failed come as an AggregateError without a text of its own. */
function causeText(cause: Error): string {
  if (cause instanceof AggregateError) return cause.errors.map((error: Error) => error.message).join(', ');
  return cause.message;
}
