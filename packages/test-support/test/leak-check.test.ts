import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { MessageChannel, Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, createTemporaryFolder, leaksSince, takeStock, waitUntil } from '../src/index.ts';

describe('the leak check sees', () => {
  checkForLeaks();

  it('a listening socket, until it is closed', async () => {
    const before = takeStock();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    expect(leaksSince(before)).toContainEqual('1 x TCPServerWrap');
    expect(leaksSince(before).some((leak) => leak.includes('socket:'))).toBe(true);
    server.close();
    await once(server, 'close');
    await waitUntil('the socket is gone', () => leaksSince(before).length === 0);
  });

  it('a timer, but none that keeps nothing alive', async () => {
    const before = takeStock();
    const timer = setInterval(() => undefined, 60_000);
    const harmless = setInterval(() => undefined, 60_000).unref();
    expect(leaksSince(before)).toEqual(['1 x timer']);
    clearInterval(timer);
    clearInterval(harmless);
    await waitUntil('nothing is left', () => leaksSince(before).length === 0);
  });

  it('a worker', async () => {
    const before = takeStock();
    const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
    await once(worker, 'online');
    expect(leaksSince(before)).not.toEqual([]);
    await worker.terminate();
    await waitUntil('the worker is gone', () => leaksSince(before).length === 0);
  });

  it('a port to another thread, also one that keeps nothing alive', async () => {
    const before = takeStock();
    const { port1, port2 } = new MessageChannel();
    port1.unref();
    port2.unref();
    expect(leaksSince(before)).toEqual(['2 x MESSAGEPORT']);
    port1.close();
    await waitUntil('nothing is left', () => leaksSince(before).length === 0);
  });

  it('an open file and a temporary folder', async () => {
    const before = takeStock();
    const folder = createTemporaryFolder();
    const file = await open(folder.join('file'), 'w');
    await waitUntil('only these two are left', () => leaksSince(before).length === 2);
    const [descriptor, temporaryFolder] = leaksSince(before);
    expect(descriptor).toContain(folder.join('file'));
    expect(folder.path).toContain(temporaryFolder!.replace('folder ', ''));
    await file.close();
    await folder[Symbol.asyncDispose]();
    await waitUntil('nothing is left', () => leaksSince(before).length === 0);
  });
});
