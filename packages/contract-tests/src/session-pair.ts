import { once } from 'node:events';
import { type ClientOptions, type ConnectOptions, TcpCommClient } from '@tcpcomm/client';
import { type ServerOptions, type ServerSession, TcpCommServer } from '@tcpcomm/server';
import type { Session, SessionOptions } from '@tcpcomm/session';

export type End = 'client' | 'server';
/** For `describe.each`: what is promised of a session holds whichever end it is at. */
export const ENDS: readonly End[] = ['client', 'server'];

export interface PairOptions {
  /** For both ends. */
  readonly session?: SessionOptions;
  readonly server?: ServerOptions;
  readonly client?: ClientOptions;
  readonly connect?: ConnectOptions;
  /** Where the client finds the server, given its port; for a relay in between. */
  readonly route?: (port: number) => Promise<number>;
}

/** A server and a client that are connected on real sockets. Disposed of, both are closed at once. */
export interface SessionPair extends AsyncDisposable {
  readonly server: TcpCommServer;
  readonly client: TcpCommClient;
  /** The server's end of the client's session. */
  readonly serverSession: ServerSession;
  readonly port: number;
}

/** Connects a client and a server, which limits no rate unless told to. A connection that is lost stays lost, unless the client is told to. */
export async function connectPair(options: PairOptions = {}): Promise<SessionPair> {
  const { session = {}, server: serverOptions = {}, client: clientOptions = {}, route } = options;
  const server = new TcpCommServer({ bytesPerSecond: 0, ...session, ...serverOptions });
  const { port } = await server.start({ port: 0, host: '127.0.0.1' });
  const client = new TcpCommClient({ autoReconnect: false, ...session, ...clientOptions });
  const accepted = once(server, 'session') as Promise<[ServerSession]>;
  await client.connect('127.0.0.1', route ? await route(port) : port, options.connect);
  const [serverSession] = await accepted;
  return {
    server,
    client,
    serverSession,
    port,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([client.close({ drainMs: 0 }), server.close({ drainMs: 0 })]);
    },
  };
}

/** The pair as seen from one end. */
export function endsOf(pair: SessionPair, end: End): { readonly local: Session; readonly remote: Session } {
  return end === 'client'
    ? { local: pair.client, remote: pair.serverSession }
    : { local: pair.serverSession, remote: pair.client };
}
