import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { type ClientOptions, TcpCommClient } from '@tcpcomm/client';
import { TcpCommError, UsageError } from '@tcpcomm/protocol';
import {
  type LostWorker,
  type ServerOptions,
  type ServerSession,
  TcpCommServer,
  type WorkerInfo,
} from '@tcpcomm/server';
import { checkForLeaks, createTemporaryFolder, Relay, testBytes, untyped, waitUntil } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { collectTexts, connectClient, startServer } from '../src/index.ts';

checkForLeaks();

const handlersAt = (name: string): URL => new URL(`handlers/${name}.ts`, import.meta.url);

interface EchoAnswer {
  readonly thread: number;
  readonly machineId: string;
  readonly heard: readonly string[];
  readonly text: string;
}

/** Asks the handlers of `echo.ts`. */
async function ask(client: TcpCommClient, text: string): Promise<EchoAnswer> {
  const answer = once(client, 'message') as Promise<[Uint8Array]>;
  await client.sendText(text);
  const [bytes] = await answer;
  return JSON.parse(new TextDecoder().decode(bytes)) as EchoAnswer;
}

/** Nothing is done on this thread for so long. */
function blockThisThread(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}

async function connectClients(port: number, count: number, options: ClientOptions = {}): Promise<TcpCommClient[]> {
  const clients: TcpCommClient[] = [];
  for (let index = 0; index < count; index += 1) {
    clients.push(await connectClient(port, { machineId: `client ${index}`, ...options }));
  }
  return clients;
}

const closeAll = (clients: readonly TcpCommClient[]) =>
  Promise.all(clients.map((client) => client.close({ drainMs: 0 })));

const THREADINGS = ['moved-sockets', 'reused-port'] as const;

describe('a server on worker threads', () => {
  it('deals its sessions out to them', async () => {
    await using started = await startServer({ threads: 2 });
    const { server, port } = started;
    expect(server.info).toMatchObject({ threading: 'moved-sockets', reason: expect.any(String) as string });
    expect(server.info.workers.map(({ sessions }) => sessions)).toEqual([0, 0]);
    const clients = await connectClients(port, 4);
    expect(server.sessions.size).toBe(4);
    const sessions = server.info.workers.map((worker) => worker.sessions);
    expect(Math.min(...sessions)).toBeGreaterThan(0);
    expect(sessions[0]! + sessions[1]!).toBe(4);
    await closeAll(clients);
    await waitUntil('they have gone', () => server.info.workers.every((worker) => worker.sessions === 0));
    await server.close();
    expect(server.info.workers).toEqual([]);
  });

  it('without any says why it is on the thread that called', async () => {
    await using started = await startServer();
    expect(started.server.info).toEqual({
      threading: 'calling-thread',
      reason: 'no worker threads are wanted',
      workers: [],
    });
  });

  it('measures what its workers move and take', async () => {
    await using started = await startServer({ threads: 1 });
    await using client = await connectClient(started.port, { onMessage: () => undefined });
    const [session] = [...started.server.sessions];
    const enough = new AbortController();
    const sending = (async () => {
      while (!enough.signal.aborted) await session!.sendBytes(testBytes(10_000));
    })();
    const [worker] = started.server.info.workers;
    await waitUntil('it is measured', () => {
      const [{ bytesPerSecond, cpu } = worker!] = started.server.info.workers;
      return bytesPerSecond > 100_000 && (cpu?.threadUsage ?? 0) > 1;
    });
    enough.abort();
    await sending;
    await client.close();
    await waitUntil('it is quiet again', () => started.server.info.workers[0]!.bytesPerSecond === 0);
  });

  it.each(THREADINGS)('by %s says so, and knows where it listens until it is closed', async (threading) => {
    await using started = await startServer({ threads: 2, threading });
    const { server, port } = started;
    expect(server.info).toMatchObject({ threading, reason: expect.any(String) as string });
    expect(server.address).toMatchObject({ address: '127.0.0.1', port });
    const clients = await connectClients(port, 3);
    expect(server.info.workers.reduce((sum, { sessions }) => sum + sessions, 0)).toBe(3);
    const closing = server.close();
    expect(server.address).toBeUndefined();
    await closing;
    await Promise.all(clients.map((client) => client.closed));
    await expect(connectClient(port)).rejects.toMatchObject({ code: 'ERR_TCPCOMM_CONNECT_FAILED' });
  });

  it.each(THREADINGS)('by %s says when it cannot listen, and leaves nothing behind', async (threading) => {
    await using other = await startServer();
    await using server = new TcpCommServer({ threads: 2, threading });
    const starting = server.start({ port: other.port, host: '127.0.0.1' });
    await expect(starting).rejects.toMatchObject({ code: 'ERR_TCPCOMM_LISTEN_FAILED' });
    expect(server.info.workers).toEqual([]);
  });

  it('goes on with a transfer, and keeps its sessions alive, while the thread of the server is blocked', async () => {
    await using folder = createTemporaryFolder();
    await writeFile(folder.join('file'), testBytes(1_500_000));
    const liveness = { keepAliveIntervalMs: 200, keepAliveTimeoutMs: 600 };
    const options: ServerOptions = { threads: 1, bytesPerSecond: 1_500_000, files: { root: folder.path }, ...liveness };
    await using started = await startServer(options);
    // It has a thread, for this one is the blocked one.
    await using client = await connectClient(started.port, { thread: true, autoReconnect: false, ...liveness });
    const file = client.getFile('file', { to: folder.join('got') });
    await waitUntil('it moves', () => file.progress.transferredBytes > 0);
    blockThisThread(2_000);
    expect(Buffer.compare(readFileSync(folder.join('got')), testBytes(1_500_000))).toBe(0);
    await file.done;
    expect(client.isOpen).toBe(true);
  });

  it.each(THREADINGS)('by %s finds a session whose client comes back on the worker that has it', async (threading) => {
    await using started = await startServer({ threads: 2, threading, handlers: handlersAt('echo') });
    await using relay = await Relay.start(started.port);
    await using client = await connectClient(relay.port, { machineId: 'comes back' });
    const before = await ask(client, 'before');
    for (let count = 0; count < 5; count += 1) {
      const found = once(client, 'connected');
      relay.reset();
      expect(await found).toMatchObject([{ resumed: true }]);
    }
    const after = await ask(client, 'after');
    expect(after.thread).toBe(before.thread);
    expect(after.heard.filter((text) => text === 'again comes back')).toHaveLength(5);
    expect(started.server.sessions.size).toBe(1);
  });

  it.each(THREADINGS)('by %s tells the same machine ids whichever worker a session is on', async (threading) => {
    await using started = await startServer({ threads: 2, threading });
    const clients = await connectClients(started.port, 3);
    await expect(clients[2]!.setMachineId('client 0')).rejects.toMatchObject({ code: 'ERR_TCPCOMM_MACHINE_ID_TAKEN' });
    await clients[0]!.setMachineId('new');
    await clients[2]!.setMachineId('client 0');
    const { server } = started;
    expect(['new', 'client 1', 'client 0'].map((name) => server.getSession(name)?.sessionId)).toEqual([1, 2, 3]);
    expect(server.getSession('client 2')).toBeUndefined();
    await closeAll(clients);
  });
});

it('a session on a worker can be used from the first moment on', async () => {
  await using started = await startServer({ threads: 1 });
  const { server, port } = started;
  const accepted = once(server, 'session') as Promise<[ServerSession]>;
  await using client = new TcpCommClient({ machineId: 'new', onMessage: () => undefined });
  const connecting = client.connect('127.0.0.1', port);
  const [session] = await accepted;
  expect(session.stats().sentBytes).toBe(0);
  const { remoteAddress } = session;
  const greeting = new AbortController();
  const greeted = session.sendText('welcome', 1, { confirm: true }).finally(() => greeting.abort());
  const seen = new Set<string>();
  // In every turn until its own thread has told how it stands, and been answered.
  await waitUntil('it is greeted', () => {
    const { sessionId, machineId, isOpen } = session;
    const blockBytes = session.getBlocksize();
    seen.add(JSON.stringify({ sessionId, machineId, isOpen, remoteAddress: session.remoteAddress, blockBytes }));
    return greeting.signal.aborted;
  });
  await Promise.all([greeted, connecting]);
  expect(remoteAddress).toBe('127.0.0.1');
  const expected = { sessionId: 1, machineId: 'new', isOpen: true, remoteAddress, blockBytes: 262_144 };
  expect([...seen]).toEqual([JSON.stringify(expected)]);
});

it.each(['server', 'client'])(
  'what cannot cross to another thread keeps no session of a %s from ending',
  async (end) => {
    await using started = await startServer({ threads: 1 });
    await using client = await connectClient(started.port, { machineId: 'one', thread: true, autoReconnect: false });
    const session = end === 'server' ? started.server.getSession('one')! : client;
    const details = { socket: new Socket(), promise: Promise.resolve(), call: () => 1 };
    session.destroy(Object.assign(new TcpCommError('ERR_OF_MINE', 'enough', { cause: Promise.resolve() }), details));
    expect(await session.closed).toMatchObject({ code: 'ERR_OF_MINE', message: 'enough', isClean: false });
  },
);

describe.each([0, 2])('handlers on %i threads', (threads) => {
  it('have the messages, of which the server hears nothing, and all else as it has', async () => {
    await using folder = createTemporaryFolder();
    await writeFile(folder.join('name'), testBytes(1_000));
    const handlers = handlersAt('echo');
    await using started = await startServer({ threads, handlers, files: { root: folder.path } });
    const { server, port } = started;
    const [heard, errors]: [string[], string[]] = [[], []];
    server.on('message', () => heard.push('message'));
    server.on('session', ({ machineId }) => heard.push(`session ${machineId}`));
    server.on('transfer', ({ name }) => heard.push(`transfer ${name}`));
    server.on('sessionClosed', ({ machineId }) => heard.push(`closed ${machineId}`));
    server.on('notice', ({ kind, text }) => {
      if (kind === 'error') errors.push(text);
    });
    const client = await connectClient(port, { machineId: 'one' });
    const answer = await ask(client, 'hello');
    expect(answer).toMatchObject({ machineId: 'one', text: 'hello' });
    if (threads > 0) expect(server.info.workers.map(({ threadId }) => threadId)).toContain(answer.thread);
    expect(answer.heard).toContain('session one');
    await client.getFile('name', { to: folder.join('got') }).done;
    expect((await ask(client, 'and')).heard).toContain('transfer name');
    await client.sendText('fail', 1, { confirm: true });
    await waitUntil('it is told', () => errors.includes('ERR: a handler has failed'));
    // The server's own hold on the session is as good as any.
    const texts = collectTexts(client, 1);
    await server.getSession('one')!.sendText('from the server');
    expect(await texts).toEqual(['from the server']);
    await client.close();
    await waitUntil('that is told, too', () => errors.includes('ERR: a handler of the end has failed'));
    await waitUntil('the server has heard, too', () => heard.length === 3);
    expect(heard).toEqual(['session one', 'transfer name', 'closed one']);
  });

  it('answer requests and ask, where the sessions are; the server itself leaves that to them', async () => {
    await using started = await startServer({ threads, handlers: handlersAt('echo') });
    const { server, port } = started;
    const errors: string[] = [];
    server.on('notice', ({ kind, text }) => kind === 'error' && errors.push(text));
    const client = await connectClient(port, { machineId: 'one' });
    const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const answer = JSON.parse(textOf(await client.request(5, Buffer.from('what')))) as { readonly thread: number };
    expect(answer).toMatchObject({ channel: 5, machineId: 'one', text: 'what' });
    if (threads > 0) expect(server.info.workers.map(({ threadId }) => threadId)).toContain(answer.thread);
    client.onRequest(9, (bytes) => Buffer.from(`${textOf(bytes)} yourself`));
    expect(textOf(await client.request(9, Buffer.from('ask')))).toBe('ask yourself');
    await expect(client.request(5, Buffer.from('fail'))).rejects.toMatchObject({ code: 'ERR_TCPCOMM_REQUEST_FAILED' });
    await waitUntil('it is told', () => errors.includes('ERR: a handler of requests has failed'));
    const session = server.getSession('one')!;
    await expect(session.request(5, Buffer.from('?'))).rejects.toThrow('the handlers have requests and arrays');
    expect(() => session.onRequest(5, () => undefined)).toThrow(UsageError);
    expect(() => session.arrayPort(5)).toThrow(UsageError);
    expect(() => server.onRequest(5, () => undefined)).toThrow('export onRequest there');
  });

  it.each([
    ['missing', /missing/],
    ['throwing', /no database/],
    ['endless', /longer than 1000 ms|not begun within 1000 ms/],
    ['nothing', /export none of onSession, onMessage, onRequest, onTransfer, onSessionClosed/],
    ['wrong', /export onSession, which must be a function/],
  ])('that are %s keep the server from starting, which says why', async (name, message) => {
    // Only who never ends has to wait for it: on a busy machine a thread may take that long to begin.
    const patience = name === 'endless' ? { workerTimeoutMs: 1_000 } : {};
    await using server = new TcpCommServer({ threads, handlers: handlersAt(name), ...patience });
    const error = (await server
      .start({ port: 0, host: '127.0.0.1' })
      .catch((reason: unknown) => reason)) as TcpCommError;
    expect(error.message).toMatch(message);
    expect(['ERR_TCPCOMM_HANDLERS_FAILED', 'ERR_TCPCOMM_THREAD_LOST']).toContain(error.code);
    expect(server.address).toBeUndefined();
    expect(server.info.workers).toEqual([]);
  });
});

it('handlers that block their thread while they load keep the server from starting', async () => {
  await using server = new TcpCommServer({ threads: 2, handlers: handlersAt('blocking'), workerTimeoutMs: 1_000 });
  const starting = server.start({ port: 0, host: '127.0.0.1' });
  await expect(starting).rejects.toMatchObject({ code: 'ERR_TCPCOMM_THREAD_LOST' });
});

it.each([
  { threads: 0, handlers: handlersAt('echo') },
  { threads: 2, threading: 'moved-sockets' as const },
  { threads: 2, threading: 'reused-port' as const },
])('a server that is closed while it starts does not listen afterwards, whenever that is: %o', async (options) => {
  const moments: ((workers: readonly WorkerInfo[]) => boolean)[] = [
    () => true,
    (workers) => workers.length === options.threads,
    (workers) => options.threads === 0 || workers.some(({ isReady }) => isReady),
  ];
  for (const isNow of moments) {
    const server = new TcpCommServer(options);
    const starting = server.start({ port: 0, host: '127.0.0.1' }).catch((error: unknown) => error);
    await waitUntil('it is the moment', () => isNow(server.info.workers));
    await server.close();
    expect(await starting).toMatchObject({ code: 'ERR_TCPCOMM_SESSION_CLOSED' });
    expect(server.address).toBeUndefined();
    expect(server.info.workers).toEqual([]);
  }
});

it.each([
  [{ threads: -1 }, /threads must be a whole number from 0 to 128, got -1/],
  [{ threads: 1.5 }, /got 1.5/],
  [{ threads: 129 }, /got 129/],
  [{ threads: '2' }, /got a string|got "2"/],
  [{ threading: 'calling-thread' }, /threading must be "moved-sockets" or "reused-port", got "calling-thread"/],
  [{ workerTimeoutMs: 999 }, /workerTimeoutMs must be a whole number from 1000 to 2147483647, got 999/],
  [{ handlers: './handlers.js' }, /handlers must be a URL, such as new URL\('.\/handlers.js', import.meta.url\)/],
  [{ handlers: handlersAt('echo'), onMessage: () => undefined }, /leave out onMessage/],
])('%o is refused', (options, message) => {
  expect(() => new TcpCommServer(untyped(options))).toThrow(UsageError);
  expect(() => new TcpCommServer(untyped(options))).toThrow(message);
});

it('a callback beside handlers is refused', () => {
  expect(() => new TcpCommServer(() => undefined, { handlers: handlersAt('echo') })).toThrow(/leave out the callback/);
});

describe('a worker that is lost', () => {
  const FAST = { threads: 2, handlers: handlersAt('echo'), workerTimeoutMs: 1_000 };

  /** A client on one of two workers, and one on the other: where connections are dealt out by chance it takes some more. */
  async function connectToEach(port: number): Promise<[TcpCommClient, TcpCommClient]> {
    const first = await connectClient(port, { machineId: 'victim' });
    const { thread } = await ask(first, 'where');
    for (;;) {
      const second = await connectClient(port, { machineId: 'bystander' });
      if ((await ask(second, 'where')).thread !== thread) return [first, second];
      await second.close();
    }
  }

  it.each([
    ['crash', 'moved-sockets', 'a bug in a handler'],
    ['crash', 'reused-port', 'a bug in a handler'],
    ['block', 'moved-sockets', 'it was busy with one thing for 1000 ms'],
  ] as const)('by a %s (%s) ends its own sessions alone, and is replaced', async (how, threading, why) => {
    await using started = await startServer({ ...FAST, threading });
    const { server, port } = started;
    const [victim, bystander] = await connectToEach(port);
    const victimId = victim.sessionId;
    const disturbances: string[] = [];
    for (const name of ['disconnected', 'close'] as const) bystander.on(name, () => disturbances.push(name));
    const closed: [number, string][] = [];
    server.on('sessionClosed', ({ sessionId }: ServerSession, { code }) => closed.push([sessionId, code]));
    const lost = once(server, 'workerLost') as Promise<[LostWorker]>;
    const workersBefore = server.info.workers.map(({ threadId }) => threadId);
    const back = once(victim, 'connected');
    void victim.sendText(how, 2);
    const [{ threadId, sessions, error }] = await lost;
    expect(workersBefore).toContain(threadId);
    expect(sessions).toBe(1);
    expect(error).toMatchObject({ code: 'ERR_TCPCOMM_THREAD_LOST' });
    expect(error.message).toContain(why);
    expect(await back).toMatchObject([{ reconnected: true, resumed: false }]);
    expect(closed).toEqual([[victimId, 'ERR_TCPCOMM_THREAD_LOST']]);
    await waitUntil('it is replaced', () => server.info.workers.filter(({ isReady }) => isReady).length === 2);
    const workers = server.info.workers.map((worker) => worker.threadId);
    expect(workers).not.toContain(threadId);
    expect((await ask(victim, 'here again')).text).toBe('here again');
    expect((await ask(bystander, 'still here')).text).toBe('still here');
    expect(disturbances).toEqual([]);
    await closeAll([victim, bystander]);
    // The new one takes its part.
    await closeAll(await connectToEach(port));
  });

  it('settles everything that waited for it at the server', async () => {
    await using folder = createTemporaryFolder();
    await writeFile(folder.join('file'), testBytes(1_000_000));
    await using started = await startServer({
      ...FAST,
      threads: 1,
      bytesPerSecond: 100_000,
      files: { root: folder.path },
    });
    const takesNothing = { onMessage: () => new Promise(() => undefined) };
    await using client = await connectClient(started.port, { machineId: 'one', autoReconnect: false, ...takesNothing });
    const session = started.server.getSession('one')!;
    const confirmed = session.sendText('never taken', 1, { confirm: true });
    const transfer = once(started.server, 'transfer');
    const got = client.getFile('file', { to: folder.join('got') });
    const [file] = (await transfer) as [{ done: Promise<unknown> }];
    const outcomes = Promise.allSettled([confirmed, file.done]);
    void client.sendText('crash', 3);
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_TCPCOMM_THREAD_LOST' } });
    }
    await expect(got.done).rejects.toMatchObject({ code: 'ERR_TCPCOMM_CONNECTION_LOST' });
    expect(await session.closed).toMatchObject({ by: 'local', code: 'ERR_TCPCOMM_THREAD_LOST' });
    await expect(session.sendText('too late')).rejects.toMatchObject({ code: 'ERR_TCPCOMM_THREAD_LOST' });
    // It is not known to have arrived, and is not said to have.
    expect(await session.close()).toMatchObject({
      isComplete: false,
      channels: [{ channel: 1, deliveredMessages: 0, undeliveredMessages: 1 }],
    });
    session.setWeight(2);
    session.throttleNetworkBps(1_000_000);
    await waitUntil('another one is there', () => started.server.info.workers.length === 1);
  });
});

it('a handler on a worker answers while the thread of the server is blocked', async () => {
  await using started = await startServer({ threads: 1, handlers: handlersAt('echo') });
  const answers = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { port: started.port, answers };
  const thread = new Worker(new URL('programs/asking-thread.ts', import.meta.url), { workerData });
  await waitUntil('it is answered', () => Atomics.load(answers, 0) > 0);
  const before = Atomics.load(answers, 0);
  blockThisThread(1_000);
  expect(Atomics.load(answers, 0)).toBeGreaterThan(before + 1);
  thread.postMessage('close');
  await once(thread, 'exit');
});
