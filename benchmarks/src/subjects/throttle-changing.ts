import { setTimeout as delay } from 'node:timers/promises';
import { TcpCommClient } from '@tcpcomm/client';
import { TcpCommServer } from '@tcpcomm/server';
import { alignBytesPerSecond } from '@tcpcomm/throttle';
import type { Subject } from '../harness/subject.ts';
import { ArrivalLog } from '../measure/arrival-log.ts';
import { settledAfterMs } from '../measure/rate-error.ts';
import { machineMs } from '../measure/stamped-message.ts';
import { ask, CONTROL_CHANNEL, DATA_CHANNEL, decode, flow } from './throttle-flow.ts';
import { type ChangingLoad, wireBytes } from './throttle-load.ts';

/** How long each of the two rates lasts. */
const PHASE_MS = 500;

/** One session whose rate the server changes while it sends. */
export const changing: Subject<ChangingLoad> = {
  async serve({ fromBytesPerSecond }, _folder, host) {
    const server = new TcpCommServer({
      bytesPerSecond: fromBytesPerSecond,
      onMessage: (bytes, _channel, session) => {
        const bytesPerSecond = decode(bytes) as number | null;
        const changedMs = machineMs();
        if (bytesPerSecond === null) void flow(session);
        else server.throttleNetworkBps(bytesPerSecond);
        void session.sendText(JSON.stringify(changedMs), CONTROL_CHANNEL);
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

  async drive({ fromBytesPerSecond, toBytesPerSecond }, { host, port }) {
    const log = new ArrivalLog();
    const client = new TcpCommClient({
      onMessage: (bytes, channel) => {
        if (channel === DATA_CHANNEL) log.add(wireBytes(bytes), machineMs());
      },
    });
    await client.connect(host, port);
    await ask(client, null);
    const changeOnce = async (): Promise<number> => {
      await delay(PHASE_MS);
      const changedMs = await ask<number>(client, toBytesPerSecond);
      await delay(PHASE_MS);
      const untilMs = await ask<number>(client, fromBytesPerSecond);
      const bytesPerSecond = alignBytesPerSecond(toBytesPerSecond);
      const settledMs = settledAfterMs(log, { changedMs, untilMs, bytesPerSecond });
      if (settledMs === undefined) throw new Error(`the new rate was not met within ${untilMs - changedMs} ms`);
      return settledMs;
    };
    return {
      run: async ({ count }) => {
        const settled: number[] = [];
        for (let passedMs = 0; passedMs < count; passedMs += 2 * PHASE_MS) settled.push(await changeOnce());
        return { settledAfterMs: Math.max(...settled) };
      },
      close: async () => {
        await client.close({ drainMs: 0 });
      },
    };
  },
};
