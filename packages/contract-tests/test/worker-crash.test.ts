import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type ConnectionDetails, TcpCommClient } from '@tcpcomm/client';
import type { TcpCommError } from '@tcpcomm/protocol';
import type { LostWorker, TcpCommServer } from '@tcpcomm/server';
import { checkForLeaks, createTemporaryFolder, testBytes, waitUntil } from '@tcpcomm/test-support';
import { expect, it } from 'vitest';
import { startServer } from '../src/index.ts';

checkForLeaks({ endsThreads: true });

const CLIENTS = 6;
const NEW_CLIENTS = 2;
/** On a machine that has other things to do, too. */
const PATIENCE_MS = 30_000;
const CRASHES = 3;
const FILE_BYTES = 3_000_000;

/** A client that sends numbered messages and a file until all of them have come, whatever happens in between. */
class LoadedClient {
  readonly name: string;
  readonly client: TcpCommClient;
  /** The numbers that the handlers have answered, which they do when they have taken one. */
  readonly answered = new Set<number>();
  readonly reconnections: ConnectionDetails[] = [];
  sentMessages = 0;
  /** Messages of which it was told that nobody knows whether they were taken; they were sent again. */
  uncertainMessages = 0;
  isEnough = false;

  constructor(name: string) {
    this.name = name;
    this.client = new TcpCommClient({ machineId: name });
    this.client.on('message', (bytes) => this.answered.add(Number(new TextDecoder().decode(bytes))));
    this.client.on('connected', (details) => {
      if (details.reconnected) this.reconnections.push(details);
    });
  }

  async sendMessages(): Promise<void> {
    while (!this.isEnough) {
      await this.#sendUntilTaken(String(this.sentMessages));
      this.sentMessages += 1;
    }
  }

  async sendFile(path: string): Promise<void> {
    for (;;) {
      const transfer = this.client.sendFile(path, { as: this.name, overwrite: 'replace' });
      const error = (await transfer.done.then(() => undefined).catch((reason: unknown) => reason)) as
        TcpCommError | undefined;
      if (error === undefined) return;
      // What has arrived so far stays; it goes on from there, on another worker perhaps.
      expect(error.code).toBe('ERR_TCPCOMM_SESSION_LOST');
    }
  }

  async #sendUntilTaken(text: string): Promise<void> {
    for (;;) {
      try {
        await this.client.sendText(text, 1, { confirm: true });
        return;
      } catch (error) {
        expect((error as TcpCommError).code).toBe('ERR_TCPCOMM_SESSION_LOST');
        this.uncertainMessages += 1;
      }
    }
  }
}

/** Makes the worker of a session crash; returns who was on it. */
async function crash(server: TcpCommServer, victim: LoadedClient): Promise<string[]> {
  const onIt: string[] = [];
  const lost = new Promise<LostWorker>((resolve) => server.once('workerLost', resolve));
  const noteClosed = ({ machineId }: { machineId: string }, { code }: { code: string }) => {
    if (code === 'ERR_TCPCOMM_THREAD_LOST') onIt.push(machineId);
  };
  server.on('sessionClosed', noteClosed);
  await victim.client.sendText('crash', 2);
  expect((await lost).sessions).toBeGreaterThan(0);
  await waitUntil('all of its sessions are known to have ended', () => onIt.includes(victim.name));
  server.off('sessionClosed', noteClosed);
  return onIt;
}

/** Whether both workers take sessions. */
function isWhole({ info }: TcpCommServer): boolean {
  return info.workers.length === 2 && info.workers.every(({ isReady }) => isReady);
}

function hasIdleWorker({ info }: TcpCommServer): boolean {
  return info.workers.some(({ sessions }) => sessions === 0);
}

it(
  'a worker that is killed under load costs nobody else anything, and its clients come back with nothing lost',
  { timeout: 90_000 },
  async () => {
    await using folder = createTemporaryFolder();
    await writeFile(folder.join('file'), testBytes(FILE_BYTES));
    await using started = await startServer({
      threads: 2,
      // To the one that has least to do, so that there are some on each.
      threading: 'moved-sockets',
      handlers: new URL('handlers/numbers.ts', import.meta.url),
      files: { root: folder.path, write: true },
      bytesPerSecond: 1_000_000,
    });
    const { server, port } = started;
    const clients: LoadedClient[] = [];
    const [messages, files]: [Promise<void>[], Promise<void>[]] = [[], []];
    /** They go to the worker that has least to do, but for one that does not come to anything just then: so many, and more until each has some. */
    const addClients = async (count: number) => {
      for (let added = 0; added < count || hasIdleWorker(server); added += 1) {
        const client = new LoadedClient(`client ${clients.length}`);
        clients.push(client);
        await client.client.connect('127.0.0.1', port);
        messages.push(client.sendMessages());
        files.push(client.sendFile(folder.join('file')));
      }
    };
    await addClients(CLIENTS);

    for (let count = 0; count < CRASHES; count += 1) {
      const sent = clients.map(({ sentMessages }) => sentMessages);
      const isAtWork = (one: LoadedClient, index: number) => one.sentMessages > sent[index]! + 20;
      await waitUntil('all are at work', () => clients.every(isAtWork), PATIENCE_MS);
      const before = new Map(clients.map((client) => [client, client.reconnections.length]));
      const onIt = await crash(server, clients[0]!);
      const isBack = (client: LoadedClient) => client.reconnections.length > before.get(client)!;
      const affected = clients.filter(({ name }) => onIt.includes(name));
      await waitUntil('they are back', () => affected.every(isBack), PATIENCE_MS);
      expect(clients.filter(isBack).map(({ name }) => name)).toEqual(affected.map(({ name }) => name));
      expect(affected.length).toBeLessThan(clients.length);
      await waitUntil('there are two workers again', () => isWhole(server), PATIENCE_MS);
      await addClients(NEW_CLIENTS);
    }

    await Promise.all(files);
    for (const client of clients) client.isEnough = true;
    await Promise.all(messages);
    for (const { name, answered, sentMessages, reconnections, uncertainMessages, client } of clients) {
      await waitUntil('all have been taken', () => answered.size >= sentMessages);
      expect([...answered].sort((one, other) => one - other)).toEqual(
        Array.from({ length: sentMessages }, (_, n) => n),
      );
      // What could not be known was said, to the message; nothing else was sent again.
      const lost = reconnections.flatMap((details) => details.lost).filter(({ channel }) => channel === 1);
      expect(lost.reduce((sum, loss) => sum + loss.messages, 0)).toBe(uncertainMessages);
      expect(Buffer.compare(readFileSync(folder.join(name)), testBytes(FILE_BYTES))).toBe(0);
      await client.close();
    }
  },
);
