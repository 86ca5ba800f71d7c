import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { Subject } from '../harness/subject.ts';
import { Arrival } from '../measure/arrival.ts';
import { RoundTrips } from '../measure/round-trips.ts';
import { drained } from './drained.ts';
import { arrivalRates, createPayload, type MessageLoad } from './message-load.ts';

/** Written to the socket at once, between `cork` and `uncork`. */
const MESSAGES_IN_BATCH = 2000;

/** `ws` at its best: binary, no compression, corked; and the server sends, so that nothing is masked. */
export const subject: Subject<MessageLoad> = {
  async serve({ messageBytes }) {
    const payload = createPayload(messageBytes);
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
    server.on('connection', (peer, request) => {
      peer.on('message', (bytes, isBinary) => {
        if (isBinary) peer.send(bytes);
        else void sendMany(peer, request.socket, payload, Number(textOf(bytes)));
      });
    });
    await once(server, 'listening');
    return {
      endpoint: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
      close: async () => {
        server.close();
      },
    };
  },

  async drive({ pattern, messageBytes }, { host, port }) {
    const payload = createPayload(messageBytes);
    const arrival = new Arrival();
    const roundTrips = new RoundTrips(() => peer.send(payload));
    const peer = new WebSocket(`ws://${host}:${port}`, { perMessageDeflate: false });
    peer.on('message', pattern === 'one-way' ? () => arrival.add(1) : () => roundTrips.handleReply());
    await once(peer, 'open');
    return {
      run: async (load) => {
        if (load.pattern === 'round-trip') return roundTrips.run(load.count);
        const arrived = arrival.expect(load.count);
        peer.send(String(load.count));
        return arrivalRates(load, await arrived);
      },
      close: async () => {
        peer.terminate();
      },
    };
  },
};

async function sendMany(peer: WebSocket, socket: Socket, payload: Uint8Array, count: number): Promise<void> {
  for (let sent = 0; sent < count;) {
    const batchEnd = Math.min(sent + MESSAGES_IN_BATCH, count);
    socket.cork();
    for (; sent < batchEnd; sent += 1) peer.send(payload);
    socket.uncork();
    if (socket.writableNeedDrain) await drained(socket);
  }
}

function textOf(data: RawData): string {
  return Array.isArray(data) ? Buffer.concat(data).toString() : Buffer.from(data as ArrayBuffer).toString();
}
