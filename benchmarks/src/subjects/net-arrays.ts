import type { Subject } from '../harness/subject.ts';
import { ArrayArrival, type ArrayLoad, ArraySender, bytesOf, createArray } from './array-load.ts';
import { connectNet, serveNet } from './net-connection.ts';
import { createArrayHeader, RawArrayReader } from './raw-arrays.ts';

/**
 * Raw `node:net`: the length, and the array as it is, all that may go in one write. Its receiver reads a large array straight to where it will be, and
 * acknowledges all that a read has completed in one write, with a zero for each.
 */
export const subject: Subject<ArrayLoad> = {
  serve({ arrayBytes, ahead }) {
    const bytes = bytesOf(createArray(arrayBytes));
    const header = createArrayHeader(arrayBytes);
    return serveNet((socket) => {
      const sender = new ArraySender(ahead, (count) => {
        socket.cork();
        for (let sent = 0; sent < count; sent += 1) {
          socket.write(header);
          socket.write(bytes);
        }
        socket.uncork();
      });
      socket.on('data', (data: Buffer) => {
        // An order is text. Nothing is acknowledged after it before it has been carried out.
        const acknowledged = data.lastIndexOf(0) + 1;
        sender.handleAcknowledged(acknowledged);
        if (acknowledged < data.length) sender.begin(Number(data.toString('latin1', acknowledged)));
      });
    });
  },

  async drive({ arrayBytes }, endpoint) {
    const arrival = new ArrayArrival(arrayBytes);
    let completed = 0;
    const reader = new RawArrayReader((array) => {
      completed += 1;
      arrival.add(array);
    });
    const read = (bytes: Uint8Array) => {
      reader.read(bytes);
      if (completed === 0) return;
      socket.write(new Uint8Array(completed));
      completed = 0;
    };
    const socket = await connectNet(endpoint, read, () => reader.roomForNext());
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
