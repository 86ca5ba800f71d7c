import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import type { Subject } from '../harness/subject.ts';
import { createPayload } from './message-load.ts';
import { type RequestLoad, runRequests } from './request-load.ts';

/** `socket.io` with acknowledgements, over WebSocket only, no compression. */
export const subject: Subject<RequestLoad> = {
  async serve() {
    const httpServer = createServer();
    const server = new Server(httpServer, { transports: ['websocket'], perMessageDeflate: false, serveClient: false });
    server.on('connection', (socket) => {
      socket.on('request', (bytes: Buffer, answer: (bytes: Buffer) => void) => answer(bytes));
    });
    httpServer.listen(0, '127.0.0.1');
    await once(httpServer, 'listening');
    return {
      endpoint: { host: '127.0.0.1', port: (httpServer.address() as AddressInfo).port },
      close: () => server.close(),
    };
  },

  async drive({ requestBytes }, { host, port }) {
    const payload = createPayload(requestBytes);
    const socket = io(`http://${host}:${port}`, { transports: ['websocket'], reconnection: false });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
    return {
      run: (load) => runRequests(load, () => socket.emitWithAck('request', payload) as Promise<Buffer>),
      close: async () => {
        socket.close();
      },
    };
  },
};
