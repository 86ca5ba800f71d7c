import { TcpCommClient } from '@tcpcomm/client';
import { TcpCommServer } from '@tcpcomm/server';
import { alignBytesPerSecond } from '@tcpcomm/throttle';
import type { Subject } from '../harness/subject.ts';
import { ArrivalLog, secondsOf, type Stretch } from '../measure/arrival-log.ts';
import { errorPercent, worstShareErrorPercent } from '../measure/rate-error.ts';
import { machineMs } from '../measure/stamped-message.ts';
import { ask, CONTROL_CHANNEL, DATA_CHANNEL, flow, untilMachineMs } from './throttle-flow.ts';
import { measuredStretch, type SharedLoad, wireBytes } from './throttle-load.ts';

/** Sessions that all want more than there is, from a server with a total rate and none for a session. */
export const shared: Subject<SharedLoad> = {
  async serve({ totalBytesPerSecond, weights }, _folder, host) {
    const server = new TcpCommServer({
      bytesPerSecond: Infinity,
      totalBytesPerSecond,
      onMessage: (_bytes, _channel, session) => {
        session.setWeight(weights[Number(session.machineId)]!);
        void session.sendText('{}', CONTROL_CHANNEL);
        void flow(session);
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

  async drive({ totalBytesPerSecond, weights }, { host, port }) {
    const expected = alignBytesPerSecond(totalBytesPerSecond);
    const clients = weights.map((_weight, index) => new LoggingClient(index));
    for (const { client } of clients) await client.connect(host, port);
    await Promise.all(clients.map(({ client }) => ask(client, {})));
    const ratesOver = (stretch: Stretch) => clients.map(({ log }) => log.bytesPerSecond(stretch));
    const totalOver = (stretch: Stretch) => ratesOver(stretch).reduce((sum, rate) => sum + rate, 0);
    return {
      run: async (load) => {
        const whole = measuredStretch(load);
        await untilMachineMs(whole.toMs);
        const total = totalOver(whole);
        const errors = secondsOf(whole).map((second) => errorPercent(totalOver(second), expected));
        return {
          megabytesPerSecond: total / 1e6,
          errorPercent: errorPercent(total, expected),
          worstSecondErrorPercent: Math.max(...errors),
          shareErrorPercent: worstShareErrorPercent(ratesOver(whole), weights),
        };
      },
      close: async () => {
        await Promise.all(clients.map(({ client }) => client.close({ drainMs: 0 })));
      },
    };
  },
};

/** A client whose machine id is its number. */
class LoggingClient {
  readonly log = new ArrivalLog();
  readonly client: TcpCommClient;

  constructor(index: number) {
    this.client = new TcpCommClient({
      machineId: String(index),
      onMessage: (bytes, channel) => {
        if (channel === DATA_CHANNEL) this.log.add(wireBytes(bytes), machineMs());
      },
    });
  }
}
