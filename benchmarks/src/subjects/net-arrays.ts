import type { Socket } from 'node:net';
import type { Subject } from '../harness/subject.ts';
import { ArrayArrival, type ArrayLoad, bytesOf, createArray, sendArrays } from './array-load.ts';
import { connectNet, READ_BUFFER_BYTES, serveNet } from './net-connection.ts';

const HEADER_BYTES = 8;

/**
 * Raw `node:net`: the length, and the array in one write. Its receiver reads straight to where the array will be, so nothing is copied, and
 * acknowledges each with a byte.
 */
export const subject: Subject<ArrayLoad> = {
  serve({ arrayBytes, ahead }) {
    const bytes = bytesOf(createArray(arrayBytes));
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeDoubleBE(arrayBytes);
    return serveNet((socket) => {
      const acknowledged: (() => void)[] = [];
      socket.on('data', (data) => {
        // An order is text; what acknowledges is zeros.
        if (data[0] === 0) for (const _ of data) acknowledged.shift()?.();
        else {
          void sendArrays(Number(data.toString()), ahead, () => {
            send(socket, header, bytes);
            return new Promise<void>((resolve) => acknowledged.push(resolve));
          });
        }
      });
    });
  },

  async drive({ arrayBytes }, endpoint) {
    const arrival = new ArrayArrival(arrayBytes);
    const header = Buffer.alloc(HEADER_BYTES);
    let headerBytes = 0;
    let memory: Uint8Array<ArrayBuffer> | undefined;
    let filledBytes = 0;
    const fill = (read: Uint8Array) => {
      if (memory === undefined) {
        headerBytes += read.length;
        if (headerBytes < HEADER_BYTES) return;
        headerBytes = 0;
        filledBytes = 0;
        memory = new Uint8Array(header.readDoubleBE());
        return;
      }
      filledBytes += read.length;
      if (filledBytes < memory.length) return;
      arrival.add(new Float64Array(memory.buffer));
      memory = undefined;
      socket.write(Buffer.alloc(1));
    };
    const roomForNext = () =>
      memory?.subarray(filledBytes, filledBytes + READ_BUFFER_BYTES) ?? header.subarray(headerBytes);
    const socket = await connectNet(endpoint, fill, roomForNext);
    return {
      run: ({ count }) => {
        const arrived = arrival.expect(count);
        socket.write(String(count));
        return arrived;
      },
      close: async () => {
        socket.destroy();
      },
    };
  },
};

function send(socket: Socket, header: Uint8Array, bytes: Uint8Array): void {
  socket.cork();
  socket.write(header);
  socket.write(bytes);
  socket.uncork();
}
