import { type ClientOptions, TcpCommClient } from '@tcpcomm/client';
import { TcpCommServer } from '@tcpcomm/server';
import type { ChannelOptions } from '@tcpcomm/session';
import type { Subject } from '../harness/subject.ts';
import { Arrival } from '../measure/arrival.ts';
import { RoundTrips } from '../measure/round-trips.ts';
import { arrivalRates, createPayload, type MessageLoad } from './message-load.ts';

const MESSAGES_CHANNEL = 1;
/** The client asks here for so many messages on the other channel. */
const ORDERS_CHANNEL = 2;
/** After so many bytes the sender waits until there is room in the queue. */
const BATCH_BYTES = 131_072;

/** The same that `http2` gets; what may wait for the application is no limit then. */
const WINDOW_BYTES = 8 * 1024 * 1024;

/** Ours: no throttle, and channel windows of the size that `http2` has. */
export function createTcpcommMessages(
  receiving: ChannelOptions,
  options: Pick<ClientOptions, 'thread'> = {},
): Subject<MessageLoad> {
  return {
    async serve({ messageBytes }) {
      const payload = createPayload(messageBytes);
      const server = new TcpCommServer({
        bytesPerSecond: 0,
        channelWindowBytes: WINDOW_BYTES,
        onMessage: (bytes, channel, session) => {
          if (channel === ORDERS_CHANNEL) void sendMany(session, payload, Number(Buffer.from(bytes).toString()));
          else void session.sendBytes(bytes, MESSAGES_CHANNEL);
        },
      });
      const { port } = await server.start({ port: 0, host: '127.0.0.1' });
      return {
        endpoint: { host: '127.0.0.1', port },
        close: async () => {
          await server.close({ drainMs: 0 });
        },
      };
    },

    async drive({ pattern, messageBytes }, { host, port }) {
      const payload = createPayload(messageBytes);
      const arrival = new Arrival();
      const roundTrips = new RoundTrips(() => void client.sendBytes(payload, MESSAGES_CHANNEL));
      const client = new TcpCommClient({
        ...options,
        channelWindowBytes: WINDOW_BYTES,
        onMessage: pattern === 'one-way' ? () => arrival.add(1) : () => roundTrips.handleReply(),
      });
      client.channel(MESSAGES_CHANNEL, receiving);
      await client.connect(host, port);
      return {
        run: async (load) => {
          if (load.pattern === 'round-trip') return roundTrips.run(load.count);
          const arrived = arrival.expect(load.count);
          await client.sendText(String(load.count), ORDERS_CHANNEL);
          return arrivalRates(load, await arrived);
        },
        close: async () => {
          await client.close({ drainMs: 0 });
        },
      };
    },
  };
}

type Sender = Pick<TcpCommClient, 'sendBytes'>;

async function sendMany(sender: Sender, payload: Uint8Array, count: number): Promise<void> {
  const batch = Math.max(1, Math.floor(BATCH_BYTES / payload.length));
  for (let sent = 1; sent <= count; sent += 1) {
    const roomy = sender.sendBytes(payload, MESSAGES_CHANNEL);
    if (sent % batch === 0) await roomy;
  }
}
