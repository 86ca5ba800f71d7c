import type { Subject } from '../harness/subject.ts';
import { Arrival } from '../measure/arrival.ts';
import { arrivalRates, type MessageLoad } from './message-load.ts';
import { serveNetBulk } from './net-bulk.ts';
import { connectNet, READ_BUFFER_BYTES } from './net-connection.ts';
import { RAW_HEADER_BYTES } from './raw-frames.ts';

/** Raw `node:net` whose receiver has each message whole, header and payload, in one piece of memory that the next one gets again. */
export const subject: Subject<MessageLoad> = {
  serve: serveNetBulk,

  async drive({ messageBytes }, endpoint) {
    const arrival = new Arrival();
    const message = Buffer.allocUnsafeSlow(RAW_HEADER_BYTES + messageBytes);
    let filledBytes = 0;
    const fill = (bytes: Uint8Array) => {
      filledBytes += bytes.length;
      if (filledBytes < message.length) return;
      filledBytes = 0;
      arrival.add(1);
    };
    const roomForNext = () => message.subarray(filledBytes, filledBytes + READ_BUFFER_BYTES);
    const socket = await connectNet(endpoint, fill, roomForNext);
    return {
      run: async (load) => {
        const arrived = arrival.expect(load.count);
        socket.write(String(load.count));
        return arrivalRates(load, await arrived);
      },
      close: async () => {
        socket.destroy();
      },
    };
  },
};
