import { TcpCommClient } from '@tcpcomm/client';
import { TcpCommServer } from '@tcpcomm/server';
import type { ChannelOptions } from '@tcpcomm/session';
import type { Subject } from '../harness/subject.ts';
import { Arrival } from '../measure/arrival.ts';
import { RoundTrips } from '../measure/round-trips.ts';
import { arrivalRates, createPayload, type MessageLoad } from './message-load.ts';
import { handleMessage, MESSAGES_CHANNEL, orderOf, ORDERS_CHANNEL } from './tcpcomm-message-handler.ts';

/** The same that `http2` gets; what may wait for the application is no limit then. */
export const WINDOW_BYTES = 8 * 1024 * 1024;

/** Ours: no throttle, and channel windows of the size that `http2` has. */
export function createTcpcommMessages(receiving: ChannelOptions): Subject<MessageLoad> {
  return {
    async serve() {
      const server = new TcpCommServer({
        bytesPerSecond: 0,
        channelWindowBytes: WINDOW_BYTES,
        onMessage: handleMessage,
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
        channelWindowBytes: WINDOW_BYTES,
        onMessage: pattern === 'one-way' ? () => arrival.add(1) : () => roundTrips.handleReply(),
      });
      client.channel(MESSAGES_CHANNEL, receiving);
      await client.connect(host, port);
      return {
        run: async (load) => {
          if (load.pattern === 'round-trip') return roundTrips.run(load.count);
          const arrived = arrival.expect(load.count);
          await client.sendText(orderOf(load.count, messageBytes), ORDERS_CHANNEL);
          return arrivalRates(load, await arrived);
        },
        close: async () => {
          await client.close({ drainMs: 0 });
        },
      };
    },
  };
}
