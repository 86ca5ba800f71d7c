import { TcpCommClient } from '@tcpcomm/client';
import { TcpCommServer } from '@tcpcomm/server';
import type { Subject } from '../harness/subject.ts';
import { createPayload } from './message-load.ts';
import { type RequestLoad, runRequests } from './request-load.ts';

const CHANNEL = 1;

/** Ours, without a rate. */
export const subject: Subject<RequestLoad> = {
  async serve() {
    const server = new TcpCommServer({ bytesPerSecond: 0 });
    server.onRequest(CHANNEL, (bytes) => bytes);
    const { port } = await server.start({ port: 0, host: '127.0.0.1' });
    return {
      endpoint: { host: '127.0.0.1', port },
      close: async () => {
        await server.close({ drainMs: 0 });
      },
    };
  },

  async drive({ requestBytes }, { host, port }) {
    const payload = createPayload(requestBytes);
    const client = new TcpCommClient();
    await client.connect(host, port);
    return {
      run: (load) => runRequests(load, () => client.request(CHANNEL, payload)),
      close: async () => {
        await client.close({ drainMs: 0 });
      },
    };
  },
};
