import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { type ClientOptions, type ReconnectAttempt, TcpCommClient } from '@tcpcomm/client';
import { type ServerOptions, TcpCommServer } from '@tcpcomm/server';
import { checkForLeaks, freePort, Relay, testBytes, waitUntil } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { collectMessages, collectTexts, connectRelayedPair, ENDS, endsOf } from '../src/index.ts';

checkForLeaks();

const HOST = '127.0.0.1';

/** Its client is called "far away". */
const connectOverRelay = (client: ClientOptions = {}, server: ServerOptions = {}) =>
  connectRelayedPair({ client: { machineId: 'far away', ...client }, server });

describe.each(ENDS)('what a %s sends while the connection breaks', (end) => {
  it.each(['cut', 'reset'] as const)('arrives once and in order when it is back: %s', async (how) => {
    await using pair = await connectOverRelay();
    const { local, remote } = endsOf(pair, end);
    const { sessionId, machineId } = local;
    const received = collectTexts(remote, 300);
    const confirmed = [];
    for (let at = 0; at < 300; at += 1) {
      if (at % 100 === 50) pair.relay[how]();
      confirmed.push(local.sendText(`text ${at}`, 3, { confirm: true }));
      if (at % 20 === 0) await setImmediate();
    }
    expect(await received).toEqual(Array.from({ length: 300 }, (_, at) => `text ${at}`));
    await Promise.all(confirmed);
    expect([local.sessionId, local.machineId, local.isSuspended]).toEqual([sessionId, machineId, false]);
    expect(pair.server.sessions.size).toBe(1);
    expect(pair.server.getSession(sessionId)).toBe(pair.serverSession);
  });

  it('is delivered also where it is larger than a window, and cut in the middle', async () => {
    await using pair = await connectOverRelay();
    const { local, remote } = endsOf(pair, end);
    const messages = [testBytes(5_000_000, 1), testBytes(10, 2), testBytes(3_000_000, 3)];
    const received = collectMessages(remote, messages.length);
    const direction = end === 'client' ? 'forth' : 'back';
    pair.relay.cutAfter(direction, 2_000_000);
    for (const message of messages) void local.sendBytes(message, 9);
    expect(
      (await received).map(({ bytes }) =>
        Buffer.compare(bytes, messages[bytes.length === 10 ? 1 : bytes.length === 3_000_000 ? 2 : 0]!),
      ),
    ).toEqual([0, 0, 0]);
  });
});

describe('a connection that is lost', () => {
  it('is seen at both ends: lost, tried again, and found', async () => {
    await using pair = await connectOverRelay();
    const log: string[] = [];
    pair.client.on('disconnected', ({ by }) => log.push(`disconnected by ${by}, suspended ${pair.client.isSuspended}`));
    pair.client.on('reconnecting', ({ attempt }) => log.push(`attempt ${attempt}`));
    pair.client.on('notice', ({ kind, text }) => {
      if (kind === 'reconnecting' || kind === 'connected') log.push(text);
    });
    pair.server.on('notice', ({ kind }) => {
      if (kind.startsWith('session-')) log.push(kind);
    });
    const found = once(pair.client, 'connected');
    pair.relay.cut();
    expect(await found).toEqual([{ reconnected: true, resumed: true, lost: [] }]);
    await waitUntil('the session is resumed', () => log.includes('session-resumed'));
    expect(log.toSorted()).toEqual(
      [
        'disconnected by network, suspended true',
        'attempt 1',
        'Attempting to reconnect...',
        'Reconnected.',
        'session-suspended',
        'session-resumed',
      ].toSorted(),
    );
    expect(pair.serverSession.isOpen && pair.client.isOpen).toBe(true);
  });

  it('is taken up again forty times, with one session at the server all the time', async () => {
    await using pair = await connectOverRelay();
    pair.server.on('message', (bytes, channel, session) => void session.sendBytes(bytes, channel));
    const echoes: number[] = [];
    pair.client.on('message', (bytes) => echoes.push(bytes[0]!));
    for (let round = 0; round < 40; round += 1) {
      const found = once(pair.client, 'connected');
      pair.relay.cut();
      void pair.client.sendBytes(Uint8Array.of(round));
      await found;
    }
    await waitUntil('all echoes are there', () => echoes.length === 40);
    expect(echoes).toEqual(Array.from({ length: 40 }, (_, round) => round));
    expect(pair.server.sessions.size).toBe(1);
  });

  it('is taken over while the server still believes in it', async () => {
    await using pair = await connectOverRelay({ keepAliveIntervalMs: 20, keepAliveTimeoutMs: 80 });
    const received = collectTexts(pair.serverSession, 1);
    const found = once(pair.client, 'connected');
    // Only the client hears nothing any more; the server has no reason to doubt.
    pair.relay.silence('back');
    expect((await found)[0]).toMatchObject({ resumed: true });
    await pair.client.sendText('back again', 1, { confirm: true });
    expect(await received).toEqual(['back again']);
    expect(pair.server.sessions.size).toBe(1);
  });

  it('keeps what was set: rates, weights, priorities, listeners', async () => {
    await using pair = await connectOverRelay();
    pair.serverSession.throttleNetworkBps(5_000_000);
    pair.client.channel(4, { priority: 'low', weight: 7, bytesPerSecond: 300_000 });
    await waitUntil('the client knows its rate', () => pair.client.stats().limitBytesPerSecond < 6_000_000);
    const limit = pair.client.stats().limitBytesPerSecond;
    const found = once(pair.client, 'connected');
    pair.relay.cut();
    await found;
    void pair.client.sendText('a', 4);
    expect(pair.client.stats().limitBytesPerSecond).toBe(limit);
    expect(pair.client.channel(4).stats()).toMatchObject({ priority: 'low', weight: 7, bytesPerSecond: 300_000 });
  });
});

describe('a server that does not know the session any more', () => {
  it('begins another one, and the client is told what is lost', async () => {
    const port = await freePort();
    const first = new TcpCommServer();
    await first.start({ port, host: HOST });
    await using relay = await Relay.start(port);
    await using client = new TcpCommClient({ machineId: 'loyal' });
    await client.connect(HOST, relay.port);
    // Nobody takes these: they have arrived, and will never be consumed.
    const unknown = client.sendText('arrived', 1, { confirm: true });
    await waitUntil('it has arrived', () => first.getSession('loyal')!.stats().receivedMessages === 1);
    relay.refuses = true;
    relay.cut();
    await first.close({ drainMs: 0 });
    void client.sendText('waits', 1);
    await using second = new TcpCommServer();
    await second.start({ port, host: HOST });
    const texts: string[] = [];
    second.on('message', (bytes) => texts.push(Buffer.from(bytes).toString()));
    const found = once(client, 'connected');
    relay.refuses = false;
    expect(await found).toEqual([{ reconnected: true, resumed: false, lost: [{ channel: 1, messages: 1 }] }]);
    await expect(unknown).rejects.toMatchObject({ code: 'ERR_TCPCOMM_SESSION_LOST' });
    await client.sendText('new', 1, { confirm: true });
    expect(texts).toEqual(['waits', 'new']);
  });

  it('because the client stayed away too long: both ends learn it', async () => {
    await using pair = await connectOverRelay({}, { resumeGraceMs: 50 });
    const { client, serverSession, relay } = pair;
    void serverSession.sendText('never taken').catch(() => undefined);
    await waitUntil('it has arrived', () => client.stats().receivedMessages === 1);
    relay.refuses = true;
    relay.cut();
    expect(await serverSession.closed).toMatchObject({
      by: 'network',
      code: 'ERR_TCPCOMM_SESSION_EXPIRED',
      message: expect.stringMatching(/the client did not come back within 50 ms$/) as string,
    });
    expect(serverSession.deliveries).toEqual([{ channel: 1, deliveredMessages: 0, undeliveredMessages: 1 }]);
    expect(pair.server.sessions.size).toBe(0);
    const found = once(client, 'connected');
    relay.refuses = false;
    expect((await found)[0]).toMatchObject({ resumed: false });
    expect(pair.server.sessions.size).toBe(1);
  });
});

describe('a client that tries to come back', () => {
  it('gives up after its time, and everything that waits is told', async () => {
    await using pair = await connectOverRelay({ reconnectDurationMs: 120 });
    const attempts: ReconnectAttempt[] = [];
    pair.client.on('reconnecting', (attempt) => attempts.push(attempt));
    pair.relay.refuses = true;
    const waiting = pair.client.sendText('never', 1, { confirm: true });
    pair.relay.cut();
    const reason = await pair.client.closed;
    expect(reason).toMatchObject({ by: 'network', isClean: false });
    expect(reason.message).toMatch(/connecting again failed/);
    await expect(waiting).rejects.toBe(reason.error);
    expect(attempts.length).toBeGreaterThan(1);
    expect(attempts.map(({ attempt }) => attempt)).toEqual(attempts.map((_, index) => index + 1));
    expect(attempts.at(-1)?.error).toBeInstanceOf(Error);
  });

  it.each(['close', 'destroy'] as const)('stops at once on %s', async (how) => {
    await using pair = await connectOverRelay({ reconnectDurationMs: Infinity });
    pair.relay.refuses = true;
    pair.relay.cut();
    await once(pair.client, 'reconnecting');
    const waiting = pair.client.sendText('never', 1, { confirm: true });
    const report = how === 'close' ? await pair.client.close() : undefined;
    pair.client.destroy();
    await expect(waiting).rejects.toMatchObject({ name: 'SessionClosedError' });
    expect(await pair.client.closed).toMatchObject({ by: 'local' });
    if (report) expect(report).toMatchObject({ isComplete: false, channels: [{ channel: 1, undeliveredMessages: 1 }] });
  });

  it('does not after a goodbye, nor after the server has thrown it out', async () => {
    for (const how of ['close', 'destroy'] as const) {
      await using pair = await connectOverRelay();
      let attempts = 0;
      pair.client.on('reconnecting', () => (attempts += 1));
      void pair.serverSession[how]();
      expect(await pair.client.closed).toMatchObject({ by: 'remote' });
      expect(attempts).toBe(0);
    }
  });

  it('stops when it is refused', async () => {
    let isWelcome = true;
    const authorize = () => isWelcome || 'not any more';
    await using pair = await connectOverRelay({}, { authorize });
    isWelcome = false;
    pair.relay.cut();
    expect(await pair.client.closed).toMatchObject({ code: 'ERR_TCPCOMM_NOT_AUTHORIZED' });
  });

  it('does not when its first attempt fails', async () => {
    await using client = new TcpCommClient();
    await expect(client.connect(HOST, await freePort())).rejects.toMatchObject({ code: 'ERR_TCPCOMM_CONNECT_FAILED' });
    expect(client.isSuspended).toBe(false);
  });
});

describe('a session whose client is away', () => {
  async function suspended(server: ServerOptions = {}) {
    const pair = await connectOverRelay({}, { onMessage: () => undefined, ...server });
    // The server knows that its client knows of the session.
    await pair.client.sendText('here I am', 2, { confirm: true });
    pair.relay.refuses = true;
    pair.relay.cut();
    await waitUntil('the server knows', () => pair.serverSession.isSuspended);
    return pair;
  }

  it('keeps its place and its machine id, and others are told when to ask again', async () => {
    await using pair = await suspended({ resumeGraceMs: 5_000 });
    await using other = new TcpCommClient({ machineId: 'far away' });
    const refusal = await other.connect(HOST, pair.port).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'ERR_TCPCOMM_MACHINE_ID_TAKEN' });
    expect((refusal as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(1_000);
    expect(pair.server.sessions.get('far away')).toBe(pair.serverSession);
  });

  it('of which that client never heard gives way to it', async () => {
    await using pair = await connectOverRelay();
    pair.relay.refuses = true;
    pair.relay.cut();
    await waitUntil('the server knows', () => pair.serverSession.isSuspended);
    await using again = new TcpCommClient({ machineId: 'far away' });
    await again.connect(HOST, pair.port);
    expect(await pair.serverSession.closed).toMatchObject({ code: 'ERR_TCPCOMM_TAKEN_OVER' });
    expect(pair.server.sessions.get('far away')?.isOpen).toBe(true);
  });

  it('closes at once, and tells what was not delivered', async () => {
    await using pair = await suspended();
    const startMs = performance.now();
    void pair.serverSession.sendText('in vain').catch(() => undefined);
    const report = await pair.serverSession.close({ drainMs: 60_000 });
    expect(report).toMatchObject({ isComplete: false, channels: [{ channel: 1, undeliveredMessages: 1 }] });
    expect(performance.now() - startMs).toBeLessThan(10_000);
  });

  it('does not keep the server from closing', async () => {
    await using pair = await suspended();
    const { sessions } = await pair.server.close({ drainMs: 60_000 });
    expect(sessions.map(({ report }) => report.reason.by)).toEqual(['local']);
  });
});

it('a client that does not come back by itself is not waited for', async () => {
  await using pair = await connectOverRelay({ autoReconnect: false });
  pair.relay.cut();
  const reasons = await Promise.all([pair.client.closed, pair.serverSession.closed]);
  for (const reason of reasons) expect(reason).toMatchObject({ code: 'ERR_TCPCOMM_CONNECTION_LOST' });
});

it('a server that waits for nobody ends a lost session at once, and its client begins another', async () => {
  await using pair = await connectOverRelay({}, { resumeGraceMs: 0 });
  const found = once(pair.client, 'connected');
  pair.relay.cut();
  expect(await pair.serverSession.closed).toMatchObject({ by: 'network' });
  expect((await found)[0]).toMatchObject({ reconnected: true, resumed: false });
  expect(pair.server.sessions.get('far away')?.isOpen).toBe(true);
});
