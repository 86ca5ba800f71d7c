import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { TcpCommClient } from '@tcpcomm/client';
import { LimitError, TcpCommError, TransferError, UsageError } from '@tcpcomm/protocol';
import type { ServerOptions } from '@tcpcomm/server';
import {
  checkForLeaks,
  createTemporaryFolder,
  type TemporaryFolder,
  testBytes,
  waitUntil,
} from '@tcpcomm/test-support';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectMessages, connectPair } from '../src/index.ts';

checkForLeaks();

let folder: TemporaryFolder;

beforeEach(() => {
  folder = createTemporaryFolder();
});

afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

/** Nothing is done on this thread for so long. */
function blockThisThread(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}

/** A server on a thread of its own, which goes on when this one is blocked. */
async function startServerThread(options: ServerOptions): Promise<{ readonly port: number } & AsyncDisposable> {
  const thread = new Worker(new URL('programs/file-server-thread.ts', import.meta.url), { workerData: options });
  const [port] = (await once(thread, 'message')) as [number];
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      thread.postMessage('close');
      await once(thread, 'exit');
    },
  };
}

const threadOf = (client: TcpCommClient): Worker => (Reflect.get(client, 'backend') as { thread: Worker }).thread;

describe('a client on a thread of its own', () => {
  it('keeps its connection alive and goes on with a transfer while the thread of its user is blocked', async () => {
    const liveness = { keepAliveIntervalMs: 200, keepAliveTimeoutMs: 600 };
    await writeFile(folder.join('file'), testBytes(2_000_000));
    await using server = await startServerThread({
      ...liveness,
      files: { root: folder.path },
      bytesPerSecond: 2_000_000,
    });
    await using client = new TcpCommClient({ thread: true, autoReconnect: false, ...liveness });
    await client.connect('127.0.0.1', server.port);
    const heard: string[] = [];
    client.on('disconnected', () => heard.push('disconnected'));
    const file = client.getFile('file', { to: folder.join('got') });
    await waitUntil('it moves', () => file.progress.transferredBytes > 0);
    blockThisThread(2_500);
    // Before anything could be heard here of what happened meanwhile.
    expect(Buffer.compare(readFileSync(folder.join('got')), testBytes(2_000_000))).toBe(0);
    expect(file.state).toBe('active');
    expect(await file.done).toMatchObject({ totalBytes: 2_000_000 });
    await client.sendText('still there', 1, { confirm: true });
    expect(heard).toEqual([]);
  });

  it('holds back what its user does not take, and loses none of it', async () => {
    await using server = await startServerThread({ bytesPerSecond: 0, channelWindowBytes: 65_536 });
    await using client = new TcpCommClient({ thread: true, channelWindowBytes: 65_536 });
    await client.connect('127.0.0.1', server.port);
    const received = collectMessages(client, 1_000);
    for (let index = 0; index < 1_000; index += 1) {
      await client.sendBytes(testBytes(2_000, index));
      if (index % 250 === 0) blockThisThread(100);
    }
    const messages = await received;
    expect(messages.every(({ bytes }, index) => Buffer.compare(bytes, testBytes(2_000, index)) === 0)).toBe(true);
  });

  it('gives messages away for good, the small ones too, which come in memory that they share', async () => {
    await using pair = await connectPair({ client: { thread: true } });
    // It may be asked for; here it means nothing.
    pair.client.channel(1, { messageMemory: 'lent' });
    const messages: Uint8Array[] = [];
    pair.client.on('message', (bytes) => messages.push(bytes));
    const sizes = [10, 100, 20_000, 200_000];
    for (let index = 0; index < 40; index += 1) void pair.serverSession.sendBytes(testBytes(sizes[index % 4]!, index));
    await waitUntil('all have come', () => messages.length === 40);
    const { buffer } = messages[0]!;
    expect(() => structuredClone(messages[0], { transfer: [buffer as ArrayBuffer] })).toThrow();
    for (const [index, bytes] of messages.entries()) {
      expect(Buffer.compare(bytes, testBytes(sizes[index % 4]!, index))).toBe(0);
    }
  });

  it('has its errors with their classes and codes', async () => {
    await using pair = await connectPair({
      server: { maxMessageBytes: 1_000, files: { root: folder.path } },
      client: { thread: true },
    });
    const { client } = pair;
    await expect(client.sendBytes(testBytes(1_001))).rejects.toBeInstanceOf(LimitError);
    await expect(client.getFile('none', { to: folder.join('x') }).done).rejects.toMatchObject({
      constructor: TransferError,
      code: 'ERR_TCPCOMM_FILE_NOT_FOUND',
      side: 'remote',
    });
    await expect(client.connect('127.0.0.1', pair.port)).rejects.toBeInstanceOf(UsageError);
    expect(() => client.getFile('file', { to: '', overwrite: 'never' as 'replace' })).toThrow(UsageError);
  });

  it('asks its user for what proves who it is', async () => {
    const asked: string[] = [];
    await using pair = await connectPair({
      server: { authorize: ({ auth }) => auth === 'secret 1' },
      client: {
        thread: true,
        auth: async () => {
          asked.push('auth');
          return `secret ${asked.length}`;
        },
      },
    });
    expect(pair.client.isOpen).toBe(true);
    expect(asked).toEqual(['auth']);
  });

  it('that has lost its thread is closed, and all that waits rejects', async () => {
    await writeFile(folder.join('file'), testBytes(1_000_000));
    await using pair = await connectPair({
      server: { bytesPerSecond: 50_000, files: { root: folder.path }, onMessage: () => new Promise(() => undefined) },
      client: { thread: true },
    });
    const { client } = pair;
    const heard: string[] = [];
    for (const name of ['disconnected', 'close'] as const) client.on(name, () => heard.push(name));
    const confirmed = client.sendText('never taken', 1, { confirm: true });
    const file = client.getFile('file', { to: folder.join('got') });
    await waitUntil('it moves', () => file.progress.transferredBytes > 0);
    const outcomes = Promise.allSettled([confirmed, file.done, client.list()]);
    await threadOf(client).terminate();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_TCPCOMM_THREAD_LOST' } });
    }
    expect(await client.closed).toMatchObject({ by: 'local', code: 'ERR_TCPCOMM_THREAD_LOST', isClean: false });
    expect(heard).toEqual(['disconnected', 'close']);
    await expect(client.sendText('too late')).rejects.toBeInstanceOf(TcpCommError);
    await expect(client.connect('127.0.0.1', pair.port)).rejects.toMatchObject({ code: 'ERR_TCPCOMM_SESSION_CLOSED' });
  });

  it('measures the CPU use of that thread', async () => {
    await using pair = await connectPair({ client: { thread: true } });
    using monitor = pair.client.cpuMonitor;
    expect(pair.client.cpuMonitor).toBe(monitor);
    expect(monitor.source).toBe('worker.cpuUsage');
    monitor.start();
    const [sample] = await once(monitor, 'sample');
    expect(sample).toMatchObject({ threadUsage: expect.any(Number) as number, eventLoopDelayMs: undefined });
  });

  it('keeps no process alive without a connection', async () => {
    const program = join(import.meta.dirname, 'programs', 'idle-threaded-client.ts');
    await promisify(execFile)(process.execPath, [...process.execArgv, program], { timeout: 15_000 });
  });

  it('keeps the process alive while it is waited for', async () => {
    const program = join(import.meta.dirname, 'programs', 'refused-threaded-client.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, program], { timeout: 15_000 });
    expect(stdout).toBe('ERR_TCPCOMM_CONNECT_FAILED local');
  });

  it('is gone when it is closed, also one that never connected', async () => {
    const client = new TcpCommClient({ thread: true });
    expect(await client.close()).toMatchObject({ isComplete: true, reason: { by: 'local', isClean: true } });
    expect(threadOf(client).threadId).toBe(-1);
  });
});

it('a client without a thread of its own measures the one that calls', async () => {
  await using client = new TcpCommClient({ thread: false });
  expect(client.cpuMonitor.source).toBe('process.threadCpuUsage');
});
