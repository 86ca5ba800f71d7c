import { once } from 'node:events';
import { join } from 'node:path';
import { TcpCommClient } from '@tcpcomm/client';
import { type ServerSession, TcpCommServer } from '@tcpcomm/server';
import type { FileTransfer, SessionOptions } from '@tcpcomm/session';
import type { Subject } from '../harness/subject.ts';
import { LatencyMeter } from '../measure/latency-meter.ts';
import { MessageTicker } from '../measure/message-ticker.ts';
import { servedFolder } from './file-load.ts';
import { endlessFileBytes, type LatencyLoad, MESSAGE_INTERVAL_MS, sendingMs, settlingMs } from './latency-load.ts';

const MESSAGES_CHANNEL = 1;
/** The client asks here for messages during so many milliseconds; anything else the server says after it. */
const ORDERS_CHANNEL = 2;
/** How often the receiver looks at how far the file is. */
const LOOK_INTERVAL_MS = 5;

/** Ours: messages on a channel, the bulk a file from disk to disk; both ends with these options, and without throttle. */
export function createTcpcommLatency(options: SessionOptions): Subject<LatencyLoad> {
  return {
    async serve(_load, folder, host) {
      const server = new TcpCommServer({
        ...options,
        bytesPerSecond: Infinity,
        files: { root: servedFolder(folder) },
        onMessage: (bytes, _channel, session) => {
          const order = Buffer.from(bytes).toString();
          if (order === 'flush') void session.sendText(order, ORDERS_CHANNEL);
          else tick(session, Number(order));
        },
      });
      const { port } = await server.start({ port: 0, host });
      return {
        endpoint: { host, port },
        close: async () => {
          await server.close({ drainMs: 0 });
        },
      };
    },

    async drive(_load, { host, port }, folder) {
      const meter = new LatencyMeter();
      const client = new TcpCommClient({
        ...options,
        onMessage: (bytes, channel) => {
          if (channel === MESSAGES_CHANNEL) meter.handleMessage(bytes);
        },
      });
      await client.connect(host, port);
      return {
        run: async (load) => {
          const ended = meter.begin(settlingMs(load));
          await client.sendText(String(sendingMs(load)), ORDERS_CHANNEL);
          const file = client.getFile(`source-${endlessFileBytes(load)}`, { to: join(folder, 'client', 'received') });
          const total = await whileFileMoves(file, ended, (bytes) => meter.handleBulk(bytes));
          const metrics = meter.metrics(total);
          await abandon(file, client);
          return metrics;
        },
        close: async () => {
          await client.close({ drainMs: 0 });
        },
      };
    },
  };
}

function tick(session: ServerSession, durationMs: number): void {
  const ticker = new MessageTicker(MESSAGE_INTERVAL_MS, (message) => {
    session.sendBytes(message, MESSAGES_CHANNEL).catch(() => {
      ticker.stop();
    });
  });
  setTimeout(() => ticker.finish(), durationMs);
}

/** Tells what comes of the file until the promise has settled. @throws Error when the file ends before */
async function whileFileMoves<T>(file: FileTransfer, until: Promise<T>, onBytes: (bytes: number) => void): Promise<T> {
  let seenBytes = 0;
  const timer = setInterval(() => {
    const { transferredBytes } = file.progress;
    onBytes(transferredBytes - seenBytes);
    seenBytes = transferredBytes;
  }, LOOK_INTERVAL_MS);
  const complete = file.done.then(() => {
    throw new Error('the file was complete before the time was over');
  });
  try {
    return await Promise.race([until, complete]);
  } finally {
    clearInterval(timer);
  }
}

/** Resolves when nothing of the file is on its way any more: the next run has the connection for itself. */
async function abandon(file: FileTransfer, client: TcpCommClient): Promise<void> {
  file.cancel();
  await file.done.catch(() => undefined);
  const flushed = once(client, 'message');
  await client.sendText('flush', ORDERS_CHANNEL);
  await flushed;
}
