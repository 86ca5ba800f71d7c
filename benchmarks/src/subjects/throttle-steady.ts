import { TcpCommClient } from '@tcpcomm/client';
import { TcpCommServer } from '@tcpcomm/server';
import { alignBytesPerSecond } from '@tcpcomm/throttle';
import type { Subject } from '../harness/subject.ts';
import { ArrivalLog, secondsOf, type Stretch } from '../measure/arrival-log.ts';
import { errorPercent } from '../measure/rate-error.ts';
import { machineMs } from '../measure/stamped-message.ts';
import { ask, CONTROL_CHANNEL, DATA_CHANNEL, decode, flow, untilMachineMs } from './throttle-flow.ts';
import { measuredStretch, type SteadyLoad, wireBytes } from './throttle-load.ts';

/** What the client asks of the server: to send, or how fast it has received. */
type Question = 'send' | readonly Stretch[];

/** One session at its rate. What comes in and what goes out share it, so the sum of both counts. */
export const steady: Subject<SteadyLoad> = {
  async serve({ bytesPerSecond }, _folder, host) {
    const log = new ArrivalLog();
    const server = new TcpCommServer({
      bytesPerSecond,
      onMessage: (bytes, channel, session) => {
        if (channel === DATA_CHANNEL) {
          log.add(wireBytes(bytes), machineMs());
          return;
        }
        const question = decode(bytes) as Question;
        if (question === 'send') void flow(session);
        const rates = question === 'send' ? [] : question.map((stretch) => log.bytesPerSecond(stretch));
        void session.sendText(JSON.stringify(rates), CONTROL_CHANNEL);
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

  async drive({ bytesPerSecond, direction }, { host, port }) {
    const expected = alignBytesPerSecond(bytesPerSecond);
    const log = new ArrivalLog();
    const client = new TcpCommClient({
      onMessage: (bytes, channel) => {
        if (channel === DATA_CHANNEL) log.add(wireBytes(bytes), machineMs());
      },
    });
    await client.connect(host, port);
    if (direction !== 'up') await ask(client, 'send' satisfies Question);
    if (direction !== 'down') void flow(client);
    return {
      run: async (load) => {
        const whole = measuredStretch(load);
        const stretches = [whole, ...secondsOf(whole)];
        await untilMachineMs(whole.toMs);
        const up = direction === 'down' ? [] : await ask<number[]>(client, stretches satisfies Question);
        const rates = stretches.map((stretch, index) => log.bytesPerSecond(stretch) + (up[index] ?? 0));
        const errors = rates.map((rate) => errorPercent(rate, expected));
        return {
          megabytesPerSecond: rates[0]! / 1e6,
          errorPercent: errors[0]!,
          worstSecondErrorPercent: Math.max(...errors.slice(1)),
        };
      },
      close: async () => {
        await client.close({ drainMs: 0 });
      },
    };
  },
};
