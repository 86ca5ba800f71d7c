import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { Subject } from '../harness/subject.ts';
import { createPayload } from './message-load.ts';
import { type RequestLoad, runRequests } from './request-load.ts';

const ID_BYTES = 4;

/** `ws` with the numbers in front of each message that its users write by hand: no time limits, no cancelling, no errors. */
export const subject: Subject<RequestLoad> = {
  async serve() {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
    server.on('connection', (peer) => {
      peer.on('message', (bytes) => peer.send(bytes));
    });
    await once(server, 'listening');
    return {
      endpoint: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
      close: async () => {
        server.close();
      },
    };
  },

  async drive({ requestBytes }, { host, port }) {
    const payload = createPayload(requestBytes);
    const pending = new Map<number, (reply: Buffer) => void>();
    let lastId = 0;
    const peer = new WebSocket(`ws://${host}:${port}`, { perMessageDeflate: false });
    peer.on('message', (data) => {
      const message = data as Buffer;
      const id = message.readUInt32BE(0);
      pending.get(id)?.(message.subarray(ID_BYTES));
      pending.delete(id);
    });
    await once(peer, 'open');
    const ask = () =>
      new Promise<Buffer>((resolve) => {
        lastId += 1;
        const message = Buffer.allocUnsafe(ID_BYTES + requestBytes);
        message.writeUInt32BE(lastId, 0);
        payload.copy(message, ID_BYTES);
        pending.set(lastId, resolve);
        peer.send(message);
      });
    return {
      run: (load) => runRequests(load, ask),
      close: async () => {
        peer.terminate();
      },
    };
  },
};
