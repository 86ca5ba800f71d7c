import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { createSessionsSubject } from './sessions-subject.ts';

/** `socket.io` over WebSocket only, no compression; each session has a connection of its own. */
export const subject = createSessionsSubject({
  async listen(host, answer) {
    let acceptedCount = 0;
    const httpServer = createServer();
    const server = new Server(httpServer, { transports: ['websocket'], perMessageDeflate: false, serveClient: false });
    server.on('connection', (socket) => {
      acceptedCount += 1;
      socket.on('message', (bytes: Buffer) => socket.emit('message', bytes));
      socket.on('question', (question: string, reply: (text: string) => void) => void answer(question).then(reply));
    });
    httpServer.listen(0, host);
    await once(httpServer, 'listening');
    return {
      port: (httpServer.address() as AddressInfo).port,
      get openCount() {
        return server.engine.clientsCount;
      },
      get acceptedCount() {
        return acceptedCount;
      },
      close: () => server.close(),
    };
  },

  async connect({ host, port }, hear) {
    const socket = io(`http://${host}:${port}`, { transports: ['websocket'], reconnection: false, forceNew: true });
    socket.on('message', (bytes: Buffer) => hear(bytes));
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
    return {
      send: (message) => socket.emit('message', message),
      ask: (question) => socket.emitWithAck('question', question) as Promise<string>,
      close: () =>
        new Promise((resolve) => {
          socket.io.engine.once('close', () => resolve());
          socket.close();
        }),
    };
  },
});
