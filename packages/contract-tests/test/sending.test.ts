import { LimitError, SessionClosedError } from '@tcpcomm/protocol';
import type { Session } from '@tcpcomm/session';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, letEventsRun, testBytes, waitUntil } from '@tcpcomm/test-support';
import { collectMessages, connectPair, ENDS, endsOf } from '../src/index.ts';

checkForLeaks();

/** Neither end takes what comes, so what is sent stays in the sender's queue once the window is used up. */
const WINDOW = { channelWindowBytes: 65_536 };

/** What waits to be sent when nothing leaves any more: the peer has all that has, and gives no more credit. */
async function restingQueue(session: Session): Promise<number> {
  for (let before = NaN; ;) {
    const queuedBytes = session.getSendQueueSize();
    if (queuedBytes === before && session.stats().inFlightBytes === 0) return queuedBytes;
    before = queuedBytes;
    await letEventsRun(50);
  }
}

describe.each(ENDS)('what send returns at a %s', (end) => {
  it('resolves at once while the queue is below its high-water mark, and waits above it', async () => {
    await using pair = await connectPair({ session: WINDOW });
    const { local, remote } = endsOf(pair, end);
    const channel = local.channel(1, { highWaterMark: 100_000 });
    await channel.send(testBytes(50_000));
    await channel.send(testBytes(100_000));
    let isSettled = false;
    const waiting = channel.send(testBytes(100_000)).then(() => (isSettled = true));
    await letEventsRun(50);
    expect(isSettled).toBe(false);
    expect(channel.queuedBytes).toBeGreaterThan(100_000);
    remote.on('message', () => undefined);
    await waiting;
    expect(channel.queuedBytes).toBeLessThanOrEqual(100_000);
  });

  it('keeps the high-water mark of 1 MiB that nobody changed', async () => {
    await using pair = await connectPair({ session: WINDOW });
    const { local, remote } = endsOf(pair, end);
    for (let count = 0; count < 5; count += 1) await local.sendBytes(testBytes(50_000));
    // What the credit does not let out: from here to the mark there is room, and no further.
    const queuedBytes = await restingQueue(local);
    expect(queuedBytes).toBeGreaterThan(100_000);
    await local.sendBytes(testBytes(1_048_576 - queuedBytes - 8));
    expect(local.getSendQueueSize()).toBe(1_048_576);
    let isSettled = false;
    const waiting = local.sendBytes(testBytes(1)).then(() => (isSettled = true));
    await letEventsRun(50);
    expect(isSettled).toBe(false);
    remote.on('message', () => undefined);
    await waiting;
  });

  it('with a mark of 0 resolves when the message has left the queue', async () => {
    await using pair = await connectPair();
    const { local } = endsOf(pair, end);
    const channel = local.channel(4, { highWaterMark: 0 });
    const sent = channel.send(testBytes(100));
    expect(channel.queuedBytes).toBe(108);
    await sent;
    expect(channel.queuedBytes).toBe(0);
  });

  it('with confirm resolves when the handler of the peer is done, not before', async () => {
    const called = Promise.withResolvers<() => void>();
    const onMessage = () =>
      new Promise<void>((resolve) => {
        called.resolve(resolve);
      });
    await using pair = await connectPair({ [end === 'client' ? 'server' : 'client']: { onMessage } });
    const { local } = endsOf(pair, end);
    let isConfirmed = false;
    const confirmed = local.sendText('done?', 1, { confirm: true }).then(() => (isConfirmed = true));
    const finish = await called.promise;
    await letEventsRun(50);
    expect(isConfirmed).toBe(false);
    finish();
    await confirmed;
  });

  it('with confirm rejects when the session ends before', async () => {
    await using pair = await connectPair({
      [end === 'client' ? 'server' : 'client']: { onMessage: () => new Promise(() => undefined) },
    });
    const { local, remote } = endsOf(pair, end);
    const confirmed = local.sendText('never', 1, { confirm: true });
    confirmed.catch(() => undefined);
    await remote.close();
    await expect(confirmed).rejects.toBeInstanceOf(SessionClosedError);
  });

  it('rejects with the reason of a signal that aborts while it waits; the message is sent all the same', async () => {
    await using pair = await connectPair({ session: WINDOW });
    const { local, remote } = endsOf(pair, end);
    const abort = new AbortController();
    const waiting = local.channel(1, { highWaterMark: 0 }).send(testBytes(200_000), { signal: abort.signal });
    const reason = new Error('no patience');
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    const [message] = await collectMessages(remote, 1);
    expect(Buffer.compare(message!.bytes, testBytes(200_000))).toBe(0);
  });

  it('rejects with the reason of a signal that has aborted, and nothing is sent', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const received = collectMessages(remote, 1);
    await expect(local.sendText('no', 1, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
    expect(local.getSendQueueSize()).toBe(0);
    await local.sendText('yes');
    expect(new TextDecoder().decode((await received)[0]!.bytes)).toBe('yes');
  });

  it('aborts one of several that wait, and the others are not touched', async () => {
    await using pair = await connectPair({ session: WINDOW });
    const { local, remote } = endsOf(pair, end);
    const channel = local.channel(1, { highWaterMark: 0 });
    const aborts = Array.from({ length: 5 }, () => new AbortController());
    const sends = aborts.map(({ signal }) => channel.send(testBytes(50_000), { signal }));
    const results = Promise.allSettled(sends);
    for (const index of [1, 3]) aborts[index]!.abort();
    remote.on('message', () => undefined);
    expect((await results).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  });

  it('is a LimitError when the queue of the channel is full; the other channels have room', async () => {
    await using pair = await connectPair({ session: { ...WINDOW, maxQueuedBytes: 300_000 } });
    const { local, remote } = endsOf(pair, end);
    void local.sendBytes(testBytes(250_000), 1);
    const error = await local.sendBytes(testBytes(250_000), 1).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({ code: 'ERR_TCPCOMM_LIMIT', limitName: 'maxQueuedBytes', limit: 300_000 });
    const received = collectMessages(remote, 2);
    await local.sendBytes(testBytes(250_000), 2);
    expect((await received).map(({ bytes }) => bytes.length)).toEqual([250_000, 250_000]);
  });

  it('lets one message in however large it is, when nothing waits', async () => {
    await using pair = await connectPair({ session: { maxQueuedBytes: 10 } });
    const { local, remote } = endsOf(pair, end);
    const received = collectMessages(remote, 1);
    await local.sendBytes(testBytes(100_000));
    expect((await received)[0]!.bytes).toHaveLength(100_000);
  });

  it('is a LimitError for a message larger than the peer takes, before any of it is sent', async () => {
    const other = end === 'client' ? 'server' : 'client';
    await using pair = await connectPair({ [other]: { maxMessageBytes: 1000 } });
    const { local, remote } = endsOf(pair, end);
    const received = collectMessages(remote, 1);
    const error = await local.sendBytes(testBytes(1001)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({ limitName: 'maxMessageBytes', limit: 1000, actual: 1001 });
    expect((error as Error).message).toContain('message of 1001 bytes exceeds');
    await local.sendBytes(testBytes(1000));
    expect((await received)[0]!.bytes).toHaveLength(1000);
    // The limit of one end says nothing about what the other takes.
    const back = collectMessages(local, 1);
    await remote.sendBytes(testBytes(5000));
    expect((await back)[0]!.bytes).toHaveLength(5000);
  });

  it('counts what waits: of a channel and of the session', async () => {
    await using pair = await connectPair({ session: WINDOW });
    const { local, remote } = endsOf(pair, end);
    expect(local.getSendQueueSize()).toBe(0);
    void local.sendBytes(testBytes(100_000), 1);
    void local.sendBytes(testBytes(200_000), 2);
    expect(local.channel(1).queuedBytes).toBe(100_008);
    expect(local.getSendQueueSize()).toBe(300_016);
    remote.on('message', () => undefined);
    await waitUntil('the queue is empty', () => local.getSendQueueSize() === 0);
    expect(local.channel(1).queuedBytes).toBe(0);
  });
});
