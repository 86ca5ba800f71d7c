import { TcpCommClient } from '@tcpcomm/client';
import { TcpCommServer } from '@tcpcomm/server';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, testBytes, waitUntil } from '@tcpcomm/test-support';
import { connectPair, ENDS, endsOf } from '../src/index.ts';

checkForLeaks();

const LARGE_BYTES = 300_000;

describe.each(ENDS)('messages that a %s is lent', (end) => {
  it('are as they came until its handler has settled, and then lie in the memory of the next', async () => {
    const buffers = new Set<ArrayBufferLike>();
    const proceed = Promise.withResolvers<undefined>();
    const wrong: number[] = [];
    let handled = 0;
    const onMessage = async (bytes: Uint8Array) => {
      const expected = testBytes(LARGE_BYTES, handled);
      buffers.add(bytes.buffer);
      // All others have been sent, and as many have come as the window takes, before this one is done with.
      await proceed.promise;
      if (Buffer.compare(bytes, expected) !== 0) wrong.push(handled);
      handled += 1;
    };
    await using pair = await connectPair({ [end]: { onMessage } });
    const { local, remote } = endsOf(pair, end);
    local.channel(4, { messageMemory: 'lent' });
    for (let index = 0; index < 40; index += 1) void remote.sendBytes(testBytes(LARGE_BYTES, index), 4);
    await waitUntil('the window is full', () => (local.channel(4).stats()?.receivedMessages ?? 0) >= 3);
    proceed.resolve(undefined);
    await waitUntil('all are handled', () => handled === 40);
    expect(wrong).toEqual([]);
    expect(buffers.size).toBeLessThan(10);
  });

  it('are as they came until its loop asks for the next', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const sizes = [0, 10, 5_000, LARGE_BYTES, 100_000, 70_000, LARGE_BYTES, 3];
    for (const [index, size] of sizes.entries()) void remote.sendBytes(testBytes(size, index), 4);
    let taken = 0;
    for await (const bytes of local.channel(4, { messageMemory: 'lent' })) {
      await waitUntil('more have come', () => (local.channel(4).stats()?.receivedMessages ?? 0) > taken);
      expect(Buffer.compare(bytes, testBytes(sizes[taken]!, taken))).toBe(0);
      taken += 1;
      if (taken === sizes.length) break;
    }
  });

  it('are those of that channel only, and no longer when it is said otherwise', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const held: Uint8Array[][] = [[], [], []];
    local.on('message', (bytes, channel) => held[channel - 4]!.push(bytes));
    local.channel(5, { messageMemory: 'lent' });
    local.channel(6, { messageMemory: 'lent' });
    local.channel(6, { messageMemory: 'owned' });
    for (let index = 0; index < 15; index += 1) await remote.sendBytes(testBytes(LARGE_BYTES, index), 4 + (index % 3));
    await waitUntil('all have come', () => held.flat().length === 15);
    const [owned, lent, ownedAgain] = held.map((messages) => new Set(messages.map(({ buffer }) => buffer)).size);
    expect([owned, ownedAgain]).toEqual([5, 5]);
    expect(lent).toBeLessThan(5);
    for (const [at, bytes] of held[0]!.entries()) expect(Buffer.compare(bytes, testBytes(LARGE_BYTES, at * 3))).toBe(0);
  });
});

it('is settled before there is a connection too', async () => {
  const buffers = new Set<ArrayBufferLike>();
  const client = new TcpCommClient({ onMessage: (bytes) => buffers.add(bytes.buffer) });
  client.channel(4, { messageMemory: 'lent' });
  await using server = new TcpCommServer({ bytesPerSecond: 0 });
  const { port } = await server.start({ port: 0, host: '127.0.0.1' });
  await client.connect('127.0.0.1', port);
  for (let index = 0; index < 10; index += 1)
    await server.getSession(1)?.sendBytes(testBytes(LARGE_BYTES, index), 4, { confirm: true });
  expect(buffers.size).toBeLessThan(5);
  await client.close();
});
