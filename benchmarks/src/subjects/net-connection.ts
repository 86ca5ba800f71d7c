import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Endpoint, Serving } from '../harness/subject.ts';

/** What a raw connection reads into; larger ones were no faster. */
export const READ_BUFFER_BYTES = 65_536;

/** Listens with `node:net`. */
export async function serveNet(handleSocket: (socket: Socket) => void): Promise<Serving> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined); // the client's end tells what became of the connection
    handleSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: { host: '127.0.0.1', port },
    close: async () => {
      server.close();
    },
  };
}

/**
 * Connects with `onread` and a buffer of one's own: of all that `node:net` has, what reads fastest.
 *
 * @param roomForNext where the next bytes are to be read to; default: always the same buffer
 */
export async function connectNet(
  { host, port }: Endpoint,
  handleBytes: (bytes: Uint8Array) => void,
  roomForNext?: () => Uint8Array,
): Promise<Socket> {
  const socket = connect({
    host,
    port,
    noDelay: true,
    onread: {
      buffer: roomForNext ?? Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
      callback: (length, buffer) => {
        handleBytes(buffer.subarray(0, length));
        return true;
      },
    },
  });
  await once(socket, 'connect');
  return socket;
}
