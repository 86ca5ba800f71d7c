import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { io } from 'socket.io-client';
import type { Subject } from '../harness/subject.ts';
import { allocateArray, ArrayArrival, type ArrayLoad, bytesOf, createArray, sendArrays } from './array-load.ts';

/** Larger messages would need a larger `maxHttpBufferSize`, and hold up everything else. */
const CHUNK_BYTES = 524_288;
/** Chunks of an array that the receiver has not acknowledged. */
const CHUNKS_AHEAD = 8;

/** `socket.io`, over WebSocket only, no compression: arrays in chunks, each acknowledged. */
export const subject: Subject<ArrayLoad> = {
  async serve({ arrayBytes, ahead }) {
    const bytes = bytesOf(createArray(arrayBytes));
    const httpServer = createServer();
    const server = new Server(httpServer, { transports: ['websocket'], perMessageDeflate: false, serveClient: false });
    server.on('connection', (socket) => {
      let lastId = 0;
      socket.on('order', (count: number) => {
        void sendArrays(count, ahead, () => {
          lastId += 1;
          return sendInChunks(socket, lastId, bytes);
        });
      });
    });
    httpServer.listen(0, '127.0.0.1');
    await once(httpServer, 'listening');
    return {
      endpoint: { host: '127.0.0.1', port: (httpServer.address() as AddressInfo).port },
      close: () => server.close(),
    };
  },

  async drive({ arrayBytes }, { host, port }) {
    const arrival = new ArrayArrival(arrayBytes);
    const arriving = new Map<number, { readonly memory: Uint8Array<ArrayBuffer>; missingBytes: number }>();
    const socket = io(`http://${host}:${port}`, { transports: ['websocket'], reconnection: false });
    socket.on('chunk', (id: number, at: number, totalBytes: number, chunk: Buffer, acknowledge: () => void) => {
      const array = arriving.get(id) ?? { memory: allocateArray(totalBytes), missingBytes: totalBytes };
      arriving.set(id, array);
      array.memory.set(chunk, at);
      array.missingBytes -= chunk.length;
      if (array.missingBytes === 0) {
        arriving.delete(id);
        arrival.add(new Float64Array(array.memory.buffer));
      }
      acknowledge();
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
    return {
      run: ({ count }) => {
        const arrived = arrival.expect(count);
        socket.emit('order', count);
        return arrived;
      },
      close: async () => {
        socket.close();
      },
    };
  },
};

async function sendInChunks(socket: Socket, id: number, bytes: Uint8Array): Promise<void> {
  let at = 0;
  const sendOnAndOn = async () => {
    while (at < bytes.length) {
      const from = at;
      at += CHUNK_BYTES;
      await socket.emitWithAck('chunk', id, from, bytes.length, bytes.subarray(from, from + CHUNK_BYTES));
    }
  };
  await Promise.all(Array.from({ length: CHUNKS_AHEAD }, sendOnAndOn));
}
