import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { Subject } from '../harness/subject.ts';
import { LatencyMeter } from '../measure/latency-meter.ts';
import { MessageTicker } from '../measure/message-ticker.ts';
import { drained } from './drained.ts';
import { type LatencyLoad, MESSAGE_INTERVAL_MS, sendingMs, settlingMs } from './latency-load.ts';
import { block } from './timed-blocks.ts';

/** `ws`: both as binary messages of one socket, no compression; the next block when the socket below wants more. */
export const subject: Subject<LatencyLoad> = {
  async serve(_load, _folder, host) {
    const server = new WebSocketServer({ host, port: 0, perMessageDeflate: false });
    server.on('connection', (peer, request) => {
      peer.on('message', (order: RawData) => void send(peer, request.socket, Number((order as Buffer).toString())));
    });
    await once(server, 'listening');
    return {
      endpoint: { host, port: (server.address() as AddressInfo).port },
      close: async () => {
        server.close();
      },
    };
  },

  async drive(_load, { host, port }) {
    const meter = new LatencyMeter();
    const peer = new WebSocket(`ws://${host}:${port}`, { perMessageDeflate: false });
    peer.on('message', (data: RawData) => {
      const bytes = data as Buffer;
      if (bytes.length === block.length) meter.handleBulk(bytes.length);
      else meter.handleMessage(bytes);
    });
    await once(peer, 'open');
    return {
      run: async (load) => {
        const ended = meter.begin(settlingMs(load));
        peer.send(String(sendingMs(load)));
        return meter.metrics(await ended);
      },
      close: async () => {
        peer.terminate();
      },
    };
  },
};

async function send(peer: WebSocket, socket: Socket, durationMs: number): Promise<void> {
  const ticker = new MessageTicker(MESSAGE_INTERVAL_MS, (message) => peer.send(message));
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs) {
    peer.send(block);
    if (socket.writableNeedDrain) await drained(socket);
  }
  ticker.finish();
}
