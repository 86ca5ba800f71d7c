import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, testBytes, waitUntil } from '@tcpcomm/test-support';
import { collectMessages, collectTexts, connectPair, ENDS, endsOf } from '../src/index.ts';

checkForLeaks();

describe.each(ENDS)('messages of a %s', (end) => {
  it('arrive as the bytes and the text that were sent, on the channel that they were sent on', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const received = collectMessages(remote, 4);
    await local.sendBytes(Uint8Array.of(1, 2, 3), 7);
    await local.sendText('hé, 世界 🚀', 250);
    await local.sendBytes(Buffer.from('a Buffer is a Uint8Array too'));
    await local.channel(9).sendText('over a channel');
    const messages = await received;
    expect(messages.map(({ channel }) => channel).sort()).toEqual([1, 250, 7, 9]);
    const textOn = (number: number) => {
      const message = messages.find(({ channel }) => channel === number);
      return new TextDecoder().decode(message?.bytes);
    };
    expect(textOn(7)).toBe('\u0001\u0002\u0003');
    expect(textOn(250)).toBe('hé, 世界 🚀');
    expect(textOn(1)).toBe('a Buffer is a Uint8Array too');
    expect(textOn(9)).toBe('over a channel');
  });

  it('may be empty, and keep their place among the others', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const received = collectMessages(remote, 4);
    for (const bytes of [[1], [], [], [2]]) void local.sendBytes(Uint8Array.from(bytes), 3);
    expect((await received).map(({ bytes }) => [...bytes])).toEqual([[1], [], [], [2]]);
  });

  it('of any size from 0 bytes to 5 MB arrive byte for byte, in order', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const edge = fc.constantFrom(
      0,
      1,
      2047,
      2048,
      2049,
      65_535,
      65_536,
      65_537,
      262_144,
      1_048_576,
      1_048_577,
      5_000_000,
    );
    const size = fc.oneof(edge, fc.nat(5000), fc.nat(5_000_000));
    await fc.assert(
      fc.asyncProperty(
        fc.array(size, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 250 }),
        async (sizes, channel) => {
          const sent = sizes.map((bytes, index) => testBytes(bytes, index + 1));
          const received = collectMessages(remote, sent.length);
          for (const bytes of sent) void local.sendBytes(bytes, channel);
          const messages = await received;
          expect(messages.map(({ bytes }) => bytes.length)).toEqual(sizes);
          messages.forEach(({ bytes }, index) => {
            expect(Buffer.compare(bytes, sent[index]!)).toBe(0);
          });
        },
      ),
      { numRuns: 25 },
    );
  });

  it('go over all 250 channels at once, each in its own order', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const perChannel = 20;
    const received = collectMessages(remote, 250 * perChannel);
    for (let index = 0; index < perChannel; index += 1) {
      for (let channel = 1; channel <= 250; channel += 1) {
        const filling = testBytes(channel % 10 === 0 ? 9000 : 30, channel);
        void local.sendBytes(Buffer.concat([Buffer.of(index), filling]), channel);
      }
    }
    const orders = new Map<number, number[]>();
    for (const { channel, bytes } of await received) {
      orders.set(channel, [...(orders.get(channel) ?? []), bytes[0]!]);
      expect(Buffer.compare(bytes.subarray(1), testBytes(channel % 10 === 0 ? 9000 : 30, channel))).toBe(0);
    }
    const inOrder = Array.from({ length: perChannel }, (_, index) => index);
    expect(orders.size).toBe(250);
    for (const order of orders.values()) expect(order).toEqual(inOrder);
  });

  it('of one channel do not wait for those of another that nobody takes', async () => {
    await using pair = await connectPair({ session: { channelWindowBytes: 65_536 } });
    const { local, remote } = endsOf(pair, end);
    const blocked = remote.channel(1)[Symbol.asyncIterator]();
    const first = blocked.next();
    for (let index = 0; index < 100; index += 1) void local.sendBytes(testBytes(10_000), 1).catch(() => undefined);
    await first;
    await waitUntil('the credit of channel 1 is used up', () => local.channel(1).queuedBytes < 1_000_000);
    const received = collectTexts(remote, 1);
    await local.sendText('passes', 2);
    expect(await received).toEqual(['passes']);
    expect(local.channel(1).queuedBytes).toBeGreaterThan(800_000);
    await blocked.return(undefined);
  });

  it('are echoed from inside the handler, thousands of them, without a deadlock', async () => {
    await using pair = await connectPair({ session: { channelWindowBytes: 65_536 } });
    const { local, remote } = endsOf(pair, end);
    remote.on('message', (bytes, channel, session) => {
      void session.sendBytes(bytes, channel);
    });
    const count = 2000;
    const received = collectMessages(local, count);
    for (let index = 0; index < count; index += 1)
      await local.sendBytes(testBytes(index % 700, index + 1), 1 + (index % 3));
    const echoes = await received;
    const bytesPerChannel = (channel: number) =>
      echoes.filter((echo) => echo.channel === channel).map(({ bytes }) => bytes.length);
    for (const channel of [1, 2, 3]) {
      const sent = Array.from({ length: count }, (_, index) => index).filter((index) => 1 + (index % 3) === channel);
      expect(bytesPerChannel(channel)).toEqual(sent.map((index) => index % 700));
    }
  });

  it('are echoed by a handler that awaits its own sending, both ways at once', async () => {
    const echo = async (
      bytes: Uint8Array,
      channel: number,
      session: { sendBytes: (b: Uint8Array, c: number) => Promise<void> },
    ) => {
      if (channel === 1) await session.sendBytes(bytes, 2);
    };
    await using pair = await connectPair({
      session: { channelWindowBytes: 65_536 },
      server: { onMessage: echo },
      client: { onMessage: echo },
    });
    const { local, remote } = endsOf(pair, end);
    const sizes = Array.from({ length: 60 }, (_, index) => index * 5000);
    const echoed = (session: typeof local) => {
      let count = 0;
      return new Promise<void>((resolve) => {
        session.on('message', (_bytes, channel) => {
          if (channel === 2 && (count += 1) === sizes.length) resolve();
        });
      });
    };
    const done = Promise.all([echoed(local), echoed(remote)]);
    for (const size of sizes) {
      void local.sendBytes(testBytes(size), 1);
      void remote.sendBytes(testBytes(size), 1);
    }
    await done;
  });

  it('are not changed by what the sender does to a small one afterwards', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const received = collectTexts(remote, 1);
    const bytes = Buffer.from('as it was when it was sent');
    void local.sendBytes(bytes);
    bytes.fill(0);
    expect(await received).toEqual(['as it was when it was sent']);
  });
});
