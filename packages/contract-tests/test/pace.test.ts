import { once } from 'node:events';
import { TcpCommClient } from '@tcpcomm/client';
import { type ServerSession, TcpCommServer } from '@tcpcomm/server';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, testBytes, waitUntil } from '@tcpcomm/test-support';
import { collectMessages, connectPair, ENDS, endsOf } from '../src/index.ts';

checkForLeaks();

describe('the rate of a server', () => {
  it('is 9,000,000 bytes a second by default, which makes blocks of 64 KiB', async () => {
    await using pair = await connectPair({ server: { bytesPerSecond: 9_000_000 } });
    expect([pair.server.getBlocksize(), pair.serverSession.getBlocksize(), pair.client.getBlocksize()]).toEqual([
      65_536, 65_536, 65_536,
    ]);
    expect(new TcpCommServer().getBlocksize()).toBe(65_536);
  });

  it.each([
    [0, 262_144],
    [Infinity, 262_144],
    [100_000_000, 65_536],
    [200_000, 49_152],
    [1, 1024],
  ])('of %d gives both ends blocks of %d bytes', async (bytesPerSecond, blockBytes) => {
    await using pair = await connectPair({ server: { bytesPerSecond } });
    expect(pair.server.getBlocksize()).toBe(blockBytes);
    expect(pair.client.getBlocksize()).toBe(blockBytes);
  });

  it('that changes is told to every session at once', async () => {
    await using pair = await connectPair();
    expect(pair.client.getBlocksize()).toBe(262_144);
    pair.server.throttleNetworkBps(200_000);
    expect(pair.serverSession.getBlocksize()).toBe(49_152);
    await waitUntil('the client knows', () => pair.client.getBlocksize() === 49_152);
    pair.server.throttleNetworkBps(0);
    await waitUntil('the client knows', () => pair.client.getBlocksize() === 262_144);
  });
});

describe('the rate of one session', () => {
  it('is told to its client, and to no other', async () => {
    await using pair = await connectPair({ server: { bytesPerSecond: 9_000_000 } });
    await using other = new TcpCommClient();
    await other.connect('127.0.0.1', pair.port);
    pair.serverSession.throttleNetworkBps(200_000);
    expect([pair.serverSession.getBlocksize(), pair.serverSession.stats().limitBytesPerSecond]).toEqual([
      49_152, 196_608,
    ]);
    await waitUntil('the client knows', () => pair.client.getBlocksize() === 49_152);
    expect(pair.client.stats().limitBytesPerSecond).toBe(196_608);
    expect([pair.server.getBlocksize(), other.getBlocksize()]).toEqual([65_536, 65_536]);
    expect(other.stats().limitBytesPerSecond).toBe(9_000_000);
  });

  it('is taken away by 0, and by Infinity', async () => {
    await using pair = await connectPair({ server: { bytesPerSecond: 100_000 } });
    for (const rate of [0, Infinity]) {
      pair.serverSession.throttleNetworkBps(100_000);
      await waitUntil('the client knows', () => pair.client.getBlocksize() === 24_576);
      pair.serverSession.throttleNetworkBps(rate);
      await waitUntil('the client knows', () => pair.client.getBlocksize() === 262_144);
      expect(pair.client.stats().limitBytesPerSecond).toBe(Infinity);
    }
  });

  it("holds until the server's is set anew", async () => {
    await using pair = await connectPair({ server: { bytesPerSecond: 9_000_000 } });
    pair.serverSession.throttleNetworkBps(200_000);
    pair.server.throttleNetworkBps(5_000_000);
    expect(pair.serverSession.stats().limitBytesPerSecond).toBe(5_000_000);
    await waitUntil('the client knows', () => pair.client.stats().limitBytesPerSecond === 5_000_000);
  });

  it.each(ENDS)('holds at once, for what a %s sends just now too', async (end) => {
    await using pair = await connectPair({ server: { bytesPerSecond: 50_000 } });
    const { local, remote } = endsOf(pair, end);
    const received = collectMessages(remote, 1);
    // At the first rate it would take a minute.
    void local.sendBytes(testBytes(3_000_000));
    await waitUntil('it has begun', () => local.getSendQueueSize() < 3_000_000);
    pair.serverSession.throttleNetworkBps(Infinity);
    expect((await received)[0]!.bytes).toHaveLength(3_000_000);
  });

  it('is one budget for both directions: together they take as long as all of it in one', async () => {
    const bytesPerSecond = 4_000_000;
    await using pair = await connectPair({ server: { bytesPerSecond } });
    const all = [collectMessages(pair.client, 1), collectMessages(pair.serverSession, 1)];
    const startMs = performance.now();
    void pair.client.sendBytes(testBytes(1_500_000));
    void pair.serverSession.sendBytes(testBytes(1_500_000));
    await Promise.all(all);
    expect(performance.now() - startMs).toBeGreaterThan((3_000_000 / bytesPerSecond) * 1000 * 0.7);
  });
});

/** Sends to each of the sessions without end, until one of their clients has that much; returns what each of them has. */
async function race(server: TcpCommServer, clients: readonly TcpCommClient[], untilBytes: number): Promise<number[]> {
  const sending = Array.from(server.sessions, async (session) => {
    while (session.isOpen) await session.sendBytes(new Uint8Array(100_000));
  });
  for (const client of clients) client.on('message', () => undefined);
  const receivedBytes = () => clients.map((client) => client.stats().receivedBytes);
  await waitUntil('one has all', () => Math.max(...receivedBytes()) >= untilBytes, 15_000);
  const result = receivedBytes();
  for (const session of server.sessions) session.destroy();
  await Promise.allSettled(sending);
  return result;
}

describe('the total of a server', () => {
  async function connectClients(port: number, count: number): Promise<TcpCommClient[]> {
    const clients = Array.from({ length: count }, (_, index) => new TcpCommClient({ machineId: `client ${index}` }));
    for (const client of clients) await client.connect('127.0.0.1', port);
    return clients;
  }

  it('is shared by its sessions, each as much as another', async () => {
    await using server = new TcpCommServer({ bytesPerSecond: 0, totalBytesPerSecond: 3_000_000 });
    const { port } = await server.start({ port: 0, host: '127.0.0.1' });
    const clients = await connectClients(port, 3);
    const startMs = performance.now();
    const received = await race(server, clients, 1_000_000);
    const elapsedMs = performance.now() - startMs;
    const total = received.reduce((sum, bytes) => sum + bytes, 0);
    expect(elapsedMs).toBeGreaterThan((total / 3_000_000) * 1000 * 0.7);
    expect(Math.min(...received)).toBeGreaterThan(0.6 * Math.max(...received));
  });

  it('is shared by their weights', async () => {
    await using server = new TcpCommServer({ bytesPerSecond: 0, totalBytesPerSecond: 1_000_000 });
    const { port } = await server.start({ port: 0, host: '127.0.0.1' });
    const clients = await connectClients(port, 2);
    server.getSession('client 1')!.setWeight(4);
    const [light, heavy] = (await race(server, clients, 1_500_000)) as [number, number];
    expect(heavy / light).toBeGreaterThan(3);
    expect(heavy / light).toBeLessThan(5);
  });

  it('that is raised holds at once, whichever way the bytes go', async () => {
    for (const end of ENDS) {
      await using pair = await connectPair({ server: { totalBytesPerSecond: 50_000 } });
      const { local, remote } = endsOf(pair, end);
      const received = collectMessages(remote, 1);
      // At the first total it would take a minute.
      void local.sendBytes(testBytes(3_000_000));
      await waitUntil('it has begun', () => local.getSendQueueSize() < 3_000_000);
      pair.server.throttleTotalBps(end === 'client' ? 0 : 50_000_000);
      expect((await received)[0]!.bytes).toHaveLength(3_000_000);
    }
  });
});

describe.each(ENDS)('a channel of a %s', (end) => {
  it('keeps a rate of its own, and the others do not', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const slow = local.channel(7, { bytesPerSecond: 200_000 });
    const received = collectMessages(remote, 2);
    const startMs = performance.now();
    void slow.send(testBytes(100_000));
    void local.sendBytes(testBytes(1_000_000), 8);
    const messages = await received;
    expect(messages.map(({ channel }) => channel)).toEqual([8, 7]);
    expect(performance.now() - startMs).toBeGreaterThan(500 * 0.7);
  });
});

it('what was set for a channel before there was a connection holds when there is one', async () => {
  await using server = new TcpCommServer({ bytesPerSecond: 0 });
  const { port } = await server.start({ port: 0, host: '127.0.0.1' });
  await using client = new TcpCommClient();
  client.channel(7, { priority: 'low' });
  client.channel(7, { weight: 3, bytesPerSecond: 200_000, highWaterMark: 10 });
  client.channel(7, {});
  expect(client.channel(7).stats()).toBeUndefined();
  const accepted = once(server, 'session') as Promise<[ServerSession]>;
  await client.connect('127.0.0.1', port);
  const [session] = await accepted;
  const received = collectMessages(session, 1);
  const startMs = performance.now();
  void client.channel(7).send(testBytes(100_000));
  expect(client.channel(7).stats()).toMatchObject({ priority: 'low', weight: 3, bytesPerSecond: 200_000 });
  await received;
  expect(performance.now() - startMs).toBeGreaterThan(500 * 0.7);
  expect(client.channel(8, { priority: 'urgent' }).stats()).toMatchObject({ priority: 'urgent', weight: 1 });
});

describe.each(ENDS)('a %s', (end) => {
  it('sends at the rate of the session on average', async () => {
    const bytesPerSecond = 9_000_000;
    await using pair = await connectPair({ server: { bytesPerSecond } });
    const { local, remote } = endsOf(pair, end);
    const received = collectMessages(remote, 1);
    const bytes = 4_500_000;
    const startMs = performance.now();
    void local.sendBytes(testBytes(bytes));
    await received;
    const idealMs = (bytes / bytesPerSecond) * 1000;
    const elapsedMs = performance.now() - startMs;
    expect(elapsedMs).toBeGreaterThan(idealMs * 0.7);
    expect(elapsedMs).toBeLessThan(idealMs * 4);
  });

  it('is faster from the moment on when the rate is raised', async () => {
    await using pair = await connectPair({ server: { bytesPerSecond: 100_000 } });
    const { local, remote } = endsOf(pair, end);
    const received = collectMessages(remote, 1);
    // At the first rate it would take forty seconds.
    void local.sendBytes(testBytes(4_000_000));
    await waitUntil('it has begun', () => local.getSendQueueSize() < 4_000_000);
    pair.server.throttleNetworkBps(0);
    expect((await received)[0]!.bytes).toHaveLength(4_000_000);
  });
});
