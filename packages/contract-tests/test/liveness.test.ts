import { once } from 'node:events';
import { checkForLeaks, testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { collectMessages, connectRelayedPair, ENDS, endsOf } from '../src/index.ts';

checkForLeaks();

const KEEPALIVE = { keepAliveIntervalMs: 100, keepAliveTimeoutMs: 400 } as const;

/** A link brings packets, one after the other. */
const connectOverSlowLink = (bytesPerSecond: number) =>
  connectRelayedPair({ session: KEEPALIVE }, { bytesPerSecond, delayMs: 20, nextSegmentBytes: () => 1_460 });

describe.each(ENDS)('a %s that saturates a slow link', (end) => {
  it('for much longer than the peer may be silent is not taken for dead, in one direction or both', async () => {
    await using pair = await connectOverSlowLink(200_000);
    const { local, remote } = endsOf(pair, end);
    let losses = 0;
    for (const session of [local, remote]) session.on('disconnected', () => (losses += 1));
    const received = collectMessages(remote, 1);
    void local.sendBytes(testBytes(300_000));
    await received;
    const both = [collectMessages(remote, 1), collectMessages(local, 1)];
    for (const session of [local, remote]) void session.sendBytes(testBytes(200_000));
    await Promise.all(both);
    expect(losses).toBe(0);
  });
});

it('a client that falls silent is noticed by the server, which then waits for it to come back', async () => {
  await using pair = await connectOverSlowLink(Infinity);
  const lost = once(pair.serverSession, 'disconnected');
  pair.relay.silence('forth', 'back');
  expect((await lost)[0]).toMatchObject({ by: 'network', code: 'ERR_TCPCOMM_KEEPALIVE_TIMEOUT' });
  expect(pair.serverSession.isOpen).toBe(true);
});
