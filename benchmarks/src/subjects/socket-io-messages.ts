import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { io } from 'socket.io-client';
import type { Subject } from '../harness/subject.ts';
import { Arrival } from '../measure/arrival.ts';
import { RoundTrips } from '../measure/round-trips.ts';
import { arrivalRates, createPayload, type MessageLoad } from './message-load.ts';

/** `emit` has no back-pressure; after so many messages the sender waits until the connection below has written all of them. */
const MESSAGES_IN_BATCH = 500;

/** `socket.io` over WebSocket only, no compression. */
export const subject: Subject<MessageLoad> = {
  async serve({ messageBytes }) {
    const payload = createPayload(messageBytes);
    const httpServer = createServer();
    const server = new Server(httpServer, { transports: ['websocket'], perMessageDeflate: false, serveClient: false });
    server.on('connection', (socket) => {
      socket.on('order', (count: number) => void sendMany(socket, payload, count));
      socket.on('data', (bytes: Buffer) => socket.emit('data', bytes));
    });
    httpServer.listen(0, '127.0.0.1');
    await once(httpServer, 'listening');
    return {
      endpoint: { host: '127.0.0.1', port: (httpServer.address() as AddressInfo).port },
      close: () => server.close(),
    };
  },

  async drive({ pattern, messageBytes }, { host, port }) {
    const payload = createPayload(messageBytes);
    const arrival = new Arrival();
    const roundTrips = new RoundTrips(() => socket.emit('data', payload));
    const socket = io(`http://${host}:${port}`, {
      transports: ['websocket'],
      reconnection: false,
    });
    socket.on('data', pattern === 'one-way' ? () => arrival.add(1) : () => roundTrips.handleReply());
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
    return {
      run: async (load) => {
        if (load.pattern === 'round-trip') return roundTrips.run(load.count);
        const arrived = arrival.expect(load.count);
        socket.emit('order', load.count);
        return arrivalRates(load, await arrived);
      },
      close: async () => {
        socket.close();
      },
    };
  },
};

async function sendMany(socket: Socket, payload: Buffer, count: number): Promise<void> {
  for (let sent = 1; sent <= count; sent += 1) {
    socket.emit('data', payload);
    if (sent % MESSAGES_IN_BATCH === 0) await bufferEmpty(socket);
  }
}

function bufferEmpty(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.conn.once('drain', resolve);
  });
}
