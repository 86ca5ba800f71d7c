import { Socket } from 'node:net';
import type { Transferable } from 'node:worker_threads';
import { SocketReading } from './socket-reading.ts';

/**
 * What Node.js keeps of a connection in a socket. Not documented, and the same for as long as there have been sockets. It can be put into
 * another socket, and as of Node.js 24.21 it can be posted to another thread.
 */
export interface SocketHandle {
  readStop(): number;
  close(): void;
}

/** A socket that a server has accepted, and how it is read. */
export interface AcceptedSocket {
  readonly socket: Socket;
  /** Undefined where it is read by its events. */
  readonly reading: SocketReading | undefined;
}

interface HandleOwner extends Socket {
  _handle: SocketHandle | null | undefined;
}

/** Whether connections can go from one thread to another on this Node.js: its sockets know how they are posted. */
export const CAN_MOVE_SOCKETS = Object.getOwnPropertySymbols(Socket.prototype).some(
  ({ description }) => description === 'messaging_transfer_symbol',
);

/**
 * Prepares an accepted socket for reading into memory of one's own, which takes a fraction of the time that its `data` events do.
 * Node has the option `onread` only for sockets that a program makes itself, so the connection is put into one of those. Where
 * that cannot be done it is read by its events.
 *
 * @param accepted by a server with `pauseOnConnect`, so that nothing of it has been read; not to be used any more
 */
export function prepareAccepted(accepted: Socket): AcceptedSocket {
  const handle = takeHandle(accepted);
  if (handle) return openHandle(handle);
  accepted.resume();
  return { socket: accepted, reading: undefined };
}

/** Takes the connection out of a socket, which is closed then; undefined where it is kept somewhere else, and stays there. */
export function takeHandle(socket: Socket): SocketHandle | undefined {
  const owner = socket as HandleOwner;
  const handle = owner._handle;
  if (!handle) return undefined;
  handle.readStop();
  owner._handle = null;
  socket.destroy();
  return handle;
}

/** Puts a connection into a socket of its own, to be read into memory of one's own. */
export function openHandle(handle: SocketHandle): AcceptedSocket {
  const reading = new SocketReading();
  const options: object = { handle, allowHalfOpen: true, onread: reading.onread };
  return { socket: new Socket(options), reading };
}

/** For the list of what is posted to another thread and is not here any more then. */
export function transferableOf(handle: SocketHandle): Transferable {
  return handle as unknown as Transferable;
}
