import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TcpCommClient } from '@tcpcomm/client';
import { UsageError } from '@tcpcomm/protocol';
import type { SessionStats } from '@tcpcomm/session';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, letEventsRun, testBytes, untyped, waitUntil } from '@tcpcomm/test-support';
import { collectMessages, connectPair, ENDS, endsOf, nextTransfer } from '../src/index.ts';
import { createFilePair } from './temporary-file-pair.ts';

checkForLeaks();

const NO_STATS: SessionStats = {
  sentBytes: 0,
  receivedBytes: 0,
  withheldBytes: 0,
  queuedBytes: 0,
  inFlightBytes: 0,
  inFlightLimitBytes: 0,
  roundTripMs: undefined,
  minRoundTripMs: undefined,
  deliveryBytesPerSecond: undefined,
  limitedBy: 'application',
  sentMessages: 0,
  receivedMessages: 0,
  sentBytesPerSecond: 0,
  receivedBytesPerSecond: 0,
  limitBytesPerSecond: Infinity,
  channels: [],
  transfers: [],
};

it('the statistics of a client that was never connected are all zero, also when it is closed', async () => {
  const client = new TcpCommClient();
  expect(client.stats()).toEqual(NO_STATS);
  expect(client.channel(3).stats()).toBeUndefined();
  await client.close();
  expect(client.stats()).toEqual(NO_STATS);
});

describe.each(ENDS)('the statistics of a %s', (end) => {
  it('count what was sent and received, in frame bytes and in messages, of each channel too', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const [there, back] = [collectMessages(remote, 3), collectMessages(local, 1)];
    await local.sendBytes(testBytes(100), 7);
    await local.sendBytes(testBytes(0), 7);
    await local.sendBytes(testBytes(1000), 9);
    await remote.sendBytes(testBytes(10), 7);
    await Promise.all([there, back]);
    await waitUntil('all is acknowledged', () => local.stats().inFlightBytes === 0);
    const stats = local.stats();
    expect(stats).toMatchObject({
      sentBytes: 108 + 8 + 1008,
      receivedBytes: 18,
      sentMessages: 3,
      receivedMessages: 1,
      queuedBytes: 0,
      withheldBytes: 0,
      limitedBy: 'application',
      limitBytesPerSecond: Infinity,
      transfers: [],
    });
    expect(stats.channels.map(({ channel }) => channel)).toEqual([7, 9]);
    expect(stats.channels[0]).toMatchObject({
      channel: 7,
      priority: 'normal',
      weight: 1,
      bytesPerSecond: Infinity,
      sentBytes: 116,
      sentMessages: 2,
      receivedBytes: 18,
      receivedMessages: 1,
      queuedBytes: 0,
      queuedMessages: 0,
      limitedBy: 'application',
    });
    expect(local.channel(9).stats()).toMatchObject({ sentBytes: 1008, sentMessages: 1, receivedMessages: 0 });
    expect(remote.stats()).toMatchObject({ receivedBytes: 1124, receivedMessages: 3, sentBytes: 18, sentMessages: 1 });
    // It went there and back, so the round trip is known, and more than nothing.
    expect(stats.roundTripMs).toBeGreaterThan(0);
    expect(stats.minRoundTripMs).toBeLessThanOrEqual(stats.roundTripMs!);
    expect(stats.sentBytesPerSecond).toBeGreaterThan(0);
    expect(stats.channels[0]!.sentBytesPerSecond).toBeLessThan(stats.sentBytesPerSecond);
  });

  it('know nothing of a channel that nothing was done with', async () => {
    await using pair = await connectPair();
    const { local } = endsOf(pair, end);
    expect(local.channel(3).stats()).toBeUndefined();
    expect(local.stats().channels).toEqual([]);
  });

  it('say that the peer holds back what its application does not take', async () => {
    await using pair = await connectPair({ session: { channelWindowBytes: 65_536 } });
    const { local, remote } = endsOf(pair, end);
    for (let count = 0; count < 10; count += 1) void local.sendBytes(testBytes(50_000), 4).catch(() => undefined);
    await letEventsRun(50);
    await waitUntil('all that may arrive has', () => local.stats().inFlightBytes === 0);
    expect(local.stats().limitedBy).toBe('peer-window');
    expect(local.channel(4).stats()).toMatchObject({ limitedBy: 'peer-window' });
    expect(local.channel(4).stats()!.queuedMessages).toBeGreaterThan(5);
    expect(local.stats().queuedBytes).toBe(local.getSendQueueSize());
    remote.on('message', () => undefined);
    await waitUntil('all is sent', () => local.getSendQueueSize() === 0);
    expect(local.stats().limitedBy).toBe('application');
  });

  it('say that the throttle holds back what the rate does, and what that is', async () => {
    await using pair = await connectPair({ server: { bytesPerSecond: 100_000 } });
    const { local } = endsOf(pair, end);
    void local.sendBytes(testBytes(900_000)).catch(() => undefined);
    await waitUntil('it has begun', () => local.stats().sentBytes > 0);
    await waitUntil('the throttle holds it back', () => local.stats().limitedBy === 'throttle');
    expect(local.stats()).toMatchObject({ limitBytesPerSecond: 98_304, sentMessages: 0 });
  });

  it('of a session that is closed say what it has done, and that nothing is under way', async () => {
    await using pair = await connectPair({ server: { bytesPerSecond: 1_000_000 } });
    const { local, remote } = endsOf(pair, end);
    const received = collectMessages(remote, 1);
    await local.sendText('last words');
    await received;
    await local.close();
    const stats = local.stats();
    expect(stats).toMatchObject({
      sentBytes: 18,
      sentMessages: 1,
      queuedBytes: 0,
      transfers: [],
      limitedBy: 'application',
    });
    expect(local.channel(1).stats()).toMatchObject({ sentMessages: 1 });
    await letEventsRun();
    expect(local.stats().sentBytes).toBe(stats.sentBytes);
  });

  it('of a session that was destroyed with much to send can be asked for too', async () => {
    await using pair = await connectPair({ server: { bytesPerSecond: 10_000 } });
    const { local } = endsOf(pair, end);
    for (let count = 0; count < 10; count += 1) void local.sendBytes(testBytes(100_000)).catch(() => undefined);
    local.destroy();
    await local.closed;
    expect(local.stats().queuedBytes).toBe(0);
  });
});

describe.each(ENDS)('a file that a %s sends', (end) => {
  it('is background unless told otherwise, and has statistics at both ends', async () => {
    await using files = await createFilePair(end, { server: { bytesPerSecond: 500_000 } });
    await writeFile(join(files.localFolder, 'file'), testBytes(300_000));
    const there = nextTransfer(files.remote);
    const options = { as: 'copy', weight: 5, bytesPerSecond: 400_000 };
    const sent = files.local.sendFile(join(files.localFolder, 'file'), options);
    const received = await there;
    await waitUntil('it has begun', () => sent.progress.transferredBytes > 0);
    expect(sent.stats()).toMatchObject({
      id: sent.id,
      name: 'copy',
      direction: 'outgoing',
      state: 'active',
      totalBytes: 300_000,
      sending: { priority: 'background', weight: 5, limitBytesPerSecond: 400_000 },
    });
    expect(received.stats()).toMatchObject({ name: 'copy', direction: 'incoming', state: 'active' });
    expect(received.stats()).not.toHaveProperty('sending');
    expect(files.local.stats().transfers.map(({ name, direction }) => [name, direction])).toEqual([
      ['copy', 'outgoing'],
    ]);
    expect(files.remote.stats().transfers.map(({ name, direction }) => [name, direction])).toEqual([
      ['copy', 'incoming'],
    ]);
    sent.setPolicy({ priority: 'urgent', bytesPerSecond: 0 });
    expect(sent.stats().sending).toMatchObject({ priority: 'urgent', weight: 5, limitBytesPerSecond: Infinity });
    await Promise.all([sent.done, received.done]);
    expect(sent.stats()).toMatchObject({ state: 'done', transferredBytes: 300_000, percent: 100 });
    expect(sent.stats().sending).toMatchObject({ queuedBytes: 0, limitedBy: 'application' });
    await waitUntil('it is no longer listed', () => files.local.stats().transfers.length === 0);
    // Afterwards a policy does nothing, and does no harm.
    sent.setPolicy({ priority: 'low' });
  });

  it('with a rate of its own is held back by that, and by nothing when it is taken away', async () => {
    await using files = await createFilePair(end);
    await writeFile(join(files.localFolder, 'file'), testBytes(2_000_000));
    // At this rate it would take the time of twenty tests.
    const sent = files.local.sendFile(join(files.localFolder, 'file'), { as: 'copy', bytesPerSecond: 5_000 });
    await waitUntil('it has begun', () => sent.progress.transferredBytes > 0);
    await waitUntil('it is held back', () => sent.stats().sending?.limitedBy === 'throttle');
    expect(sent.stats().sending!.queuedBytes).toBeGreaterThan(0);
    sent.setPolicy({ bytesPerSecond: Infinity });
    await sent.done;
  });

  it('has its policy where it is sent from: at the other end setting one is a UsageError, and a wrong one anywhere', async () => {
    await using files = await createFilePair(end, { server: { bytesPerSecond: 100_000 } });
    await writeFile(join(files.localFolder, 'file'), testBytes(100_000));
    const there = nextTransfer(files.remote);
    const sent = files.local.sendFile(join(files.localFolder, 'file'), { as: 'copy' });
    const received = await there;
    expect(() => {
      received.setPolicy({ priority: 'urgent' });
    }).toThrow(UsageError);
    for (const wrong of [{ priority: 'high' }, { weight: 0 }, { bytesPerSecond: -1 }, null]) {
      for (const file of [sent, received]) {
        expect(() => {
          file.setPolicy(untyped(wrong));
        }).toThrow(UsageError);
      }
    }
    await waitUntil('it is sent', () => sent.stats().sending !== undefined);
    expect(sent.stats().sending).toMatchObject({ priority: 'background', weight: 1, limitBytesPerSecond: Infinity });
    sent.cancel();
    await Promise.allSettled([sent.done, received.done]);
  });
});
