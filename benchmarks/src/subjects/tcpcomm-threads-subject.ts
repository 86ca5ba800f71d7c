import { TcpCommClient } from '@tcpcomm/client';
import { TcpCommServer } from '@tcpcomm/server';
import type { Metrics } from '../harness/metrics.ts';
import type { Driving, Endpoint, Subject } from '../harness/subject.ts';
import { Arrival } from '../measure/arrival.ts';
import { EchoMeter } from '../measure/echo-meter.ts';
import { RoundTrips } from '../measure/round-trips.ts';
import { STAMPED_MESSAGE_BYTES } from '../measure/stamped-message.ts';
import { type LargeFileLoad, servedFolder } from './file-load.ts';
import { checkReceived, measureFiles } from './file-measurement.ts';
import { arrivalRates, createPayload } from './message-load.ts';
import { MESSAGES_CHANNEL, orderOf, ORDERS_CHANNEL } from './tcpcomm-message-handler.ts';
import { WINDOW_BYTES } from './tcpcomm-messages-subject.ts';
import { COMPUTING_CHANNEL, onMessage } from './threads-handlers.ts';
import {
  type BlockedLoad,
  blockedMs,
  type ComputingLoad,
  type MessagesLoad,
  type ThreadsLoad,
} from './threads-load.ts';

export interface Threading {
  /** Whether the client has a thread of its own. */
  readonly client?: boolean;
  /** How many workers the server has. */
  readonly workers?: number;
  /** Whether its handlers are on them. */
  readonly handlers?: boolean;
}

/** A client of this name makes the server's own thread stand still, for so many milliseconds. */
const BLOCKING = 'blocking ';
/** So long after it has come in. */
const BLOCKING_AFTER_MS = 100;

/** Ours, with its work on those threads. */
export function createThreads({
  client: thread = false,
  workers = 0,
  handlers = false,
}: Threading): Subject<ThreadsLoad> {
  return {
    async serve(_load, folder) {
      const server = new TcpCommServer({
        ...{
          bytesPerSecond: 0,
          channelWindowBytes: WINDOW_BYTES,
          threads: workers,
          files: { root: servedFolder(folder) },
        },
        ...(handlers ? { handlers: handlersUrl() } : { onMessage }),
      });
      server.on('session', ({ machineId }) => {
        if (machineId.startsWith(BLOCKING))
          setTimeout(block, BLOCKING_AFTER_MS, Number(machineId.slice(BLOCKING.length)));
      });
      const { port } = await server.start({ port: 0, host: '127.0.0.1' });
      return {
        endpoint: { host: '127.0.0.1', port },
        close: async () => {
          await server.close({ drainMs: 0 });
        },
      };
    },

    async drive(load, endpoint, folder) {
      const connect = (machineId: string) => connectClient(endpoint, machineId, thread);
      switch (load.kind) {
        case 'large-file':
          return driveFile(await connect('files'), folder);
        case 'messages':
          return driveMessages(await connect('messages'), load);
        case 'blocked':
          return driveBlocked(await connect('echoes'), connect);
        case 'computing':
          return driveComputing(
            await Promise.all(Array.from({ length: load.clients }, (_, index) => connect(`client ${index}`))),
          );
      }
    },
  };
}

/** From source it is TypeScript, as this file is; built it is not. */
function handlersUrl(): URL {
  return new URL(import.meta.url.replace(/tcpcomm-threads-subject(\.[jt]s)$/, 'threads-handlers$1'));
}

async function connectClient({ host, port }: Endpoint, machineId: string, thread: boolean): Promise<TcpCommClient> {
  const client = new TcpCommClient({ machineId, thread, channelWindowBytes: WINDOW_BYTES });
  await client.connect(host, port);
  return client;
}

function driveFile(client: TcpCommClient, folder: string): Driving<ThreadsLoad> {
  return {
    run: (load) =>
      measureFiles(
        load as LargeFileLoad,
        folder,
        ({ sourceName, target }) => client.getFile(sourceName, { to: target }).done,
      ),
    check: (load) => checkReceived(load as LargeFileLoad, folder),
    close: () => close(client),
  };
}

function driveMessages(client: TcpCommClient, { pattern, messageBytes }: MessagesLoad): Driving<ThreadsLoad> {
  const payload = createPayload(messageBytes);
  const arrival = new Arrival();
  const roundTrips = new RoundTrips(() => void client.sendBytes(payload, MESSAGES_CHANNEL));
  client.on('message', () => {
    if (pattern === 'one-way') arrival.add(1);
    else roundTrips.handleReply();
  });
  return {
    run: async (load) => {
      if (pattern === 'round-trip') return roundTrips.run(load.count);
      const arrived = arrival.expect(load.count);
      await client.sendText(orderOf(load.count, messageBytes), ORDERS_CHANNEL);
      return arrivalRates(load as MessagesLoad, await arrived);
    },
    close: () => close(client),
  };
}

function driveBlocked(
  client: TcpCommClient,
  connect: (machineId: string) => Promise<TcpCommClient>,
): Driving<ThreadsLoad> {
  const meter = new EchoMeter(STAMPED_MESSAGE_BYTES);
  client.on('message', (bytes) => meter.handleEcho(bytes));
  return {
    run: async (load) => {
      const { count, intervalMs } = load as BlockedLoad;
      const done = meter.begin(count);
      const blocking = await connect(`${BLOCKING}${blockedMs(load as BlockedLoad)}`);
      for (let sent = 0; sent < count; sent += 1) {
        setTimeout(() => void client.sendBytes(meter.stamp(), MESSAGES_CHANNEL), sent * intervalMs);
      }
      const metrics = await done;
      await close(blocking);
      const { p50Ms = 0, p99Ms = 0 } = metrics;
      return { p50Ms, p99Ms };
    },
    close: () => close(client),
  };
}

function driveComputing(clients: readonly TcpCommClient[]): Driving<ThreadsLoad> {
  let run: { toSend: number; readonly computingMs: number; readonly arrival: Arrival } | undefined;
  const sendNext = (client: TcpCommClient) => {
    if (run === undefined || run.toSend === 0) return;
    run.toSend -= 1;
    void client.sendText(String(run.computingMs), COMPUTING_CHANNEL);
  };
  for (const client of clients) {
    client.on('message', () => {
      run?.arrival.add(1);
      sendNext(client);
    });
  }
  return {
    run: async (load): Promise<Metrics> => {
      const { count, computingMs } = load as ComputingLoad;
      const arrival = new Arrival();
      run = { toSend: count, computingMs, arrival };
      const arrived = arrival.expect(count);
      for (const client of clients) sendNext(client);
      return { messagesPerSecond: (count / (await arrived)) * 1000 };
    },
    close: async () => {
      await Promise.all(clients.map(close));
    },
  };
}

async function close(client: TcpCommClient): Promise<void> {
  await client.close({ drainMs: 0 });
}

/** Nothing is done on this thread for so long. */
function block(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}
