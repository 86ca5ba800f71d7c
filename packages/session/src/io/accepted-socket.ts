import { Socket } from 'node:net';
import { SocketReading } from './socket-reading.ts';

/** A socket that a server has accepted, and how it is read. */
export interface AcceptedSocket {
  readonly socket: Socket;
  /** Undefined where it is read by its events. */
  readonly reading: SocketReading | undefined;
}

/** What Node keeps of a connection in a socket. Not documented, and the same for as long as there have been sockets. */
interface HandleOwner extends Socket {
  _handle: object | null | undefined;
}

/**
 * Prepares an accepted socket for reading into memory of one's own, which takes a fraction of the time that its `data` events do.
 * Node has the option `onread` only for sockets that a program makes itself, so the connection is put into one of those. Where
 * that cannot be done it is read by its events.
 *
 * @param accepted by a server with `pauseOnConnect`, so that nothing of it has been read; not to be used any more
 */
export function prepareAccepted(accepted: Socket): AcceptedSocket {
  const owner = accepted as HandleOwner;
  const handle = owner._handle;
  if (!handle) {
    accepted.resume();
    return { socket: accepted, reading: undefined };
  }
  owner._handle = null;
  const reading = new SocketReading();
  const socket = new Socket({ handle, allowHalfOpen: true, onread: reading.onread } as ConstructorParameters<
    typeof Socket
  >[0]);
  accepted.destroy();
  return { socket, reading };
}
