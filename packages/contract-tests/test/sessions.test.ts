import { once } from 'node:events';
import { TcpCommClient } from '@tcpcomm/client';
import { ALL_SESSIONS, type ServerSession, TcpCommServer } from '@tcpcomm/server';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, letEventsRun, RawPeer, rawFrame, rawPreface, waitUntil } from '@tcpcomm/test-support';
import { collectTexts, connectPair } from '../src/index.ts';

checkForLeaks();

const HOST = '127.0.0.1';

/** A server with so many clients, named `m1`, `m2`, .. in the order of their sessions. */
async function connectMany(count: number) {
  const server = new TcpCommServer({ bytesPerSecond: 0 });
  const { port } = await server.start({ port: 0, host: HOST });
  const clients: TcpCommClient[] = [];
  const join = async (machineId: string) => {
    const client = new TcpCommClient({ machineId });
    await client.connect(HOST, port);
    clients.push(client);
    return client;
  };
  const leave = async (client: TcpCommClient) => {
    const gone = once(server, 'sessionClosed');
    await client.close();
    await gone;
  };
  for (let index = 1; index <= count; index += 1) await join(`m${index}`);
  const dispose = async () => {
    await Promise.all([...clients.map((client) => client.close({ drainMs: 0 })), server.close({ drainMs: 0 })]);
  };
  return { server, port, clients, join, leave, [Symbol.asyncDispose]: dispose };
}

describe('the sessions of a server', () => {
  it('have the one that was accepted before connect resolves', async () => {
    const server = new TcpCommServer();
    const { port } = await server.start({ port: 0, host: HOST });
    const client = new TcpCommClient({ machineId: 'early' });
    let sizeInEvent = -1;
    server.on('session', (session) => {
      sizeInEvent = server.sessions.size;
      expect(server.getSession('early')).toBe(session);
    });
    await client.connect(HOST, port);
    expect(sizeInEvent).toBe(1);
    expect(server.sessions.size).toBe(1);
    expect(server.getSession(client.sessionId)?.machineId).toBe('early');
    expect(server.getSessionCollection()).toBe(server.sessions);
    expect(client.remotePort).toBe(port);
    expect(server.getSession('early')?.remoteAddress).toBe(HOST);
    await Promise.all([client.close(), server.close()]);
  });

  it('have the lowest id that is free; an old handle stays closed when its id is used again', async () => {
    await using host = await connectMany(4);
    const { server, clients } = host;
    expect(clients.map(({ sessionId }) => sessionId)).toEqual([1, 2, 3, 4]);
    const oldHandle = server.getSession(2)!;
    await host.leave(clients[1]!);
    await host.leave(clients[2]!);
    expect([...server.sessions].map(({ sessionId }) => sessionId)).toEqual([1, 4]);
    const next = await Promise.all([host.join('n1'), host.join('n2'), host.join('n3')]);
    expect(next.map(({ sessionId }) => sessionId).sort()).toEqual([2, 3, 5]);
    expect(server.getSession(2)).not.toBe(oldHandle);
    expect([oldHandle.isOpen, oldHandle.sessionId, oldHandle.machineId]).toEqual([false, 2, 'm2']);
    await expect(oldHandle.sendText('to nobody')).rejects.toMatchObject({ code: 'ERR_TCPCOMM_SESSION_CLOSED' });
  });

  it('are found by id and by machine id, and not after their end', async () => {
    await using host = await connectMany(3);
    const { server } = host;
    expect(server.getSession(2)).toBe(server.getSession('m2'));
    expect(server.sessions.get('m3')).toBe(server.sessions.get(3));
    for (const nobody of [0, 4, -1, 1.5, 'M2', '2', '']) expect(server.getSession(nobody)).toBeUndefined();
    await host.leave(host.clients[1]!);
    expect(server.getSession(2)).toBeUndefined();
    expect(server.getSession('m2')).toBeUndefined();
  });

  it('may be ended one and all while they are iterated over', async () => {
    await using host = await connectMany(5);
    await Promise.all(Array.from(host.server.sessions, (session) => session.close()));
    for (const client of host.clients) expect((await client.closed).by).toBe('remote');
    await waitUntil('none is left', () => host.server.sessions.size === 0);
  });
});

describe('a message of the server', () => {
  it('goes to all sessions', async () => {
    await using host = await connectMany(5);
    const received = host.clients.map((client) => collectTexts(client, 2));
    await host.server.sendText('to all', 3);
    await host.server.sendText('to all again', 3, ALL_SESSIONS);
    for (const texts of await Promise.all(received)) expect(texts).toEqual(['to all', 'to all again']);
  });

  it('goes to one session and to no other', async () => {
    await using host = await connectMany(3);
    const heard: string[] = [];
    host.clients.forEach((client, index) => {
      client.on('message', (bytes) => heard.push(`${index + 1} ${new TextDecoder().decode(bytes)}`));
    });
    const received = collectTexts(host.clients[1]!, 1);
    await host.server.sendText('to the second', 1, 2);
    await received;
    await letEventsRun();
    expect(heard).toEqual(['2 to the second']);
  });

  it.each([7, 0, -2, 1.5])('to session %d, which there is not, is refused', async (sessionId) => {
    await using host = await connectMany(1);
    const error = await host.server.sendText('to nobody', 1, sessionId).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'UsageError', code: 'ERR_TCPCOMM_NO_SESSION' });
    expect((error as Error).message).toBe(`there is no session ${sessionId}`);
  });

  it('to all does not fail because one of them is lost meanwhile', async () => {
    await using host = await connectMany(1);
    await using peer = await RawPeer.connect(host.port);
    peer.stopReading();
    const limits = {
      maxFrameBytes: 65_536,
      maxMessageBytes: 1e9,
      channelWindowBytes: 65_536,
      transferWindowBytes: 65_536,
    };
    peer.send(rawPreface(), rawFrame(0x10, { payload: { machineId: 'lost', agent: '', features: [], limits } }));
    await waitUntil('it is in', () => host.server.sessions.size === 2);
    const received = collectTexts(host.clients[0]!, 1);
    const sent = host.server.sendBytes(new Uint8Array(3_000_000).fill(65));
    expect((await received)[0]).toHaveLength(3_000_000);
    peer.reset();
    await sent;
  });

  it('counts in the queue of the server until it is sent', async () => {
    await using host = await connectMany(2);
    expect(host.server.getSendQueueSize()).toBe(0);
    void host.server.sendBytes(new Uint8Array(100_000));
    expect(host.server.getSendQueueSize()).toBe(200_016);
    for (const client of host.clients) client.on('message', () => undefined);
    await waitUntil('the queue is empty', () => host.server.getSendQueueSize() === 0);
  });
});

describe('the server ends a session', () => {
  it('and the client learns that it did', async () => {
    await using pair = await connectPair();
    const report = await pair.serverSession.close();
    expect(report).toMatchObject({ isComplete: true, reason: { by: 'local', code: 'ERR_TCPCOMM_CLOSED' } });
    expect(await pair.client.closed).toEqual({
      by: 'remote',
      code: 'ERR_TCPCOMM_CLOSED',
      message: 'the session was closed',
      isClean: true,
    });
  });

  it('from inside a handler of one of its messages', async () => {
    const ended: ServerSession[] = [];
    await using pair = await connectPair({
      server: {
        onMessage: (_bytes, _channel, session) => {
          ended.push(session);
          void session.close();
        },
      },
    });
    void pair.client.sendText('please');
    expect((await pair.client.closed).by).toBe('remote');
    expect(ended).toEqual([pair.serverSession]);
  });
});

describe('a server that closes', () => {
  it('tells every client why, and reports how each session ended', async () => {
    await using host = await connectMany(3);
    for (const client of host.clients) client.on('message', () => undefined);
    await host.server.sendText('before the end');
    const { sessions } = await host.server.close();
    expect(sessions.map(({ sessionId, machineId }) => [sessionId, machineId])).toEqual([
      [1, 'm1'],
      [2, 'm2'],
      [3, 'm3'],
    ]);
    for (const { report } of sessions) {
      expect(report).toMatchObject({ isComplete: true, reason: { by: 'local', code: 'ERR_TCPCOMM_SERVER_STOPPED' } });
    }
    for (const client of host.clients) {
      expect(await client.closed).toMatchObject({
        by: 'remote',
        code: 'ERR_TCPCOMM_SERVER_STOPPED',
        message: 'the server has stopped',
        isClean: true,
      });
    }
    expect(host.server.sessions.size).toBe(0);
    expect(host.server.address).toBeUndefined();
  });

  it('ends its sessions all at once, not one after another', async () => {
    const server = new TcpCommServer();
    const { port } = await server.start({ port: 0, host: HOST });
    const clients = Array.from({ length: 40 }, () => new TcpCommClient({ channelWindowBytes: 65_536 }));
    await Promise.all(clients.map((client) => client.connect(HOST, port)));
    // Nobody takes these, so each session needs all of its time.
    for (let count = 0; count < 3; count += 1) void server.sendBytes(new Uint8Array(60_000)).catch(() => undefined);
    const startMs = performance.now();
    const { sessions } = await server.close({ drainMs: 100 });
    expect(performance.now() - startMs).toBeLessThan(1500);
    expect(sessions).toHaveLength(40);
    expect(sessions.every(({ report }) => !report.isComplete)).toBe(true);
    await Promise.all(clients.map((client) => client.closed));
  });

  it('drains for 3 s unless told otherwise, and no longer than it takes', async () => {
    await using host = await connectMany(1);
    const received = collectTexts(host.clients[0]!, 20);
    for (let count = 0; count < 20; count += 1) void host.server.sendBytes(new Uint8Array(200_000).fill(65));
    const { sessions } = await host.server.close();
    expect(sessions[0]!.report.isComplete).toBe(true);
    expect(await received).toHaveLength(20);
  });

  it('sends away who is still introducing itself', async () => {
    await using host = await connectMany(0);
    await using peer = await RawPeer.connect(host.port);
    peer.send(rawPreface().subarray(0, 5));
    await using client = new TcpCommClient();
    await letEventsRun();
    await host.server.close();
    await peer.waitForEnd();
    await expect(client.connect(HOST, host.port)).rejects.toMatchObject({ code: 'ERR_TCPCOMM_CONNECT_FAILED' });
  });

  it('gives every call of close the same report, and emits "close" once', async () => {
    await using host = await connectMany(2);
    let closes = 0;
    host.server.on('close', () => (closes += 1));
    const [first, second] = await Promise.all([host.server.close(), host.server.close({ drainMs: 0 })]);
    expect(second).toBe(first);
    expect(await host.server.close()).toBe(first);
    expect(closes).toBe(1);
  });
});

it('a session that ends is announced with its reason when it has left the collection', async () => {
  await using host = await connectMany(2);
  const closed = once(host.server, 'sessionClosed') as Promise<[ServerSession, { code: string; by: string }]>;
  const handle = host.server.getSession('m1');
  await host.clients[0]!.close();
  const [session, reason] = await closed;
  expect(session).toBe(handle);
  expect(reason).toMatchObject({ by: 'remote', code: 'ERR_TCPCOMM_CLOSED' });
  expect(host.server.sessions.size).toBe(1);
});
