import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { TcpCommClient } from '@tcpcomm/client';
import { LargeArrayTransfer, type LargeArray } from '@tcpcomm/large-array';
import { SessionClosedError, UsageError } from '@tcpcomm/protocol';
import { TcpCommServer } from '@tcpcomm/server';
import { checkForLeaks, freePort, Relay, testBytes, waitUntil } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { collectTexts, connectPair, connectRelayedPair, ENDS, endsOf } from '../src/index.ts';

checkForLeaks();

const HOST = '127.0.0.1';

function numbers(length: number, first = 0): Float64Array {
  return Float64Array.from({ length }, (_, at) => first + at + 0.25);
}

function transferOf(session: ConstructorParameters<typeof LargeArrayTransfer>[0], channel = 100): LargeArrayTransfer {
  return new LargeArrayTransfer(session, { channel });
}

/** The next arrays that come. */
async function take(arrays: LargeArrayTransfer, count: number): Promise<LargeArray[]> {
  const taken: LargeArray[] = [];
  for await (const array of arrays) {
    taken.push(array);
    if (taken.length === count) break;
  }
  return taken;
}

describe.each(ENDS)('an array of a %s', (end) => {
  it('arrives as what it was, with its shape and its label', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const [sending, receiving] = [transferOf(local), transferOf(remote)];
    const arrived = take(receiving, 3);
    await sending.send(numbers(600_000), { shape: [600, 1000], label: 'température' });
    await sending.send(Uint16Array.of(1, 2, 65_535));
    await sending.send(new DataView(testBytes(100_000).buffer));
    const [large, small, view] = await arrived;
    expect(large).toBeInstanceOf(Float64Array);
    expect(Buffer.compare(bytesOf(large!), bytesOf(numbers(600_000)))).toBe(0);
    expect(receiving.descriptionOf(large!)).toMatchObject({ shape: [600, 1000], label: 'température' });
    expect(small).toEqual(Uint16Array.of(1, 2, 65_535));
    expect(view).toBeInstanceOf(DataView);
    expect(Buffer.compare(bytesOf(view!), testBytes(100_000))).toBe(0);
  });

  it('is one of several at once, on one channel and on two, while messages and requests go over the same', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const channels = [7, 8] as const;
    const sending = channels.map((channel) => transferOf(local, channel));
    const receiving = channels.map((channel) => transferOf(remote, channel));
    remote.onRequest(7, (bytes) => bytes);
    const texts = collectTexts(remote, 50);
    const arrived = receiving.map((arrays) => take(arrays, 3));
    const sent = sending.flatMap((arrays, index) =>
      [0, 1, 2].map((at) => arrays.send(numbers(300_000 + at, index), { label: `${index} ${at}` })),
    );
    for (let at = 0; at < 50; at += 1) {
      await local.sendText(`text ${at}`, 7);
      await local.request(7, testBytes(10, at));
    }
    expect(await texts).toEqual(Array.from({ length: 50 }, (_, at) => `text ${at}`));
    await Promise.all(sent);
    for (const [index, arrays] of receiving.entries()) {
      const found = (await arrived[index])!.map((array) => [
        arrays.descriptionOf(array)?.label,
        (array as Float64Array).length,
      ]);
      expect(found.sort()).toEqual([0, 1, 2].map((at) => [`${index} ${at}`, 300_000 + at]));
    }
  });

  it('waits for a peer that takes arrays, also for the connection to it', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const sent = transferOf(local).send(numbers(10));
    await local.sendText('there', 100);
    await setImmediate();
    const receiving = transferOf(remote);
    expect(await take(receiving, 1)).toEqual([numbers(10)]);
    await sent;
  });

  it('arrives whole over a connection that breaks again and again', async () => {
    await using pair = await connectRelayedPair();
    const { local, remote } = endsOf(pair, end);
    const [sending, receiving] = [transferOf(local), transferOf(remote)];
    const arrived = take(receiving, 2);
    const direction = end === 'client' ? 'forth' : 'back';
    pair.relay.cutAfter(direction, 2_000_000);
    const sent = [sending.send(numbers(1_000_000)), sending.send(numbers(500_000, 7))];
    for (let cut = 0; cut < 3; cut += 1) {
      await once(pair.client, 'connected');
      if (cut < 2) pair.relay.cutAfter(direction, 2_000_000);
    }
    await Promise.all(sent);
    const arrays = (await arrived).sort((one, other) => other.byteLength - one.byteLength);
    expect(Buffer.compare(bytesOf(arrays[0]!), bytesOf(numbers(1_000_000)))).toBe(0);
    expect(Buffer.compare(bytesOf(arrays[1]!), bytesOf(numbers(500_000, 7)))).toBe(0);
  });

  it('tells as its progress what has gone, not what waits to go', async () => {
    await using pair = await connectPair({ server: { bytesPerSecond: 1_000_000 } });
    const { local, remote } = endsOf(pair, end);
    const [sending, receiving] = [transferOf(local), transferOf(remote)];
    const arrived = take(receiving, 1);
    // Less than is queued of arrays that are larger.
    const array = numbers(100_000);
    const told: number[] = [];
    const aheadBytes: number[] = [];
    await sending.send(array, {
      onProgress: ({ movedBytes }) => {
        told.push(movedBytes);
        const [incoming] = receiving.incoming;
        if (incoming) aheadBytes.push(movedBytes - incoming.receivedBytes);
      },
    });
    await arrived;
    expect(told).toEqual([0, 262_144, 524_288, 786_432, 800_000]);
    // A piece that has gone may not be there yet, and counts there when all of it is.
    expect(Math.max(...aheadBytes)).toBeLessThanOrEqual(262_144);
    expect(aheadBytes.length).toBeGreaterThanOrEqual(2);
  });

  it('rejects when the session ends first, and what was to come ends', async () => {
    const pair = await connectPair({ session: { maxInFlightBytes: 65_536, minInFlightBytes: 65_536 } });
    const { local, remote } = endsOf(pair, end);
    const [sending, receiving] = [transferOf(local), transferOf(remote)];
    const arrived = take(receiving, 5);
    const sent = sending.send(numbers(5_000_000)).catch((reason: unknown) => reason);
    await waitUntil('it is on its way', () => receiving.incoming.length === 1);
    await pair[Symbol.asyncDispose]();
    expect(await sent).toBeInstanceOf(SessionClosedError);
    expect(await arrived).toEqual([]);
    expect(receiving.incoming).toHaveLength(0);
    await expect(sending.send(numbers(1))).rejects.toBeInstanceOf(SessionClosedError);
  });

  it('that is given up in the middle leaves the channel as it was', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const [sending, receiving] = [transferOf(local), transferOf(remote)];
    const abort = new AbortController();
    const reason = new Error('enough');
    const aborted = sending.send(numbers(3_000_000), { signal: abort.signal }).catch((error: unknown) => error);
    await waitUntil('it is on its way', () => receiving.incoming.length === 1);
    abort.abort(reason);
    expect(await aborted).toBe(reason);
    await waitUntil('the peer knows', () => receiving.incoming.length === 0);
    const refused = sending.send(numbers(3_000_000)).catch((error: unknown) => error);
    await waitUntil('it is on its way', () => receiving.incoming.length === 1);
    receiving.incoming[0]!.abort('no more, please');
    expect(await refused).toMatchObject({ code: 'ERR_TCPCOMM_ARRAY_ABORTED', side: 'remote' });
    const arrived = take(receiving, 1);
    await sending.send(numbers(1000));
    expect(await arrived).toEqual([numbers(1000)]);
  });
});

it('a client may be given its arrays before it is connected', async () => {
  await using server = new TcpCommServer();
  const { port } = await server.start({ port: 0, host: HOST });
  const arrived = Promise.withResolvers<LargeArray[]>();
  server.on('session', (session) => void take(transferOf(session), 1).then(arrived.resolve));
  await using client = new TcpCommClient();
  const sent = transferOf(client).send(numbers(5));
  await client.connect(HOST, port);
  await sent;
  expect(await arrived.promise).toEqual([numbers(5)]);
});

it('a server that was started anew gets arrays that had not begun; one that had is over, and its sender is told', async () => {
  const port = await freePort();
  const first = new TcpCommServer({ bytesPerSecond: 0 });
  await first.start({ port, host: HOST });
  await using relay = await Relay.start(port);
  await using client = new TcpCommClient();
  await client.connect(HOST, relay.port);
  const sending = transferOf(client);
  const receiving = transferOf(first.getSession(1)!);
  const begun = sending.send(numbers(4_000_000)).catch((reason: unknown) => reason);
  await waitUntil('it is on its way', () => receiving.incoming.length === 1);
  relay.refuses = true;
  relay.cut();
  await first.close({ drainMs: 0 });
  await using second = new TcpCommServer({ bytesPerSecond: 0 });
  await second.start({ port, host: HOST });
  const arrived = Promise.withResolvers<LargeArray[]>();
  second.on('session', (session) => void take(transferOf(session), 1).then(arrived.resolve));
  relay.refuses = false;
  expect(await begun).toMatchObject({ code: 'ERR_TCPCOMM_SESSION_LOST' });
  await sending.send(numbers(9));
  expect(await arrived.promise).toEqual([numbers(9)]);
});

it('arrays of a channel are taken by one at a time', async () => {
  await using pair = await connectPair();
  const first = transferOf(pair.client);
  expect(() => transferOf(pair.client)).toThrow(UsageError);
  first.close();
  transferOf(pair.client);
});

function bytesOf(array: LargeArray): Uint8Array {
  return ArrayBuffer.isView(array)
    ? new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
    : new Uint8Array(array);
}
