import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { SessionClosedError, TcpCommError } from '@tcpcomm/protocol';
import type { ListeningPlace } from './front-door.ts';

export interface ListenerEvents {
  onSocket(socket: Socket): void;
  /** A connection could not be taken, for want of descriptors say; the next one may. */
  onError(error: Error): void;
}

/** The listening socket of a server: opened once, closed once. */
export class Listener {
  readonly #server: Server;
  readonly #events: ListenerEvents;
  #isClosed = false;

  constructor(events: ListenerEvents) {
    this.#events = events;
    // Who ends a connection first, and when, is for the session to decide.
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      events.onSocket(socket);
    });
  }

  /** Undefined while it does not listen. */
  get address(): AddressInfo | undefined {
    return (this.#server.address() as AddressInfo | null) ?? undefined;
  }

  /**
   * @throws TcpCommError `ERR_TCPCOMM_LISTEN_FAILED` when the address is not to be had, SessionClosedError when `close` is called
   * meanwhile
   */
  open({ port, host, isShared }: ListeningPlace): Promise<AddressInfo> {
    const server = this.#server;
    return new Promise((resolve, reject) => {
      // One that was closed could listen again.
      if (this.#isClosed) {
        reject(new SessionClosedError('the server was closed while it started'));
        return;
      }
      const fail = (cause: Error) => {
        const where = `${host ?? 'all addresses'}, port ${port}`;
        reject(new TcpCommError('ERR_TCPCOMM_LISTEN_FAILED', `cannot listen on ${where}: ${cause.message}`, { cause }));
      };
      const handleClose = () => {
        reject(new SessionClosedError('the server was closed while it started'));
      };
      server.once('error', fail);
      server.once('close', handleClose);
      server.listen({ port, host, reusePort: isShared }, () => {
        server.off('error', fail);
        server.off('close', handleClose);
        server.on('error', (error) => {
          this.#events.onError(error);
        });
        resolve(server.address() as AddressInfo);
      });
    });
  }

  /** Takes no more connections; those that there are stay. */
  close(): Promise<void> {
    this.#isClosed = true;
    return new Promise((resolve) => {
      // A server that never listened has nothing to stop; the callback comes all the same.
      this.#server.close(() => {
        resolve();
      });
    });
  }
}
