import { TcpCommClient } from '@tcpcomm/client';
import { type LargeArray, LargeArrayTransfer } from '@tcpcomm/large-array';
import { TcpCommServer } from '@tcpcomm/server';
import type { Subject } from '../harness/subject.ts';
import { ArrayArrival, type ArrayLoad, createArray, sendArrays } from './array-load.ts';

const ORDERS_CHANNEL = 2;

/** Ours, without a rate. */
export const subject: Subject<ArrayLoad> = {
  async serve({ arrayBytes, ahead }) {
    const array = createArray(arrayBytes);
    const server = new TcpCommServer({ bytesPerSecond: 0 });
    server.on('session', (session) => {
      const arrays = new LargeArrayTransfer(session);
      session.on('message', (order) => {
        void sendArrays(Number(Buffer.from(order).toString()), ahead, () => arrays.send(array));
      });
    });
    const { port } = await server.start({ port: 0, host: '127.0.0.1' });
    return {
      endpoint: { host: '127.0.0.1', port },
      close: async () => {
        await server.close({ drainMs: 0 });
      },
    };
  },

  async drive({ arrayBytes }, { host, port }) {
    const arrival = new ArrayArrival(arrayBytes);
    const client = new TcpCommClient();
    const arrays = new LargeArrayTransfer(client);
    void takeAll(arrays, arrival);
    await client.connect(host, port);
    return {
      run: async ({ count }) => {
        const arrived = arrival.expect(count);
        await client.sendText(String(count), ORDERS_CHANNEL);
        return arrived;
      },
      close: async () => {
        await client.close({ drainMs: 0 });
      },
    };
  },
};

/** Not by `for await`, whose variable would keep an array in memory while the next one comes. */
async function takeAll(arrays: LargeArrayTransfer, arrival: ArrayArrival): Promise<void> {
  const iterator = arrays[Symbol.asyncIterator]();
  while (await takeOne(iterator, arrival));
}

async function takeOne(iterator: AsyncIterator<LargeArray, undefined>, arrival: ArrayArrival): Promise<boolean> {
  const { value } = await iterator.next();
  if (value !== undefined) arrival.add(value);
  return value !== undefined;
}
