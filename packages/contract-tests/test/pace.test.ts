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
    const { TcpCommServer } = await import('@tcpcomm/server');
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
