import { once } from 'node:events';
import { connect, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Subject } from '../harness/subject.ts';
import { Arrival } from '../measure/arrival.ts';
import { drained } from './drained.ts';
import { arrivalRates, createPayload, type MessageLoad } from './message-load.ts';

/** Of streams and of the session: the default 64 KB would hold it back to a third. Larger frames than 16 KB change nothing. */
const WINDOW_BYTES = 8 * 1024 * 1024;
const settings = { initialWindowSize: WINDOW_BYTES };

/** `node:http2` without TLS: one response with all messages in it, one after another, without any framing. */
export const subject: Subject<MessageLoad> = {
  async serve({ messageBytes }) {
    const payload = createPayload(messageBytes);
    const server = createServer({ settings });
    server.on('session', (session) => session.setLocalWindowSize(WINDOW_BYTES));
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      stream.respond({ ':status': 200 });
      void sendMany(stream, payload, Number(headers[':path']?.slice(1)));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      endpoint: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
      close: async () => {
        server.close();
      },
    };
  },

  async drive(_load, { host, port }) {
    const arrival = new Arrival();
    const session = connect(`http://${host}:${port}`, { settings });
    await once(session, 'connect');
    session.setLocalWindowSize(WINDOW_BYTES);
    return {
      run: async (load) => {
        const arrived = arrival.expect(load.count * load.messageBytes);
        const stream = session.request({ ':path': `/${load.count}` });
        stream.on('data', (bytes: Uint8Array) => arrival.add(bytes.length));
        stream.end();
        const elapsedMs = await arrived;
        if (!stream.closed) await once(stream, 'close');
        return arrivalRates(load, elapsedMs);
      },
      close: async () => {
        session.destroy();
      },
    };
  },
};

async function sendMany(stream: ServerHttp2Stream, payload: Uint8Array, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) {
    if (!stream.write(payload)) await drained(stream);
  }
  stream.end();
}
