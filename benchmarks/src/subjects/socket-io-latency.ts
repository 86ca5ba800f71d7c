import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { io } from 'socket.io-client';
import type { Subject } from '../harness/subject.ts';
import { LatencyMeter } from '../measure/latency-meter.ts';
import { MessageTicker } from '../measure/message-ticker.ts';
import { type LatencyLoad, MESSAGE_INTERVAL_MS, sendingMs, settlingMs } from './latency-load.ts';
import { block } from './timed-blocks.ts';

/** `socket.io` over WebSocket only, no compression; the next block when the connection below has written the one before. */
export const subject: Subject<LatencyLoad> = {
  async serve(_load, _folder, host) {
    const httpServer = createServer();
    const server = new Server(httpServer, { transports: ['websocket'], perMessageDeflate: false, serveClient: false });
    server.on('connection', (socket) => {
      socket.on('order', (durationMs: number) => void send(socket, durationMs));
    });
    httpServer.listen(0, host);
    await once(httpServer, 'listening');
    return {
      endpoint: { host, port: (httpServer.address() as AddressInfo).port },
      close: () => server.close(),
    };
  },

  async drive(_load, { host, port }) {
    const meter = new LatencyMeter();
    const socket = io(`http://${host}:${port}`, { transports: ['websocket'], reconnection: false });
    socket.on('bulk', (bytes: Buffer) => meter.handleBulk(bytes.length));
    socket.on('message', (bytes: Buffer) => meter.handleMessage(bytes));
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
    return {
      run: async (load) => {
        const ended = meter.begin(settlingMs(load));
        socket.emit('order', sendingMs(load));
        return meter.metrics(await ended);
      },
      close: async () => {
        socket.close();
      },
    };
  },
};

async function send(socket: Socket, durationMs: number): Promise<void> {
  const ticker = new MessageTicker(MESSAGE_INTERVAL_MS, (message) => socket.emit('message', message));
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs) {
    const written = new Promise((resolve) => {
      socket.conn.once('drain', resolve);
    });
    socket.emit('bulk', block);
    await written;
  }
  ticker.finish();
}
