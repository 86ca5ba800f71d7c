import { type ClientOptions, TcpCommClient } from '@tcpcomm/client';
import { ConnectionRejectedError } from '@tcpcomm/protocol';
import { type RejectedConnection, type ServerOptions, TcpCommServer } from '@tcpcomm/server';

/** A server that listens on this machine, and whom it has turned away. */
export interface StartedServer extends AsyncDisposable {
  readonly server: TcpCommServer;
  readonly port: number;
  readonly rejected: RejectedConnection[];
}

/** Starts a server that limits no rate unless told to. */
export async function startServer(options: ServerOptions = {}): Promise<StartedServer> {
  const server = new TcpCommServer({ bytesPerSecond: 0, ...options });
  const { port } = await server.start({ port: 0, host: '127.0.0.1' });
  const rejected: RejectedConnection[] = [];
  server.on('rejected', (connection) => rejected.push(connection));
  return { server, port, rejected, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** A client that such a server has let in; one that cannot connect is closed. */
export async function connectClient(port: number, options: ClientOptions = {}): Promise<TcpCommClient> {
  const client = new TcpCommClient(options);
  try {
    await client.connect('127.0.0.1', port);
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}

/** Why such a server does not let a client in, which is closed then. */
export async function refusalOf(port: number, options: ClientOptions = {}): Promise<ConnectionRejectedError> {
  await using client = new TcpCommClient(options);
  try {
    await client.connect('127.0.0.1', port);
  } catch (error) {
    if (error instanceof ConnectionRejectedError) return error;
    throw error;
  }
  throw new Error('it has been let in');
}
