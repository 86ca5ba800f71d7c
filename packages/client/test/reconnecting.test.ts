import { once } from 'node:events';
import {
  ConnectionLostError,
  ConnectionRejectedError,
  PeerError,
  ProtocolError,
  TimeoutError,
  UsageError,
  WireError,
} from '@tcpcomm/protocol';
import {
  checkForLeaks,
  letEventsRun,
  rawFrame,
  RawListener,
  type RawPeer,
  rawPreface,
  waitUntil,
  untyped,
} from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { IdentityChange } from '../src/identity-change.ts';
import { type ClientOptions, type ReconnectAttempt, TcpCommClient } from '../src/index.ts';
import { reconnect, type ReconnectingOptions } from '../src/reconnecting.ts';
import { rawWelcome } from './raw-welcome.ts';

checkForLeaks();

const LOST = new ConnectionLostError('no answer');

/** Reconnects with what each attempt comes to in its turn, the last one for all that follow; tells what was done, and when. */
function run(outcomes: readonly (Error | undefined)[], options: Partial<ReconnectingOptions> = {}) {
  const attempts: ReconnectAttempt[] = [];
  const connectedMs: number[] = [];
  const timeoutsMs: number[] = [];
  const startMs = performance.now();
  const outcome = reconnect({
    durationMs: 10_000,
    signal: new AbortController().signal,
    connect: (timeoutMs) => {
      timeoutsMs.push(timeoutMs);
      connectedMs.push(performance.now() - startMs);
      const error = outcomes[Math.min(connectedMs.length, outcomes.length) - 1];
      return error ? Promise.reject(error) : Promise.resolve();
    },
    onAttempt: (attempt) => attempts.push(attempt),
    ...options,
  }).then(
    () => 'connected' as const,
    (error: unknown) => error,
  );
  return { outcome, attempts, connectedMs, timeoutsMs };
}

describe('reconnect', () => {
  it('tries until it succeeds, and tells each attempt with why the one before failed', async () => {
    const errors = [LOST, new TimeoutError('too slow'), new ProtocolError(WireError.PROTOCOL_ERROR, 'who is that?')];
    const { outcome, attempts } = run([...errors, undefined]);
    expect(await outcome).toBe('connected');
    expect(attempts.map(({ attempt, error }) => [attempt, error])).toEqual([
      [1, undefined],
      [2, errors[0]],
      [3, errors[1]],
      [4, errors[2]],
    ]);
    const elapsed = attempts.map(({ elapsedMs }) => elapsedMs);
    expect(elapsed).toEqual(elapsed.toSorted((one, other) => one - other));
    attempts.forEach(({ pauseMs }, index) => {
      expect(pauseMs).toBeLessThanOrEqual(100 * 2 ** index);
    });
  });

  it.each([
    ['a refusal', new ConnectionRejectedError(33, 'in use')],
    ['an error that the server has found', new PeerError(14, 'my fault')],
    ['a mistake of this program', new UsageError('auth is too long')],
  ])('stops at %s', async (_what, error) => {
    const { outcome, attempts } = run([LOST, error, undefined]);
    expect(await outcome).toBe(error);
    expect(attempts).toHaveLength(2);
  });

  it.each([
    ['a refusal for now', new ConnectionRejectedError(39, 'busy', 0)],
    ['what is no error of this library', new Error('the key ring is locked')],
    ['what is no error at all', untyped('no')],
  ])('does not stop at %s', async (_what, error) => {
    expect(await run([error, undefined]).outcome).toBe('connected');
  });

  it('waits as long as the server wants to be left alone, and not all clients exactly as long', async () => {
    const retryAfterMs = 60;
    const busy = new ConnectionRejectedError(39, 'busy', retryAfterMs);
    const { outcome, attempts, connectedMs } = run([busy, busy, busy, undefined]);
    expect(await outcome).toBe('connected');
    const pauses = attempts.slice(1).map(({ pauseMs }) => pauseMs);
    for (const pauseMs of pauses) expect(pauseMs).toBeGreaterThan(retryAfterMs);
    connectedMs.slice(1).forEach((timeMs, index) => {
      // The clock of timers counts whole milliseconds.
      expect(timeMs - connectedMs[index]!).toBeGreaterThanOrEqual(retryAfterMs - 1);
    });
  });

  it('comes again and again, at short notice, where the server says so', async () => {
    const soon = new ConnectionRejectedError(39, 'another thread', 1);
    const { outcome, attempts } = run([...Array.from({ length: 12 }, () => soon), undefined], { durationMs: 60_000 });
    expect(await outcome).toBe('connected');
    expect(attempts).toHaveLength(13);
    for (const { pauseMs } of attempts) expect(pauseMs).toBeLessThanOrEqual(101);
  });

  it('waits also for a server that wants to be left alone for longer than a timer can be set', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on('warning', warn);
    const stop = new AbortController();
    const later = new ConnectionRejectedError(39, 'in a month', 2 ** 31);
    const { outcome, attempts } = run([later], { durationMs: Infinity, signal: stop.signal });
    await waitUntil('it waits', () => attempts.length === 2);
    // A timer that is set for too long fires after a millisecond.
    const afterMs = performance.now() + 5;
    await waitUntil('that long has passed', () => performance.now() > afterMs);
    process.off('warning', warn);
    expect([attempts.length, warnings]).toEqual([2, []]);
    stop.abort(LOST);
    expect(await outcome).toBe(LOST);
  });

  it('does not wait for a server that wants to be left alone for longer than there is time', async () => {
    const later = new ConnectionRejectedError(39, 'in a minute', 60_000);
    const { outcome, attempts } = run([later]);
    expect(await outcome).toBe(later);
    expect(attempts).toHaveLength(1);
  });

  it('gives up when its time is over, with why the last attempt failed; that is made at the end', async () => {
    const durationMs = 80;
    const { outcome, attempts, connectedMs } = run([LOST], { durationMs });
    expect(await outcome).toBe(LOST);
    for (const { elapsedMs, pauseMs } of attempts) {
      expect(elapsedMs).toBeLessThan(durationMs);
      expect(elapsedMs + pauseMs).toBeLessThanOrEqual(durationMs);
    }
    expect(connectedMs).toHaveLength(attempts.length);
    expect(connectedMs.at(-1)).toBeGreaterThanOrEqual(durationMs - 2);
  });

  it('without any time does not try', async () => {
    const { outcome, attempts, connectedMs } = run([undefined], { durationMs: 0 });
    expect(await outcome).toMatchObject({ name: 'TimeoutError', message: 'there is no time to connect again in 0 ms' });
    expect([attempts, connectedMs]).toEqual([[], []]);
  });

  it('gives each attempt what is left of its time, from 100 ms to 10 s', async () => {
    const long = run([LOST, undefined], { durationMs: Infinity });
    expect(await long.outcome).toBe('connected');
    expect(long.timeoutsMs).toEqual([10_000, 10_000]);
    const short = run([undefined], { durationMs: 5_000 });
    await short.outcome;
    expect(short.timeoutsMs[0]).toBeLessThanOrEqual(5_000);
    expect(short.timeoutsMs[0]).toBeGreaterThan(4_000);
    const last = run([LOST], { durationMs: 10 });
    await last.outcome;
    expect(new Set(last.timeoutsMs)).toEqual(new Set([100]));
  });

  it('ends at once when it is told to, while it waits: with the reason, and without another attempt', async () => {
    const stop = new AbortController();
    const { outcome, attempts, connectedMs } = run([new ConnectionRejectedError(39, 'busy', 5_000)], {
      signal: stop.signal,
    });
    await waitUntil('it waits', () => attempts.length === 2);
    stop.abort(LOST);
    expect(await outcome).toBe(LOST);
    expect(connectedMs).toHaveLength(1);
  });

  it('ends at once when it is told to, before it begins', async () => {
    const { outcome, connectedMs } = run([undefined], { signal: AbortSignal.abort(LOST) });
    expect(await outcome).toBe(LOST);
    expect(connectedMs).toEqual([]);
  });

  it('ends when it is told to, while it connects', async () => {
    const stop = new AbortController();
    const connecting = Promise.withResolvers<undefined>();
    let isConnecting = false;
    const { outcome, attempts } = run([], {
      signal: stop.signal,
      connect: () => {
        isConnecting = true;
        return connecting.promise;
      },
    });
    await waitUntil('it connects', () => isConnecting);
    stop.abort(LOST);
    connecting.reject(new TimeoutError('the reason does not matter then'));
    expect(await outcome).toBe(LOST);
    expect(attempts).toHaveLength(1);
  });
});

describe('a machine id that is asked for', () => {
  function create(isAsked: (machineId: string) => void = () => undefined) {
    const asked: string[] = [];
    const identity = new IdentityChange((machineId) => {
      isAsked(machineId);
      asked.push(machineId);
    });
    const settled: unknown[] = [];
    const change = (machineId: string) =>
      void identity.change(machineId).then(
        () => settled.push(machineId),
        (error: unknown) => settled.push(error),
      );
    return { identity, asked, settled, change };
  }

  it('is asked for one at a time, in order', async () => {
    const { identity, asked, settled, change } = create();
    for (const machineId of ['one', 'two', 'three']) change(machineId);
    await letEventsRun();
    expect([asked, settled]).toEqual([['one'], []]);
    const refusal = new ConnectionRejectedError(33, 'in use');
    for (const answer of [undefined, refusal, undefined]) {
      identity.settle(answer);
      await letEventsRun();
    }
    expect(asked).toEqual(['one', 'two', 'three']);
    expect(settled).toEqual(['one', refusal, 'three']);
  });

  it('is asked for again on another connection, as long as it has not been answered', async () => {
    const { identity, asked, settled, change } = create();
    identity.repeat('before');
    change('after');
    await letEventsRun();
    identity.repeat('before');
    identity.repeat('before');
    identity.settle(undefined);
    await letEventsRun();
    identity.repeat('before');
    expect([asked, settled]).toEqual([['after', 'after', 'after'], ['after']]);
  });

  it('is not asked for again where the other connection shows that it was taken', async () => {
    const { identity, asked, settled, change } = create();
    change('after');
    await letEventsRun();
    identity.repeat('after');
    await letEventsRun();
    expect([asked, settled]).toEqual([['after'], ['after']]);
  });

  it('is not settled by an answer to nothing', async () => {
    const { identity, settled, change } = create();
    identity.settle(undefined);
    identity.settle(new ConnectionRejectedError(33, 'in use'));
    change('after');
    await letEventsRun();
    expect(settled).toEqual([]);
    identity.settle(undefined);
    identity.settle(new ConnectionRejectedError(33, 'in use'));
    await letEventsRun();
    expect(settled).toEqual(['after']);
  });

  it('rejects when there will be no connection, and so do those that wait behind it', async () => {
    let isOver = false;
    const { identity, settled, change } = create(() => {
      if (isOver) throw LOST;
    });
    for (const machineId of ['one', 'two', 'three']) change(machineId);
    await letEventsRun();
    isOver = true;
    identity.stop(LOST);
    await letEventsRun();
    expect(settled).toEqual([LOST, LOST, LOST]);
    change('four');
    await letEventsRun();
    expect(settled).toHaveLength(4);
  });
});

/** As much as tests look at of what a client says that comes back. */
interface ReturningHello {
  readonly machineId: string;
  readonly features: readonly string[];
  readonly resume?: unknown;
}

/** A client on a server that says only what the test tells it to, which can take sessions up again. */
async function joinRawServer(options: ClientOptions = {}) {
  const listener = await RawListener.start();
  const client = new TcpCommClient({ machineId: 'caller', ...options });
  const connecting = client.connect('127.0.0.1', listener.port);
  const peer = await listener.nextPeer();
  await peer.waitForFrame(0x10);
  peer.send(rawWelcome({ features: ['resume'], sessionKey: 'the first key' }));
  await connecting;
  return {
    ...{ listener, client, peer },
    /** The connection that the client comes back with, and what it says. */
    nextHello: async (): Promise<{ peer: RawPeer; hello: ReturningHello }> => {
      const next = await listener.nextPeer();
      const { payload } = await next.waitForFrame(0x10);
      return { peer: next, hello: JSON.parse(payload.toString()) as ReturningHello };
    },
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await client.closed;
      await listener[Symbol.asyncDispose]();
    },
  };
}

const resumed = (changes: object = {}) =>
  rawWelcome({
    features: ['resume'],
    sessionKey: 'the second key',
    resumed: { machineId: 'caller', received: {}, transfers: { continued: [], done: [] }, ...changes },
  });

describe('a client whose connection is lost', () => {
  it('comes back with its number, the latest key that it has got, and where it stands', async () => {
    await using call = await joinRawServer();
    call.client.on('message', () => undefined);
    call.peer.send(rawFrame(0x01, { channel: 5, flags: 1, payload: Buffer.from('whole') }));
    call.peer.send(rawFrame(0x01, { channel: 5, payload: Buffer.from('a part') }));
    await waitUntil('both are there', () => call.client.stats().receivedMessages === 1);
    call.peer.send(rawFrame(0x05, { payload: Buffer.from('are you?') }));
    await call.peer.waitForFrame(0x06);
    call.peer.reset();
    const first = await call.nextHello();
    const standing = { received: { 5: [1, 27, 6] }, transfers: { continued: [], done: [] } };
    expect(first.hello).toMatchObject({ features: ['resume'] });
    expect(first.hello.resume).toEqual({ sessionId: 1, key: 'the first key', ...standing });
    // It says nothing more until it is let in.
    await letEventsRun();
    expect(first.peer.frames).toHaveLength(1);
    first.peer.reset();
    const second = await call.nextHello();
    expect(second.hello.resume).toEqual({ sessionId: 1, key: 'the first key', ...standing });
    second.peer.send(resumed());
    await second.peer.waitForFrame(0x05);
    second.peer.reset();
    const third = await call.nextHello();
    expect(third.hello.resume).toEqual({ sessionId: 1, key: 'the second key', ...standing });
  });

  it('says something at once when it is let in: the server learns that its key has come', async () => {
    await using call = await joinRawServer();
    await call.peer.waitForFrame(0x05);
    call.peer.reset();
    const { peer } = await call.nextHello();
    peer.send(resumed());
    await peer.waitForFrame(0x05);
  });

  it('comes back as a new one to a server that has given it no key', async () => {
    await using listener = await RawListener.start();
    await using client = new TcpCommClient();
    const connecting = client.connect('127.0.0.1', listener.port);
    const peer = await listener.nextPeer();
    peer.send(rawWelcome());
    await connecting;
    peer.reset();
    const next = await listener.nextPeer();
    const { payload } = await next.waitForFrame(0x10);
    expect(JSON.parse(payload.toString())).not.toHaveProperty('resume');
    const back = once(client, 'connected');
    next.send(rawWelcome({ sessionId: 7 }));
    expect(await back).toEqual([{ reconnected: true, resumed: false, lost: [] }]);
    expect(client.sessionId).toBe(7);
    client.destroy();
  });

  it.each([
    ['a message that was never sent', { 1: [2, 13, 0] }],
    ['bytes that were never sent', { 1: [1, 14, 0] }],
    ['a part of what has no parts', { 1: [0, 0, 2] }],
    ['a channel that nothing was sent on', { 9: [1, 9, 0] }],
  ])('leaves a server that claims %s, and the session is over', async (_what, received) => {
    await using call = await joinRawServer();
    const waiting = call.client.sendText('hello', 1, { confirm: true }).catch((error: unknown) => error);
    await call.peer.waitForFrame(0x01);
    call.peer.reset();
    const { peer } = await call.nextHello();
    peer.send(resumed({ received }));
    const reason = await call.client.closed;
    expect(reason).toMatchObject({ by: 'local', code: 'ERR_TCPCOMM_INVALID_ACKNOWLEDGEMENT', isClean: false });
    expect(reason.error).toBeInstanceOf(ProtocolError);
    expect(await waiting).toBe(reason.error);
    await peer.waitForEnd();
  });

  it('goes on where the server stands', async () => {
    await using call = await joinRawServer();
    for (const text of ['one', 'two', 'three']) void call.client.sendText(text, 4);
    await call.peer.waitForFrame(0x01, 3);
    call.peer.reset();
    const { peer } = await call.nextHello();
    peer.send(resumed({ received: { 4: [2, 22, 0] } }));
    expect((await peer.waitForFrame(0x01)).payload.toString()).toBe('three');
    await letEventsRun();
    expect(peer.frames.filter(({ type }) => type === 0x01)).toHaveLength(1);
  });

  it.each([
    ['a refusal', rawFrame(0x12, { payload: { code: 38, message: 'no' } }), 'ERR_TCPCOMM_NOT_AUTHORIZED'],
    ['an error', rawFrame(0x15, { payload: { code: 14, message: 'my fault' } }), 'ERR_TCPCOMM_INTERNAL_ERROR'],
  ])('does not come back after %s', async (_what, answer, code) => {
    await using call = await joinRawServer();
    call.peer.reset();
    const { peer } = await call.nextHello();
    peer.send(rawPreface(), answer);
    expect(await call.client.closed).toMatchObject({ by: 'network', code });
  });

  it.each([
    [
      'a refusal for now',
      Buffer.concat([rawPreface(), rawFrame(0x12, { payload: { code: 39, message: '', retryAfterMs: 1 } })]),
    ],
    ['what is no answer', Buffer.from('HTTP/1.1 502 Bad Gateway\r\n\r\n')],
  ])('comes back after %s', async (_what, answer) => {
    await using call = await joinRawServer();
    call.peer.reset();
    const { peer } = await call.nextHello();
    peer.send(answer);
    const next = await call.nextHello();
    const back = once(call.client, 'connected');
    next.peer.send(resumed());
    expect((await back)[0]).toMatchObject({ resumed: true });
  });

  it('asks for its machine id again unless WELCOME has it, and takes the one that WELCOME has', async () => {
    await using call = await joinRawServer();
    const changing = call.client.setMachineId('wanted');
    const asked = await call.peer.waitForFrame(0x16);
    expect(JSON.parse(asked.payload.toString())).toEqual({ machineId: 'wanted' });
    call.peer.reset();
    const second = await call.nextHello();
    expect(second.hello.machineId).toBe('caller');
    second.peer.send(resumed({ machineId: 'given' }));
    await second.peer.waitForFrame(0x16);
    expect(call.client.getMachineId()).toBe('given');
    second.peer.reset();
    const third = await call.nextHello();
    third.peer.send(resumed({ machineId: 'wanted' }));
    await changing;
    await letEventsRun();
    expect(third.peer.frames.filter(({ type }) => type === 0x16)).toEqual([]);
    expect(call.client.getMachineId()).toBe('wanted');
  });
});

describe('a server that speaks of machine ids', () => {
  const identified = (answer: object = {}) => rawFrame(0x17, { payload: answer });
  const refused = identified({ refused: { code: 33, message: 'in use' } });

  it('unasked is not minded, and nothing changes', async () => {
    await using call = await joinRawServer();
    call.peer.send(identified(), refused, rawFrame(0x05, { payload: Buffer.from('are you?') }));
    expect((await call.peer.waitForFrame(0x06)).payload.toString()).toBe('are you?');
    expect([call.client.getMachineId(), call.client.isOpen]).toEqual(['caller', true]);
    const changing = call.client.setMachineId('wanted');
    await call.peer.waitForFrame(0x16);
    await letEventsRun();
    expect(call.client.getMachineId()).toBe('caller');
    call.peer.send(identified());
    await changing;
    expect(call.client.getMachineId()).toBe('wanted');
  });

  it('with a refusal of a later version is understood', async () => {
    await using call = await joinRawServer();
    const changing = call.client.setMachineId('wanted').catch((error: unknown) => error);
    await call.peer.waitForFrame(0x16);
    call.peer.send(identified({ refused: { code: 4711, message: 'not today', more: 1 }, other: 2 }));
    expect(await changing).toMatchObject({ code: 'ERR_TCPCOMM_UNKNOWN', number: 4711, message: 'not today' });
  });

  it('and leaves without an answer does not leave anybody waiting', async () => {
    await using call = await joinRawServer({ autoReconnect: false });
    const changing = call.client.setMachineId('wanted').catch((error: unknown) => error);
    await call.peer.waitForFrame(0x16);
    call.peer.end();
    expect(await changing).toMatchObject({ code: 'ERR_TCPCOMM_CONNECTION_LOST' });
  });
});
