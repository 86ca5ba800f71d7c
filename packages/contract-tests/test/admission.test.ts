import { once } from 'node:events';
import { type ClientOptions, TcpCommClient } from '@tcpcomm/client';
import { TimeoutError } from '@tcpcomm/protocol';
import { type AuthorizationRequest, type RejectedConnection, type ServerSession } from '@tcpcomm/server';
import {
  checkForLeaks,
  letEventsRun,
  rawFrame,
  RawListener,
  RawPeer,
  rawPreface,
  SMALL_LIMITS,
  waitUntil,
  untyped,
} from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { connectClient, connectRelayedPair, refusalOf, startServer, type StartedServer } from '../src/index.ts';

checkForLeaks();

const HOST = '127.0.0.1';
const REJECT = 0x12;

/** A client that says hello and what the test tells it. */
async function knock(port: number, machineId: string, features: readonly string[] = []): Promise<RawPeer> {
  const peer = await RawPeer.connect(port);
  peer.send(rawPreface(), rawFrame(0x10, { payload: { machineId, agent: '', features, limits: SMALL_LIMITS } }));
  return peer;
}

function rejectOf(peer: RawPeer): unknown {
  return JSON.parse(peer.frames.find(({ type }) => type === REJECT)!.payload.toString());
}

/** The session of a client that was gone before it has heard that it is let in. */
async function suspendedSession({ server, port }: StartedServer, machineId: string): Promise<ServerSession> {
  const peer = await knock(port, machineId, ['resume']);
  await peer.waitForFrame(0x11);
  const session = server.getSession(machineId)!;
  await leave(peer);
  await waitUntil('it waits', () => session.isSuspended);
  return session;
}

async function leave(...peers: RawPeer[]): Promise<void> {
  await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()));
}

const BUSY = { code: 'ERR_TCPCOMM_SERVER_BUSY', number: 39 };

describe('authorize', () => {
  it.each<[string, NonNullable<ClientOptions['auth']>]>([
    ['a text', 'the secret'],
    ['a function', () => 'the secret'],
    ['an asynchronous function', () => Promise.resolve('the secret')],
  ])('sees who asks and what it has been given as %s', async (_what, auth) => {
    const requests: AuthorizationRequest[] = [];
    await using host = await startServer({ authorize: (request) => requests.push(request) > 0 });
    await using client = await connectClient(host.port, { machineId: 'guest', auth });
    expect(requests).toEqual([{ machineId: 'guest', auth: 'the secret', remoteAddress: HOST, isResuming: false }]);
    expect(client.isOpen).toBe(true);
  });

  it('sees that a client has nothing to show, or nothing but an empty text', async () => {
    const seen: unknown[] = [];
    await using host = await startServer({ authorize: ({ auth }) => void seen.push(auth) });
    await using _one = await connectClient(host.port);
    await using _other = await connectClient(host.port, { auth: '' });
    expect(seen).toEqual([undefined, '']);
  });

  it('sees every time anew what a function gives, and that the client takes its session up again', async () => {
    const requests: AuthorizationRequest[] = [];
    let asked = 0;
    const auth = () => `secret ${(asked += 1)}`;
    await using pair = await connectRelayedPair({
      client: { machineId: 'guest', auth },
      server: { authorize: (request) => void requests.push(request) },
    });
    const back = once(pair.client, 'connected');
    pair.relay.cut();
    expect((await back)[0]).toMatchObject({ resumed: true });
    expect(requests.map(({ auth: given, isResuming }) => [given, isResuming])).toEqual([
      ['secret 1', false],
      ['secret 2', true],
    ]);
  });

  it.each([
    ['true', true],
    ['nothing', undefined],
    ['true, later', Promise.resolve(true)],
    ['nothing, later', Promise.resolve(undefined)],
  ] as const)('lets a client in with %s', async (_what, verdict) => {
    await using host = await startServer({ authorize: () => verdict });
    await using client = await connectClient(host.port);
    expect([client.isOpen, host.server.sessions.size]).toEqual([true, 1]);
  });

  it.each([
    ['false', false, 'the server does not let this client in'],
    ['a sentence', 'you are not on the list', 'you are not on the list'],
    ['false, later', Promise.resolve(false), 'the server does not let this client in'],
    ['a sentence, later', Promise.resolve('come back never'), 'come back never'],
    ['an empty sentence', '', ''],
    ['a sentence of 2,000 characters', 'x'.repeat(2000), `${'x'.repeat(1023)}…`],
    ['what is no verdict', untyped(0), 'the server does not let this client in'],
  ] as const)('refuses a client with %s', async (_what, verdict, sentence) => {
    await using host = await startServer({ authorize: () => verdict });
    const error = await refusalOf(host.port, { machineId: 'stranger' });
    expect(error).toMatchObject({ code: 'ERR_TCPCOMM_NOT_AUTHORIZED', number: 38, message: sentence });
    expect(error.retryAfterMs).toBeUndefined();
    expect(host.rejected).toMatchObject([
      { error: { code: 'ERR_TCPCOMM_NOT_AUTHORIZED' }, machineId: 'stranger', remoteAddress: HOST },
    ]);
    expect(host.server.sessions.size).toBe(0);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('the database is away');
      },
    ],
    ['rejects', () => Promise.reject(new Error('the database is away'))],
    ['rejects with a timeout of its own', () => Promise.reject(new TimeoutError('the database is away'))],
  ])('that %s refuses the client without a word about why; the server is told, and lives on', async (_what, fail) => {
    let isBroken = true;
    await using host = await startServer({ authorize: () => (isBroken ? fail() : true) });
    const notices: unknown[] = [];
    host.server.on('notice', ({ kind, error }) => {
      if (kind === 'error') notices.push(error?.message);
    });
    const error = await refusalOf(host.port);
    expect(error).toMatchObject({ code: 'ERR_TCPCOMM_INTERNAL_ERROR', message: 'the server could not decide' });
    expect(error.retryAfterMs).toBe(1000);
    expect(notices).toEqual(['the database is away']);
    isBroken = false;
    await using client = await connectClient(host.port);
    expect(client.isOpen).toBe(true);
  });

  it('that throws is a warning of the process where nobody hears notices', async () => {
    await using host = await startServer({ authorize: () => Promise.reject(new Error('nobody listens')) });
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    await refusalOf(host.port);
    expect((await warned).message).toBe('nobody listens');
  });

  it('that takes too long makes the server busy: the client may come back, and the late answer lets nobody in', async () => {
    const verdict = Promise.withResolvers<boolean>();
    await using host = await startServer({
      handshakeTimeoutMs: 500,
      authorizeTimeoutMs: 600,
      authorize: () => verdict.promise,
    });
    const error = await refusalOf(host.port);
    expect(error).toMatchObject({ ...BUSY, message: 'the server took too long to decide', retryAfterMs: 1000 });
    verdict.resolve(true);
    await letEventsRun();
    expect(host.server.sessions.size).toBe(0);
  });

  it('that fails after its time disturbs nobody', async () => {
    const verdict = Promise.withResolvers<boolean>();
    await using host = await startServer({ authorizeTimeoutMs: 30, authorize: () => verdict.promise });
    await refusalOf(host.port);
    verdict.reject(new Error('too late to matter'));
    await letEventsRun();
    expect(host.server.address).toBeDefined();
  });

  it.each(['end', 'reset'] as const)(
    'whose client leaves meanwhile, by %s, leaves nothing behind and lets nobody in',
    async (how) => {
      const asked: AuthorizationRequest[] = [];
      const verdict = Promise.withResolvers<boolean>();
      const authorize = (request: AuthorizationRequest) => {
        asked.push(request);
        return request.machineId === 'gone' ? verdict.promise : true;
      };
      await using host = await startServer({ authorize, authorizeTimeoutMs: 60_000, maxPendingHandshakes: 1 });
      await using peer = await knock(host.port, 'gone');
      await waitUntil('authorize is asked', () => asked.length === 1);
      peer[how]();
      if (how === 'end') peer.destroy();
      await waitUntil('the server knows', () => host.rejected.length === 1);
      expect(host.rejected[0]).toMatchObject({ error: { code: 'ERR_TCPCOMM_CONNECTION_LOST' }, machineId: 'gone' });
      verdict.resolve(true);
      await letEventsRun();
      expect(host.server.sessions.size).toBe(0);
      // Its place is free for others.
      await using client = await connectClient(host.port);
      expect(client.isOpen).toBe(true);
    },
  );

  it('that never answers a client that leaves is not waited for', async () => {
    let isAsked = false;
    const authorize = () => {
      isAsked = true;
      return new Promise<boolean>(() => undefined);
    };
    await using host = await startServer({ authorize, authorizeTimeoutMs: 60_000 });
    const peer = await knock(host.port, 'gone');
    await waitUntil('authorize is asked', () => isAsked);
    await leave(peer);
    await waitUntil('the server knows', () => host.rejected.length === 1);
  });

  it.each(['right before', 'right after'] as const)(
    'does not keep the server from closing, and lets nobody in who is decided %s that',
    async (when) => {
      const verdict = Promise.withResolvers<boolean>();
      let isAsked = false;
      const authorize = () => {
        isAsked = true;
        return verdict.promise;
      };
      await using host = await startServer({ authorize });
      let sessions = 0;
      host.server.on('session', () => (sessions += 1));
      await using client = new TcpCommClient({ autoReconnect: true });
      const connecting = client.connect(HOST, host.port).catch((error: unknown) => error);
      await waitUntil('authorize is asked', () => isAsked);
      if (when === 'right before') verdict.resolve(true);
      const closing = host.server.close();
      verdict.resolve(true);
      await closing;
      expect(await connecting).toMatchObject({ code: 'ERR_TCPCOMM_CONNECTION_LOST' });
      expect([sessions, host.server.sessions.size]).toEqual([0, 0]);
    },
  );

  it('of two clients with one machine id at the same time lets in one', async () => {
    const asked: (() => void)[] = [];
    const authorize = () =>
      new Promise<boolean>((resolve) => {
        asked.push(() => {
          resolve(true);
        });
      });
    await using host = await startServer({ authorize });
    const clients = [0, 1].map(() => new TcpCommClient({ machineId: 'twin' }));
    const connecting = clients.map((client) => client.connect(HOST, host.port));
    const settled = Promise.allSettled(connecting);
    await waitUntil('both are asked about', () => asked.length === 2);
    for (const answer of asked) answer();
    const outcomes = await settled;
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'ERR_TCPCOMM_MACHINE_ID_TAKEN' },
    });
    expect(host.server.sessions.size).toBe(1);
    await Promise.all(clients.map((client) => client.close()));
  });

  it('that refuses a client its session leaves the session as it was', async () => {
    let isWelcome = true;
    await using pair = await connectRelayedPair({
      client: { machineId: 'guest' },
      server: { authorize: () => isWelcome || 'not now' },
    });
    await pair.client.sendText('the server knows that I know').catch(() => undefined);
    await waitUntil('it has come', () => pair.serverSession.stats().receivedMessages === 1);
    isWelcome = false;
    pair.relay.cut();
    expect(await pair.client.closed).toMatchObject({ code: 'ERR_TCPCOMM_NOT_AUTHORIZED' });
    expect(pair.serverSession.isSuspended).toBe(true);
    expect(pair.server.sessions.get('guest')).toBe(pair.serverSession);
  });
});

it('a client whose server cannot decide for a while gets its session back', async () => {
  let isBroken = false;
  const authorize = () => {
    if (isBroken) throw new Error('the database is away');
    return true;
  };
  await using pair = await connectRelayedPair({
    server: { authorize },
  });
  pair.server.on('notice', () => (isBroken = false));
  isBroken = true;
  const back = once(pair.client, 'connected');
  pair.relay.cut();
  expect((await back)[0]).toMatchObject({ resumed: true });
});

describe('auth', () => {
  it.each([
    [
      'that throws',
      () => {
        throw new Error('no key ring');
      },
    ],
    ['that rejects', () => Promise.reject(new Error('no key ring'))],
  ] as const)('%s makes connect reject with its error, before anything is sent', async (_what, auth) => {
    await using host = await startServer();
    await using client = new TcpCommClient({ auth });
    await expect(client.connect(HOST, host.port)).rejects.toThrow('no key ring');
    await letEventsRun();
    expect([host.rejected, client.isOpen]).toEqual([[], false]);
  });

  it('that never settles makes connect reject in its time', async () => {
    await using host = await startServer();
    await using client = new TcpCommClient({ auth: () => new Promise<string>(() => undefined) });
    const error = await client.connect(HOST, host.port, { timeoutMs: 30 }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'TimeoutError', code: 'ERR_TCPCOMM_CONNECT_TIMEOUT' });
    expect(host.rejected).toEqual([]);
  });

  it('that never settles does not keep the client from closing', async () => {
    await using host = await startServer();
    const client = new TcpCommClient({ auth: () => new Promise<string>(() => undefined) });
    const connecting = client.connect(HOST, host.port).catch((reason: unknown) => reason);
    await client.close();
    expect(await connecting).toMatchObject({ code: 'ERR_TCPCOMM_SESSION_CLOSED' });
  });

  it('of more than 8,192 characters is a mistake of this program, given as a text or by a function', async () => {
    await using host = await startServer();
    const message = 'auth must be a string of at most 8192 characters, got a string of 8193 characters';
    const tooLong = 'x'.repeat(8193);
    expect(() => new TcpCommClient({ auth: tooLong })).toThrow(message);
    await using client = new TcpCommClient({ auth: () => tooLong });
    await expect(client.connect(HOST, host.port)).rejects.toMatchObject({ name: 'UsageError', message });
    expect(host.rejected).toEqual([]);
  });

  it('that takes too much as JSON is a mistake of this program too', async () => {
    await using host = await startServer();
    await using client = new TcpCommClient({ auth: '\u0001'.repeat(8_192) });
    await expect(client.connect(HOST, host.port)).rejects.toMatchObject({ name: 'UsageError' });
  });

  it.each(['x'.repeat(8_192), '€'.repeat(5_000)])('arrives as it is', async (auth) => {
    let seen: string | undefined;
    await using host = await startServer({ authorize: (request) => void (seen = request.auth) });
    await using _client = await connectClient(host.port, { auth });
    expect(seen === auth).toBe(true);
  });

  it.each([5, {}, null])('of %j is no text', async (auth) => {
    expect(() => new TcpCommClient({ auth: untyped(auth) })).toThrow(
      'auth must be a string of at most 8192 characters',
    );
    await using host = await startServer();
    await using client = new TcpCommClient({ auth: () => untyped(auth) });
    await expect(client.connect(HOST, host.port)).rejects.toMatchObject({ name: 'UsageError' });
  });

  it('that fails while the client comes back is asked again', async () => {
    let asked = 0;
    const auth = () => {
      asked += 1;
      if (asked === 2 || asked === 3) throw new Error('the key ring is locked');
      return 'a key';
    };
    await using pair = await connectRelayedPair({
      client: { auth },
    });
    const errors: unknown[] = [];
    pair.client.on('reconnecting', ({ error }) => errors.push(error?.message));
    const back = once(pair.client, 'connected');
    pair.relay.cut();
    expect((await back)[0]).toMatchObject({ resumed: true });
    expect(errors).toEqual([undefined, 'the key ring is locked', 'the key ring is locked']);
  });
});

describe('maxPendingHandshakes', () => {
  const silentPeers = (port: number, count: number) =>
    Promise.all(Array.from({ length: count }, () => RawPeer.connect(port)));

  it('is filled by whoever says nothing; others are told to come back, and get in when those have left', async () => {
    await using host = await startServer({ maxPendingHandshakes: 3 });
    const silent = await silentPeers(host.port, 3);
    // Not once a reset, however often.
    for (let time = 0; time < 20; time += 1) {
      const error = await refusalOf(host.port);
      expect(error).toMatchObject({ ...BUSY, message: 'too many clients want to come in at once', retryAfterMs: 1000 });
    }
    expect(host.rejected.map(({ error }) => error.code)).toEqual(new Array(20).fill(BUSY.code));
    await leave(...silent);
    await waitUntil('the server knows', () => host.rejected.length === 23);
    await using client = await connectClient(host.port);
    expect(client.isOpen).toBe(true);
  });

  it('lets a client that comes back by itself wait until there is room', async () => {
    await using pair = await connectRelayedPair({
      server: { maxPendingHandshakes: 1 },
    });
    const silent = await RawPeer.connect(pair.port);
    const busy = once(pair.server, 'rejected') as Promise<[RejectedConnection]>;
    const back = once(pair.client, 'connected');
    pair.relay.cut();
    expect((await busy)[0].error.code).toBe(BUSY.code);
    await leave(silent);
    expect((await back)[0]).toMatchObject({ resumed: true });
  });

  it('does not count clients that are in', async () => {
    await using host = await startServer({ maxPendingHandshakes: 1 });
    const clients: TcpCommClient[] = [];
    for (let count = 0; count < 5; count += 1) clients.push(await connectClient(host.port));
    expect(host.server.sessions.size).toBe(5);
    await Promise.all(clients.map((client) => client.close()));
  });

  it('twice over resets connections; a client learns that too', async () => {
    await using host = await startServer({ maxPendingHandshakes: 2 });
    const silent = await silentPeers(host.port, 4);
    await using client = new TcpCommClient();
    await expect(client.connect(HOST, host.port)).rejects.toMatchObject({
      name: expect.stringMatching(/Error$/) as string,
    });
    expect(host.rejected).toMatchObject([{ error: { code: BUSY.code }, remoteAddress: HOST }]);
    await leave(...silent);
  });

  it('far beyond holds nothing: each connection ends, and closing the server frees the rest', async () => {
    await using host = await startServer({ maxPendingHandshakes: 5, handshakeTimeoutMs: 60_000 });
    const peers = await Promise.all(
      Array.from({ length: 100 }, () => RawPeer.connect(host.port).catch(() => undefined)),
    );
    const open = () => peers.filter((peer) => peer && !peer.isClosed);
    await waitUntil('all but twice the bound are reset', () => open().length <= 10);
    // Half of those are waited for a little; the others have their time.
    await waitUntil('all but the bound are gone', () => open().filter((peer) => !peer?.hasEnded).length <= 5);
    expect(open().filter((peer) => !peer?.hasEnded)).toHaveLength(5);
    await host.server.close();
    await waitUntil('all are gone', () => open().every((peer) => peer?.hasEnded));
    await leave(...peers.filter((peer) => peer !== undefined));
  });

  it('of any kind ends with the server', async () => {
    await using host = await startServer({ maxPendingHandshakes: 1 });
    const peers = await silentPeers(host.port, 2);
    for (const peer of peers) peer.send(rawPreface());
    // The server has taken both.
    await Promise.all(peers.map((peer) => peer.waitForBytes(8)));
    await host.server.close();
    await waitUntil('both are gone', () => host.rejected.length === 2);
    // Not because their time was over.
    expect(host.rejected.map(({ error }) => error.code)).toEqual(new Array(2).fill('ERR_TCPCOMM_CONNECTION_LOST'));
    await leave(...peers);
  });

  it('answers nobody who does not speak its language, nor before he has said so', async () => {
    await using host = await startServer({ maxPendingHandshakes: 2 });
    await using _one = await RawPeer.connect(host.port);
    await using _other = await RawPeer.connect(host.port);
    await using foreign = await RawPeer.connect(host.port);
    foreign.send(Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'));
    await foreign.waitForEnd();
    expect(foreign.received.length).toBe(0);
    await using slow = await RawPeer.connect(host.port);
    slow.send(rawPreface().subarray(0, 5));
    await slow.waitForEnd();
    expect(slow.received.length).toBe(0);
  });

  it('is no reason to hold on to who is told to come back and goes on talking', async () => {
    await using host = await startServer({ maxPendingHandshakes: 1 });
    await using _silent = await RawPeer.connect(host.port);
    await using peer = await knock(host.port, 'talkative');
    await peer.waitForFrame(REJECT);
    expect(rejectOf(peer)).toMatchObject({ code: 39, retryAfterMs: 1000 });
    await waitUntil('it is cut off', () => {
      peer.send(Buffer.alloc(100));
      return peer.isClosed;
    });
  });
});

describe('acceptsPerSecond', () => {
  it('lets clients that come at once in one after the other, in their time', async () => {
    const acceptsPerSecond = 20;
    await using host = await startServer({ acceptsPerSecond });
    const cameMs: number[] = [];
    host.server.on('session', () => cameMs.push(performance.now()));
    const startMs = performance.now();
    const clients = await Promise.all(Array.from({ length: 8 }, () => connectClient(host.port)));
    expect(host.server.sessions.size).toBe(8);
    cameMs.forEach((timeMs, index) => {
      // One may come at once, and half a turn is not waited for.
      expect(timeMs - startMs).toBeGreaterThanOrEqual(((index - 1.5) / acceptsPerSecond) * 1000);
    });
    await Promise.all(clients.map((client) => client.close()));
  });

  it.each(['end', 'reset'] as const)('gives no turn to a client that has left, by %s', async (how) => {
    await using host = await startServer({ acceptsPerSecond: 5 });
    let sessions = 0;
    host.server.on('session', () => (sessions += 1));
    await using first = await connectClient(host.port);
    const impatient = await Promise.all(
      Array.from({ length: 20 }, (_, count) => knock(host.port, `impatient ${count}`)),
    );
    for (const peer of impatient) {
      peer[how]();
      if (how === 'end') peer.destroy();
    }
    // Each of them has left, but for those that had had their turn before.
    await waitUntil('the server knows', () => host.rejected.length + sessions - 1 >= impatient.length);
    const before = sessions;
    await using second = await connectClient(host.port);
    expect([first.isOpen, second.isOpen, sessions]).toEqual([true, true, before + 1]);
    await leave(...impatient);
  });

  it('does not keep the server from closing while clients wait', async () => {
    await using host = await startServer({ acceptsPerSecond: 1 });
    await using first = await connectClient(host.port);
    const waiting = Array.from({ length: 5 }, () => new TcpCommClient());
    const outcomes = Promise.allSettled(waiting.map((client) => client.connect(HOST, host.port)));
    await using peer = await knock(host.port, 'last');
    await letEventsRun();
    await host.server.close();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_TCPCOMM_CONNECTION_LOST' } });
    }
    await peer.waitForEnd();
    expect(first.isOpen).toBe(false);
    await Promise.all(waiting.map((client) => client.close()));
  });

  it('counts those that wait among the pending ones', async () => {
    await using host = await startServer({ acceptsPerSecond: 1, maxPendingHandshakes: 2 });
    await using _first = await connectClient(host.port);
    const waiting = await Promise.all(['one', 'two'].map((machineId) => knock(host.port, machineId)));
    expect(await refusalOf(host.port)).toMatchObject(BUSY);
    await leave(...waiting);
  });

  it('tells a client whose turn would come too late when to come back', async () => {
    await using host = await startServer({ acceptsPerSecond: 1, handshakeTimeoutMs: 3_000 });
    await using _first = await connectClient(host.port);
    const waiting = await Promise.all(['one', 'two', 'three'].map((machineId) => knock(host.port, machineId)));
    await waitUntil('they wait', () => waiting.every((peer) => peer.received.length >= 8));
    const error = await refusalOf(host.port);
    expect(error).toMatchObject(BUSY);
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(2_000);
    await leave(...waiting);
  });
});

describe('maxSessions', () => {
  it('refuses one more, and says when to come back', async () => {
    await using host = await startServer({ maxSessions: 1 });
    await using first = await connectClient(host.port);
    expect(await refusalOf(host.port)).toMatchObject({
      code: 'ERR_TCPCOMM_SERVER_FULL',
      message: 'the server has its 1 sessions, no more are let in',
      retryAfterMs: 1000,
    });
    expect(first.isOpen).toBe(true);
  });

  it('counts a session that waits for its client, which is let back in', async () => {
    await using pair = await connectRelayedPair({
      server: { maxSessions: 1 },
    });
    pair.relay.refuses = true;
    pair.relay.cut();
    await waitUntil('it waits', () => pair.serverSession.isSuspended);
    expect(await refusalOf(pair.port)).toMatchObject({ code: 'ERR_TCPCOMM_SERVER_FULL' });
    const back = once(pair.client, 'connected');
    pair.relay.refuses = false;
    expect((await back)[0]).toMatchObject({ resumed: true });
  });

  it('does not keep a client from taking the place of its own session', async () => {
    await using host = await startServer({ maxSessions: 1, duplicatePolicy: 'takeover' });
    await using first = await connectClient(host.port, { machineId: 'only' });
    await using second = await connectClient(host.port, { machineId: 'only' });
    expect(await first.closed).toMatchObject({ code: 'ERR_TCPCOMM_TAKEN_OVER' });
    expect(second.isOpen).toBe(true);
    await waitUntil('the first is gone', () => host.server.sessions.size === 1);
    expect(await refusalOf(host.port, { machineId: 'another' })).toMatchObject({ code: 'ERR_TCPCOMM_SERVER_FULL' });
  });
});

describe('duplicatePolicy', () => {
  it('rejects unless told otherwise', async () => {
    await using host = await startServer();
    await using first = await connectClient(host.port, { machineId: 'twin' });
    expect(await refusalOf(host.port, { machineId: 'twin' })).toMatchObject({ code: 'ERR_TCPCOMM_MACHINE_ID_TAKEN' });
    expect(first.isOpen).toBe(true);
  });

  it('takeover ends the session before at both ends; its client does not come back', async () => {
    await using host = await startServer({ duplicatePolicy: 'takeover' });
    await using first = await connectClient(host.port, { machineId: 'twin' });
    const firstSession = host.server.getSession('twin')!;
    let attempts = 0;
    first.on('reconnecting', () => (attempts += 1));
    await using second = await connectClient(host.port, { machineId: 'twin' });
    const [there, here] = await Promise.all([firstSession.closed, first.closed]);
    expect(there).toMatchObject({ by: 'local', code: 'ERR_TCPCOMM_TAKEN_OVER' });
    expect(here).toMatchObject({ by: 'remote', code: 'ERR_TCPCOMM_TAKEN_OVER' });
    expect(here.message).toBe('another client has come with this machine id');
    expect([attempts, second.isOpen]).toEqual([0, true]);
    expect(host.server.getSession('twin')).not.toBe(firstSession);
    await waitUntil('the first is gone', () => host.server.sessions.size === 1);
  });

  it('takeover of a client that is away leaves one of the two, whoever comes last', async () => {
    await using pair = await connectRelayedPair({
      client: { machineId: 'twin' },
      server: { duplicatePolicy: 'takeover' },
    });
    pair.relay.refuses = true;
    pair.relay.cut();
    await waitUntil('it waits', () => pair.serverSession.isSuspended);
    await using second = await connectClient(pair.port, { machineId: 'twin', autoReconnect: true });
    expect(await pair.serverSession.closed).toMatchObject({ code: 'ERR_TCPCOMM_TAKEN_OVER' });
    let comings = 0;
    pair.server.on('session', () => (comings += 1));
    const back = once(pair.client, 'connected');
    pair.relay.refuses = false;
    expect((await back)[0]).toMatchObject({ resumed: false });
    expect(await second.closed).toMatchObject({ code: 'ERR_TCPCOMM_TAKEN_OVER' });
    await waitUntil('one is left', () => pair.server.sessions.size === 1);
    await letEventsRun();
    expect([comings, pair.client.isOpen, second.isOpen]).toEqual([1, true, false]);
  });

  it('takeover among ten that come at once leaves one, and nobody comes back', async () => {
    await using host = await startServer({ duplicatePolicy: 'takeover' });
    let sessions = 0;
    host.server.on('session', () => (sessions += 1));
    const clients = await Promise.all(
      Array.from({ length: 10 }, () => connectClient(host.port, { machineId: 'twin' })),
    );
    await waitUntil('one is left', () => clients.filter(({ isOpen }) => isOpen).length === 1);
    await waitUntil('the server knows', () => host.server.sessions.size === 1);
    await letEventsRun();
    expect([sessions, clients.filter(({ isOpen }) => isOpen).length]).toEqual([10, 1]);
    await Promise.all(clients.map((client) => client.close()));
  });

  it('takeover does not wait for a client that does not answer', async () => {
    await using host = await startServer({ duplicatePolicy: 'takeover' });
    await using deaf = await knock(host.port, 'twin');
    await deaf.waitForFrame(0x11);
    const session = host.server.getSession('twin')!;
    deaf.stopReading();
    void session.sendBytes(new Uint8Array(60_000)).catch(() => undefined);
    await using second = await connectClient(host.port, { machineId: 'twin' });
    expect(await session.closed).toMatchObject({ code: 'ERR_TCPCOMM_TAKEN_OVER' });
    expect(second.isOpen).toBe(true);
  });

  it('allow lets both in; the latest is found, and when it goes the other one', async () => {
    await using host = await startServer({ duplicatePolicy: 'allow' });
    await using first = await connectClient(host.port, { machineId: 'twin' });
    await using second = await connectClient(host.port, { machineId: 'twin' });
    expect([first.isOpen, second.isOpen]).toEqual([true, true]);
    expect(host.server.getSession('twin')?.sessionId).toBe(second.sessionId);
    const gone = once(host.server, 'sessionClosed') as Promise<[ServerSession]>;
    await second.close();
    await gone;
    expect(host.server.getSession('twin')?.sessionId).toBe(first.sessionId);
  });

  it('allow lets a client in beside a session that has lost its own before that knew of it', async () => {
    await using host = await startServer({ duplicatePolicy: 'allow' });
    const session = await suspendedSession(host, 'twin');
    await using client = await connectClient(host.port, { machineId: 'twin' });
    await letEventsRun();
    expect([session.isOpen, client.isOpen, host.server.sessions.size]).toEqual([true, true, 2]);
  });

  it('reject and takeover let a client in instead of a session that has lost its own before that knew of it', async () => {
    for (const duplicatePolicy of ['reject', 'takeover'] as const) {
      await using host = await startServer({ duplicatePolicy, maxSessions: 1 });
      const session = await suspendedSession(host, 'twin');
      await using client = await connectClient(host.port, { machineId: 'twin' });
      expect(await session.closed).toMatchObject({ code: 'ERR_TCPCOMM_TAKEN_OVER' });
      expect(client.isOpen).toBe(true);
    }
  });

  it('a server that is closed by a listener of a session that it ends closes once', async () => {
    await using host = await startServer();
    const session = await suspendedSession(host, 'last');
    let closings = 0;
    host.server.on('close', () => (closings += 1));
    const reports: unknown[] = [];
    session.on('close', () => {
      void host.server.close().then((report) => reports.push(report));
    });
    const report = await host.server.close();
    await letEventsRun();
    expect([closings, reports]).toEqual([1, [report]]);
    expect(report.sessions).toMatchObject([{ machineId: 'last' }]);
  });

  it('allow is no reason to let in a blank or an invisible machine id', async () => {
    await using host = await startServer({ duplicatePolicy: 'allow' });
    expect(await refusalOf(host.port, { machineId: ' ' })).toMatchObject({ code: 'ERR_TCPCOMM_MACHINE_ID_BLANK' });
    expect(await refusalOf(host.port, { machineId: 'a\u200b' })).toMatchObject({
      code: 'ERR_TCPCOMM_MACHINE_ID_INVALID',
    });
  });

  it.each(['reject', 'takeover', 'allow'] as const)(
    '%s means nothing where machine ids do not matter: blank, equal and invisible ones come in',
    async (duplicatePolicy) => {
      await using host = await startServer({ enforceUniqueMachineIds: false, duplicatePolicy });
      const clients: TcpCommClient[] = [];
      for (const machineId of ['', '', 'twin', 'twin', '\u202e'])
        clients.push(await connectClient(host.port, { machineId }));
      expect(clients.map(({ isOpen }) => isOpen)).toEqual(new Array(5).fill(true));
      expect(host.server.getSession('twin')?.sessionId).toBe(4);
      expect(host.server.getSession('')?.sessionId).toBe(2);
      await Promise.all(clients.map((client) => client.close()));
    },
  );
});

it('a client that is told to come back by a server that it does not know does so, until it is let in', async () => {
  await using listener = await RawListener.start();
  await using client = new TcpCommClient();
  const connecting = client.connect(HOST, listener.port).catch((error: unknown) => error);
  const peer = await listener.nextPeer();
  peer.send(rawPreface(), rawFrame(REJECT, { payload: { code: 39, message: 'busy', retryAfterMs: 5 } }));
  // The first time it is for the program to decide.
  expect(await connecting).toMatchObject({ ...BUSY, retryAfterMs: 5 });
});
