import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { Subject } from '../harness/subject.ts';
import { ArrayArrival, type ArrayLoad, ArraySender, bytesOf, createArray } from './array-load.ts';

/** The most that it can be told to take. */
const MAX_PAYLOAD_BYTES = 2_147_483_647;

/**
 * `ws`: each array is one binary message, no compression, and those that may go at once are corked; the server sends, so that nothing is masked. Its receiver
 * acknowledges all that came in one turn of the event loop with one message, which has a byte for each.
 */
export const subject: Subject<ArrayLoad> = {
  async serve({ arrayBytes, ahead }) {
    const bytes = bytesOf(createArray(arrayBytes));
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
    server.on('connection', (peer, { socket }) => {
      const sender = new ArraySender(ahead, (count) => {
        socket.cork();
        for (let sent = 0; sent < count; sent += 1) peer.send(bytes);
        socket.uncork();
      });
      peer.on('message', (data, isBinary) => {
        const message = data as Buffer;
        if (isBinary) sender.handleAcknowledged(message.length);
        else sender.begin(Number(message.toString()));
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

  async drive({ arrayBytes }, { host, port }) {
    const arrival = new ArrayArrival(arrayBytes);
    const peer = new WebSocket(`ws://${host}:${port}`, { perMessageDeflate: false, maxPayload: MAX_PAYLOAD_BYTES });
    let completed = 0;
    const acknowledge = () => {
      peer.send(new Uint8Array(completed));
      completed = 0;
    };
    peer.on('message', (data) => {
      if (completed === 0) setImmediate(acknowledge);
      completed += 1;
      arrival.add(arrayIn(data as Buffer));
    });
    await once(peer, 'open');
    return {
      run: ({ count }) => {
        const arrived = arrival.expect(count);
        peer.send(String(count));
        return arrived;
      },
      close: async () => {
        peer.terminate();
      },
    };
  },
};

/** A view where that is possible; a small message may lie anywhere in what was received. */
function arrayIn(message: Buffer): Float64Array {
  const isAligned = message.byteOffset % 8 === 0;
  const { buffer, byteOffset, byteLength } = isAligned ? message : Uint8Array.from(message);
  return new Float64Array(buffer as ArrayBuffer, byteOffset, byteLength / 8);
}
