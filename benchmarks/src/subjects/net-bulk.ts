import type { Socket } from 'node:net';
import type { Serving, Subject } from '../harness/subject.ts';
import { Arrival } from '../measure/arrival.ts';
import { drained } from './drained.ts';
import { arrivalRates, createPayload, type MessageLoad } from './message-load.ts';
import { connectNet, serveNet } from './net-connection.ts';
import { createRawFrame, RAW_HEADER_BYTES } from './raw-frames.ts';

/** Raw `node:net`: the same writes as ours, a header and a payload. The receiver only counts bytes. */
export const subject: Subject<MessageLoad> = {
  serve: serveNetBulk,

  async drive(_load, endpoint) {
    const arrival = new Arrival();
    const socket = await connectNet(endpoint, (bytes) => arrival.add(bytes.length));
    return {
      run: async (load) => {
        const arrived = arrival.expect(load.count * (RAW_HEADER_BYTES + load.messageBytes));
        socket.write(String(load.count));
        return arrivalRates(load, await arrived);
      },
      close: async () => {
        socket.destroy();
      },
    };
  },
};

/** Sends as many messages as it is told to, each a header and a payload. */
export function serveNetBulk({ messageBytes }: MessageLoad): Promise<Serving> {
  const payload = createPayload(messageBytes);
  const header = createRawFrame(0, payload).subarray(0, RAW_HEADER_BYTES);
  return serveNet((socket) => {
    socket.on('data', (order) => void sendMany(socket, header, payload, Number(order.toString())));
  });
}

async function sendMany(socket: Socket, header: Uint8Array, payload: Uint8Array, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) {
    socket.cork();
    socket.write(header);
    socket.write(payload);
    socket.uncork();
    if (socket.writableNeedDrain) await drained(socket);
  }
}
