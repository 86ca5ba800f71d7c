import { once } from 'node:events';
import { TcpCommClient } from '@tcpcomm/client';
import { SessionClosedError } from '@tcpcomm/protocol';
import type { CloseReason } from '@tcpcomm/server';
import type { Session } from '@tcpcomm/session';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, letEventsRun, letTurnsPass, testBytes } from '@tcpcomm/test-support';
import { collectMessages, connectPair, ENDS, endsOf } from '../src/index.ts';

checkForLeaks();

const SMALL_WINDOW = { channelWindowBytes: 65_536 };

describe.each(ENDS)('a %s that closes', (end) => {
  it('sends first what is queued, and reports that all of it arrived', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const received = collectMessages(remote, 12);
    for (let index = 0; index < 10; index += 1) void local.sendBytes(testBytes(300_000), 1);
    for (let index = 0; index < 2; index += 1) void local.sendText('small', 9);
    const report = await local.close();
    expect(await received).toHaveLength(12);
    expect(report).toEqual({
      reason: { by: 'local', code: 'ERR_TCPCOMM_CLOSED', message: 'the session was closed', isClean: true },
      isComplete: true,
      channels: [
        { channel: 1, deliveredMessages: 10, undeliveredMessages: 0 },
        { channel: 9, deliveredMessages: 2, undeliveredMessages: 0 },
      ],
    });
    expect(await remote.closed).toMatchObject({ by: 'remote', code: 'ERR_TCPCOMM_CLOSED', isClean: true });
  });

  it('still gets what the other end had queued', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const received = collectMessages(local, 5);
    for (let index = 0; index < 5; index += 1) void remote.sendBytes(testBytes(500_000));
    await local.close();
    expect((await received).map(({ bytes }) => bytes.length)).toEqual(new Array(5).fill(500_000));
  });

  it('drops at once what waits when it is given no time, and reports how much', async () => {
    await using pair = await connectPair({ session: SMALL_WINDOW });
    const { local, remote } = endsOf(pair, end);
    const sends = Promise.allSettled(
      Array.from({ length: 10 }, () => local.sendBytes(testBytes(60_000), 1, { confirm: true })),
    );
    const report = await local.close({ drainMs: 0 });
    expect(report.reason).toMatchObject({ by: 'local', isClean: true });
    expect(report.isComplete).toBe(false);
    const [channel] = report.channels;
    expect(channel!.deliveredMessages + channel!.undeliveredMessages).toBe(10);
    expect(channel!.undeliveredMessages).toBeGreaterThan(0);
    for (const result of await sends) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_TCPCOMM_SESSION_CLOSED' } });
    }
    await remote.closed;
  });

  it('gives up what nobody takes when its time is over', async () => {
    await using pair = await connectPair({ session: SMALL_WINDOW });
    const { local } = endsOf(pair, end);
    for (let index = 0; index < 3; index += 1) void local.sendBytes(testBytes(60_000)).catch(() => undefined);
    const startMs = performance.now();
    const report = await local.close({ drainMs: 60 });
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(55);
    expect(report).toMatchObject({ isComplete: false, reason: { isClean: true } });
    expect(report.channels).toEqual([{ channel: 1, deliveredMessages: 1, undeliveredMessages: 2 }]);
  });

  it('is given less time by a second call, and both get the same report', async () => {
    await using pair = await connectPair({ session: SMALL_WINDOW });
    const { local } = endsOf(pair, end);
    for (let index = 0; index < 3; index += 1) void local.sendBytes(testBytes(60_000)).catch(() => undefined);
    const first = local.close({ drainMs: Infinity });
    await letEventsRun();
    const second = local.close({ drainMs: 0 });
    expect(await second).toBe(await first);
    expect(await local.close()).toBe(await first);
  });

  it('has a year if it is given one', async () => {
    await using pair = await connectPair({ session: SMALL_WINDOW });
    const { local, remote } = endsOf(pair, end);
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    for (let index = 0; index < 3; index += 1) void local.sendBytes(testBytes(60_000));
    const closing = local.close({ drainMs: 365 * 86_400_000 });
    await letEventsRun();
    const received = collectMessages(remote, 3);
    expect((await closing).isComplete).toBe(true);
    await received;
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('takes no more from the first moment on, while it drains', async () => {
    await using pair = await connectPair({ session: SMALL_WINDOW });
    const { local, remote } = endsOf(pair, end);
    for (let index = 0; index < 3; index += 1) void local.sendBytes(testBytes(60_000));
    const closing = local.close();
    expect(local.isOpen).toBe(false);
    await expect(local.sendText('late')).rejects.toBeInstanceOf(SessionClosedError);
    expect(() => local.getFile('late')).toThrow(SessionClosedError);
    const received = collectMessages(remote, 3);
    expect((await closing).isComplete).toBe(true);
    await received;
  });

  it('at the same moment as the other end: both end in good order', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    local.on('message', () => undefined);
    remote.on('message', () => undefined);
    await Promise.all([local.sendText('a', 1, { confirm: true }), remote.sendText('b', 1, { confirm: true })]);
    const [here, there] = await Promise.all([local.close(), remote.close()]);
    expect(here).toMatchObject({ isComplete: true, reason: { isClean: true, code: 'ERR_TCPCOMM_CLOSED' } });
    expect(there).toMatchObject({ isComplete: true, reason: { isClean: true, code: 'ERR_TCPCOMM_CLOSED' } });
  });

  it('from inside its own handler does not wait for itself', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const closed = new Promise((resolve) => {
      local.on('message', () => {
        resolve(local.close());
      });
    });
    void remote.sendText('close, please');
    expect(await closed).toMatchObject({ isComplete: true });
    expect(await remote.closed).toMatchObject({ by: 'remote', isClean: true });
  });

  it('does so at the end of the block that it is used in', async () => {
    const pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    {
      await using session = local;
      void session.sendText('bye');
    }
    expect(local.isOpen).toBe(false);
    expect((await local.closed).isClean).toBe(true);
    expect((await remote.closed).isClean).toBe(true);
    await pair[Symbol.asyncDispose]();
  });
});

describe.each(ENDS)('the end of a session at a %s', (end) => {
  const endings = {
    'close here': (local) => local.close(),
    'close there': (_local, remote) => remote.close(),
    'destroy here': (local) => {
      local.destroy();
    },
    'destroy there': (_local, remote) => {
      remote.destroy();
    },
    'everything at once': (local, remote) => {
      void local.close();
      local.destroy();
      void local.close();
      remote.destroy();
      void remote.close();
    },
  } satisfies Record<string, (local: Session, remote: Session) => unknown>;

  it.each(Object.entries(endings))(
    'after %s, tells "disconnected" and then "close", each once, and closed is that reason',
    async (_how, act) => {
      await using pair = await connectPair();
      const { local, remote } = endsOf(pair, end);
      const log: [string, CloseReason][] = [];
      local.on('close', (reason) => log.push(['close', reason]));
      local.on('disconnected', (reason) => log.push(['disconnected', reason]));
      await act(local, remote);
      const reason = await local.closed;
      await remote.closed;
      await letEventsRun();
      expect(log).toEqual([
        ['disconnected', reason],
        ['close', reason],
      ]);
      expect(await local.closed).toBe(reason);
      local.destroy();
      await local.close();
      await letEventsRun();
      expect(log).toHaveLength(2);
    },
  );

  it('by destroy is not clean: here it is our doing, there that of the peer', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    local.destroy();
    expect(await local.closed).toMatchObject({ by: 'local', code: 'ERR_TCPCOMM_SESSION_CLOSED', isClean: false });
    expect(await remote.closed).toMatchObject({ by: 'remote', code: 'ERR_TCPCOMM_DESTROYED', isClean: false });
  });

  it('makes everything that waits reject with the reason', async () => {
    await using pair = await connectPair({ session: SMALL_WINDOW });
    const { local, remote } = endsOf(pair, end);
    const channel = local.channel(1, { highWaterMark: 0 });
    const waiting = Promise.allSettled([
      channel.send(testBytes(2_000_000)),
      channel.send(testBytes(100)),
      local.sendText('confirmed', 2, { confirm: true }),
    ]);
    await letTurnsPass(20);
    remote.destroy();
    const results = await waiting;
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_TCPCOMM_DESTROYED' } });
    }
    expect(local.getSendQueueSize()).toBe(0);
  });
});

describe('a client without a connection', () => {
  it('that closes is closed in good order, for ever', async () => {
    const client = new TcpCommClient();
    const heard = once(client, 'close') as Promise<[CloseReason]>;
    const report = await client.close();
    expect(report).toMatchObject({ isComplete: true, channels: [], reason: { by: 'local', isClean: true } });
    expect((await heard)[0]).toBe(report.reason);
    await expect(client.connect('127.0.0.1', 1)).rejects.toMatchObject({ code: 'ERR_TCPCOMM_SESSION_CLOSED' });
  });

  it('that is destroyed is closed', async () => {
    const client = new TcpCommClient();
    client.destroy();
    expect(await client.closed).toMatchObject({ by: 'local', isClean: false });
  });
});
