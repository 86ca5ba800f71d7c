import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { Subject } from '../harness/subject.ts';
import { ArrayArrival, type ArrayLoad, bytesOf, createArray, sendArrays } from './array-load.ts';

const MAX_PAYLOAD_BYTES = 2_147_483_647;

/** `ws`: each array is one binary message, no compression; the server sends, so that nothing is masked. */
export const subject: Subject<ArrayLoad> = {
  async serve({ arrayBytes, ahead }) {
    const bytes = bytesOf(createArray(arrayBytes));
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
    server.on('connection', (peer) => {
      const acknowledged: (() => void)[] = [];
      peer.on('message', (data, isBinary) => {
        if (isBinary) acknowledged.shift()?.();
        else {
          void sendArrays(Number((data as Buffer).toString()), ahead, () => {
            peer.send(bytes);
            return new Promise<void>((resolve) => acknowledged.push(resolve));
          });
        }
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
    peer.on('message', (data) => {
      arrival.add(arrayIn(data as Buffer));
      peer.send(Buffer.alloc(1));
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
