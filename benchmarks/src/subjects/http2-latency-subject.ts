import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Subject } from '../harness/subject.ts';
import { LatencyMeter } from '../measure/latency-meter.ts';
import { MessageTicker } from '../measure/message-ticker.ts';
import { StampedMessageReader } from '../measure/stamped-message.ts';
import { type LatencyLoad, MESSAGE_INTERVAL_MS, sendingMs, settlingMs } from './latency-load.ts';
import { writeBlocks } from './timed-blocks.ts';

const MESSAGES_PATH = '/messages';

/**
 * `node:http2` without TLS: messages in one response that stays open, bulk in another of the same session.
 *
 * @param windowBytes of streams and of the session; undefined for the default, 64 KiB
 */
export function createHttp2Latency(windowBytes: number | undefined): Subject<LatencyLoad> {
  const settings = windowBytes === undefined ? {} : { initialWindowSize: windowBytes };
  return {
    async serve(_load, _folder, host) {
      const messageStreams = new WeakMap<Http2Session, ServerHttp2Stream>();
      const server = createServer({ settings });
      if (windowBytes !== undefined) server.on('session', (session) => session.setLocalWindowSize(windowBytes));
      server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
        const { session } = stream;
        if (session === undefined) return;
        stream.respond({ ':status': 200 });
        const path = headers[':path'] ?? '';
        if (path === MESSAGES_PATH) messageStreams.set(session, stream);
        else void send(stream, messageStreams.get(session), Number(path.slice(1)));
      });
      server.listen(0, host);
      await once(server, 'listening');
      return {
        endpoint: { host, port: (server.address() as AddressInfo).port },
        close: async () => {
          server.close();
        },
      };
    },

    async drive(_load, { host, port }) {
      const meter = new LatencyMeter();
      const session = connect(`http://${host}:${port}`, { settings });
      await once(session, 'connect');
      if (windowBytes !== undefined) session.setLocalWindowSize(windowBytes);
      await openMessages(session, meter);
      return {
        run: async (load) => {
          const ended = meter.begin(settlingMs(load));
          const bulk = session.request({ ':path': `/${sendingMs(load)}` });
          bulk.on('data', (bytes: Uint8Array) => meter.handleBulk(bytes.length));
          bulk.end();
          const [total] = await Promise.all([ended, once(bulk, 'close')]);
          return meter.metrics(total);
        },
        close: async () => {
          session.destroy();
        },
      };
    },
  };
}

async function openMessages(session: ClientHttp2Session, meter: LatencyMeter): Promise<void> {
  const stream = session.request({ ':path': MESSAGES_PATH });
  const reader = new StampedMessageReader((message) => meter.handleMessage(message));
  stream.on('data', (bytes: Uint8Array) => reader.read(bytes));
  stream.end();
  await once(stream, 'response');
}

async function send(
  bulk: ServerHttp2Stream,
  messages: ServerHttp2Stream | undefined,
  durationMs: number,
): Promise<void> {
  const ticker = new MessageTicker(MESSAGE_INTERVAL_MS, (message) => messages?.write(message));
  await writeBlocks(bulk, durationMs);
  ticker.finish();
  bulk.end();
}
