import { once } from 'node:events';
import { TcpCommClient } from '@tcpcomm/client';
import { ConnectionRejectedError } from '@tcpcomm/protocol';
import type { RejectedConnection } from '@tcpcomm/server';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, RawPeer, rawFrame, rawPreface, waitUntil } from '@tcpcomm/test-support';
import { startServer } from '../src/index.ts';

checkForLeaks();

const HOST = '127.0.0.1';

describe('a client is refused before connect settles', () => {
  it.each(['', ' ', '\t\n  '])('when its machine id is %j, blank', async (machineId) => {
    await using host = await startServer();
    const rejected = once(host.server, 'rejected') as Promise<[RejectedConnection]>;
    let sessions = 0;
    host.server.on('session', () => (sessions += 1));
    const client = new TcpCommClient({ machineId });
    const error = await client.connect(HOST, host.port).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectionRejectedError);
    expect(error).toMatchObject({ code: 'ERR_TCPCOMM_MACHINE_ID_BLANK', number: 32 });
    expect((error as Error).message).toBe('the machine id is blank, this server wants one');
    const [{ error: reason, machineId: told, remoteAddress }] = await rejected;
    expect(reason).toMatchObject({ code: 'ERR_TCPCOMM_MACHINE_ID_BLANK', message: (error as Error).message });
    expect([told, remoteAddress, sessions, host.server.sessions.size]).toEqual([machineId, HOST, 0, 0]);
    await client.close();
  });

  it('when another session has its machine id; that one goes on, and the refused one may come under another name', async () => {
    await using host = await startServer();
    await using first = new TcpCommClient({ machineId: 'twin' });
    await first.connect(HOST, host.port);
    const firstSession = host.server.getSession('twin');
    await using second = new TcpCommClient({ machineId: 'twin' });
    const rejected = once(host.server, 'rejected') as Promise<[RejectedConnection]>;
    const error = await second.connect(HOST, host.port).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'ConnectionRejectedError', code: 'ERR_TCPCOMM_MACHINE_ID_TAKEN', number: 33 });
    expect((error as Error).message).toBe('the machine id "twin" is in use');
    expect((await rejected)[0].error.code).toBe('ERR_TCPCOMM_MACHINE_ID_TAKEN');
    expect([...host.server.sessions]).toEqual([firstSession]);
    await second.setMachineId('other');
    await second.connect(HOST, host.port);
    expect(host.server.sessions.size).toBe(2);
    host.server.on('message', () => undefined);
    await first.sendText('undisturbed', 1, { confirm: true });
  });

  it('when two with the same id come at the same moment: exactly one gets in', async () => {
    await using host = await startServer();
    const clients = Array.from({ length: 8 }, () => new TcpCommClient({ machineId: 'same' }));
    const results = await Promise.allSettled(clients.map((client) => client.connect(HOST, host.port)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(host.server.sessions.size).toBe(1);
    await Promise.all(clients.map((client) => client.close()));
  });

  it('when the server has all the sessions it takes, and let in when one has left', async () => {
    await using host = await startServer({ maxSessions: 2 });
    await using first = new TcpCommClient();
    const second = new TcpCommClient();
    await Promise.all([first.connect(HOST, host.port), second.connect(HOST, host.port)]);
    await using third = new TcpCommClient();
    const error = await third.connect(HOST, host.port).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ERR_TCPCOMM_SERVER_FULL', number: 34 });
    expect((error as Error).message).toBe('the server has its 2 sessions, no more are let in');
    const gone = once(host.server, 'sessionClosed');
    await second.close();
    await gone;
    await third.connect(HOST, host.port);
    expect(host.server.sessions.size).toBe(2);
  });
});

describe('with enforcement off', () => {
  it('blank and equal machine ids come in, and the latest of equal ones that is there is found by it', async () => {
    await using host = await startServer({ enforceUniqueMachineIds: false });
    const clients = ['', '', 'same', 'same', 'same'].map((machineId) => new TcpCommClient({ machineId }));
    for (const client of clients) await client.connect(HOST, host.port);
    expect([...host.server.sessions].map(({ machineId }) => machineId)).toEqual(['', '', 'same', 'same', 'same']);
    expect(host.server.getSession('same')?.sessionId).toBe(5);
    const leave = async (client: TcpCommClient) => {
      const gone = once(host.server, 'sessionClosed');
      await client.close();
      await gone;
    };
    await leave(clients[4]!);
    expect(host.server.getSession('same')?.sessionId).toBe(4);
    await leave(clients[2]!);
    expect(host.server.getSession('same')?.sessionId).toBe(4);
    await leave(clients[3]!);
    expect(host.server.getSession('same')).toBeUndefined();
    expect(host.server.getSession('')?.sessionId).toBe(2);
    await Promise.all(clients.map((client) => client.close()));
  });
});

describe('a machine id', () => {
  it('may be used again right after close, fifty times over', async () => {
    await using host = await startServer();
    for (let round = 0; round < 50; round += 1) {
      const client = new TcpCommClient({ machineId: 'again' });
      await client.connect(HOST, host.port);
      await client.close();
    }
  });

  it('may be used again right after destroy, fifty times over', async () => {
    await using host = await startServer();
    for (let round = 0; round < 50; round += 1) {
      const client = new TcpCommClient({ machineId: 'again' });
      await client.connect(HOST, host.port);
      client.destroy();
      await client.closed;
    }
  });

  it('may be used again while its last session still drains at the server', async () => {
    await using host = await startServer();
    const first = new TcpCommClient({ machineId: 'again', channelWindowBytes: 65_536 });
    await first.connect(HOST, host.port);
    const firstSession = host.server.getSession('again')!;
    for (let count = 0; count < 3; count += 1)
      void firstSession.sendBytes(new Uint8Array(60_000)).catch(() => undefined);
    const closing = firstSession.close({ drainMs: 10_000 });
    await using second = new TcpCommClient({ machineId: 'again' });
    await second.connect(HOST, host.port);
    const secondSession = host.server.getSession('again')!;
    expect(secondSession).not.toBe(firstSession);
    expect(secondSession.sessionId).toBe(2);
    first.destroy();
    await closing;
    expect(host.server.getSession('again')).toBe(secondSession);
  });

  it('is a random one unless told otherwise, and may be any text of 256 characters', async () => {
    await using host = await startServer();
    const ids = [undefined, undefined, '名前 🚀 "quoted"\\', 'x'.repeat(256)];
    const clients = ids.map((machineId) => new TcpCommClient(machineId === undefined ? {} : { machineId }));
    for (const client of clients) {
      await client.connect(HOST, host.port);
      expect(host.server.getSession(client.getMachineId())?.sessionId).toBe(client.sessionId);
    }
    expect(new Set(clients.map((client) => client.machineId)).size).toBe(4);
    await Promise.all(clients.map((client) => client.close()));
  });
});

it('a refused client that goes on sending is cut off, and never becomes a session', async () => {
  await using host = await startServer();
  await using client = new TcpCommClient({ machineId: 'twin' });
  await client.connect(HOST, host.port);
  const limits = {
    maxFrameBytes: 65_536,
    maxMessageBytes: 65_536,
    channelWindowBytes: 65_536,
    transferWindowBytes: 65_536,
  };
  await using peer = await RawPeer.connect(host.port);
  peer.send(rawPreface(), rawFrame(0x10, { payload: { machineId: 'twin', agent: '', features: [], limits } }));
  await peer.waitForFrame(0x12);
  const message = rawFrame(0x01, { channel: 1, flags: 1, payload: new Uint8Array(1000) });
  await waitUntil('the connection is reset', () => {
    peer.send(message);
    return peer.isClosed;
  });
  expect(host.server.sessions.size).toBe(1);
});
