import { FrameType } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import type { SendPolicyOptions } from '../../src/engine/sending/send-policy.ts';
import { SessionThrottle } from '../../src/engine/session-throttle.ts';
import { inFlightOf } from './engine-options.ts';
import { createEnginePair, expectNothingLeft, type Pair, type PairOptions, type Side } from './engine-pair.ts';

/** 1 MB/s, 5 ms each way, little in the buffers on the way, and what is sent arrives packet by packet. */
const LINK = { bytesPerSecond: 1_000_000, delayMs: 5, sendBufferBytes: 8192, nextSegmentBytes: () => 1460 };
const WINDOWS = { channelWindowBytes: 1_000_000, transferWindowBytes: 1_000_000 };
const SETTINGS = { ...inFlightOf(32_768), maxQueuedBytes: 100_000_000 };

/** A client that sends by that link, unless told otherwise, to a server that takes all. */
function createSenderPair(link: PairOptions['link'] = LINK, settings: object = SETTINGS): Pair {
  return createEnginePair({
    link,
    client: { settings: { ...SETTINGS, ...settings } },
    server: { localLimits: WINDOWS },
  });
}

function setPolicy(pair: Pair, channel: number, options: SendPolicyOptions): void {
  const { engine } = pair.client.application;
  engine.changePolicy(engine.conversation.channels.outgoing(channel).policy, options, pair.time.nowMs);
}

/** Queues that much on the channel, in messages of a size that is cut into frames. */
function queue({ application }: Side, channel: number, bytes: number): void {
  for (let queued = 0; queued < bytes; queued += 50_000) application.send(channel, new Uint8Array(50_000));
}

/** What was sent on each channel from one time to another; files count as channel 0. */
function sentBetween(pair: Pair, fromMs: number, untilMs: number): (channel: number) => number {
  pair.time.runUntil(fromMs);
  const before = pair.client.audit.sentFrames.length;
  pair.time.runUntil(untilMs);
  const frames = pair.client.audit.sentFrames.slice(before);
  return (channel) =>
    frames
      .filter((frame) => (frame.type === FrameType.MESSAGE ? frame.channel : -1) === (channel === 0 ? -1 : channel))
      .filter(({ type }) => channel !== 0 || type === FrameType.FILE_DATA)
      .reduce((sum, { frameBytes }) => sum + frameBytes, 0);
}

describe('channels of different priorities', () => {
  it('share the link as they are urgent: each lower one has a sixteenth of those before it', () => {
    const pair = createSenderPair();
    const priorities = ['urgent', 'normal', 'low', 'background'] as const;
    for (const [index, priority] of priorities.entries()) {
      setPolicy(pair, index + 1, { priority });
      queue(pair.client, index + 1, 6_000_000);
    }
    const sent = sentBetween(pair, 100, 5100);
    const [urgent, normal, low, background] = [1, 2, 3, 4].map(sent) as [number, number, number, number];
    expect(Math.abs(normal - urgent / 16)).toBeLessThan(20_000);
    expect(Math.abs(low - (urgent + normal) / 16)).toBeLessThan(20_000);
    expect(Math.abs(background - (urgent + normal + low) / 16)).toBeLessThan(20_000);
    // All of the link is used.
    expect(urgent + normal + low + background).toBeGreaterThan(4_900_000);
  });

  it('a file may go before messages, and messages wait for it', async () => {
    const pair = createSenderPair();
    const source = pair.client.application.sendFile('f', testBytes(300_000));
    pair.client.application.engine.changePolicy(source.transfer.policy, { priority: 'urgent' }, 0);
    queue(pair.client, 1, 300_000);
    const sent = sentBetween(pair, 50, 250);
    expect(sent(1) / sent(0)).toBeGreaterThan(0.04);
    expect(sent(1) / sent(0)).toBeLessThan(0.15);
    await expectNothingLeft(pair);
  });

  it('a change of priority holds from the next frame on', () => {
    const pair = createSenderPair();
    for (const channel of [1, 2]) queue(pair.client, channel, 3_000_000);
    const before = sentBetween(pair, 100, 600);
    expect(before(1) / before(2)).toBeGreaterThan(0.9);
    setPolicy(pair, 2, { priority: 'low' });
    const after = sentBetween(pair, 650, 1650);
    expect(after(2) / after(1)).toBeLessThan(0.08);
    setPolicy(pair, 2, { priority: 'urgent' });
    const last = sentBetween(pair, 1700, 2700);
    expect(last(1) / last(2)).toBeLessThan(0.08);
  });

  it('the only one that waits is sent when its priority is changed meanwhile', async () => {
    const pair = createSenderPair();
    const { application } = pair.client;
    application.send(1, testBytes(10));
    setPolicy(pair, 1, { priority: 'urgent' });
    application.send(2, testBytes(10));
    setPolicy(pair, 2, { priority: 'background' });
    await expectNothingLeft(pair);
    expect(pair.server.application.messages).toHaveLength(2);
  });
});

describe('channels of different weights', () => {
  it('share by them while all have something, and what one does not use is the others’', () => {
    const pair = createSenderPair();
    setPolicy(pair, 2, { weight: 3 });
    setPolicy(pair, 3, { weight: 6 });
    queue(pair.client, 1, 6_000_000);
    queue(pair.client, 2, 6_000_000);
    queue(pair.client, 3, 3_000_000);
    const together = sentBetween(pair, 500, 4500);
    expect(together(2) / together(1)).toBeGreaterThan(2.8);
    expect(together(2) / together(1)).toBeLessThan(3.2);
    expect(together(3) / together(1)).toBeGreaterThan(5.6);
    expect(together(3) / together(1)).toBeLessThan(6.4);
    // The third is through.
    const rest = sentBetween(pair, 5500, 7500);
    expect([rest(3), rest(2) / rest(1) > 2.8, rest(2) / rest(1) < 3.2]).toEqual([0, true, true]);
    expect(rest(1) + rest(2)).toBeGreaterThan(1_950_000);
  });

  it('files as well', () => {
    const pair = createSenderPair();
    const [light, heavy] = ['light', 'heavy'].map((name) => pair.client.application.sendFile(name, testBytes(900_000)));
    pair.client.application.engine.changePolicy(heavy!.transfer.policy, { weight: 4 }, 0);
    pair.time.runUntil(800);
    expect(heavy!.transfer.sentBytes / light!.transfer.sentBytes).toBeGreaterThan(3.5);
    expect(heavy!.transfer.sentBytes / light!.transfer.sentBytes).toBeLessThan(4.5);
  });
});

describe('a channel with a rate of its own', () => {
  it.each([20_000, 300_000])('keeps its %i B/s, and the others have the rest of the link', (bytesPerSecond) => {
    const pair = createSenderPair();
    setPolicy(pair, 1, { bytesPerSecond });
    for (const channel of [1, 2]) queue(pair.client, channel, 9_000_000);
    const sent = sentBetween(pair, 500, 5500);
    expect(Math.abs(sent(1) - 5 * bytesPerSecond)).toBeLessThan(Math.max(0.02 * 5 * bytesPerSecond, 8_000));
    expect(sent(1) + sent(2)).toBeGreaterThan(4_900_000);
  });

  it('keeps it when it is the most urgent, and alone', async () => {
    const pair = createSenderPair({ delayMs: 1 }, inFlightOf(1_000_000));
    setPolicy(pair, 1, { bytesPerSecond: 200_000, priority: 'urgent' });
    queue(pair.client, 1, 1_000_000);
    const sent = sentBetween(pair, 500, 2500);
    expect(Math.abs(sent(1) - 400_000)).toBeLessThan(17_000);
    await expectNothingLeft(pair);
    expect(pair.time.nowMs).toBeGreaterThan(4_900);
    expect(pair.time.nowMs).toBeLessThan(5_200);
  });

  it.each([
    ['raised', 20_000, 500_000],
    ['lowered', 500_000, 20_000],
    ['taken away', 4_096, 0],
    ['set', 0, 50_000],
  ])('has the new one 50 ms later at the latest when it is %s', (_what, before, after) => {
    const pair = createSenderPair();
    setPolicy(pair, 1, { bytesPerSecond: before });
    queue(pair.client, 1, 9_000_000);
    pair.time.runUntil(1037);
    setPolicy(pair, 1, { bytesPerSecond: after });
    const expected = after === 0 ? LINK.bytesPerSecond : after;
    const sent = sentBetween(pair, 1087, 3087)(1);
    expect(Math.abs(sent - 2 * expected)).toBeLessThan(Math.max(0.03 * 2 * expected, 8_000));
  });

  it('a file with one keeps it, and is whole in the end', async () => {
    const pair = createSenderPair();
    const source = pair.client.application.sendFile('f', testBytes(100_000));
    pair.client.application.engine.changePolicy(source.transfer.policy, { bytesPerSecond: 50_000 }, 0);
    pair.time.runUntil(1000);
    expect(source.transfer.sentBytes).toBeGreaterThan(45_000);
    expect(source.transfer.sentBytes).toBeLessThan(60_000);
    await expectNothingLeft(pair);
    expect(source.outcome).toBe('done');
  });

  it('that ends with the session leaves nothing that waits', async () => {
    const pair = createSenderPair();
    setPolicy(pair, 1, { bytesPerSecond: 10_000 });
    queue(pair.client, 1, 100_000);
    pair.time.runUntil(500);
    pair.client.application.engine.close(0, 'enough', 600);
    pair.time.runUntilQuiet();
    expect(pair.time.nowMs).toBeLessThan(2000);
    expect(await pair.client.application.promises.pending()).toEqual([]);
    expect(pair.client.application.closeReasons[0]?.isClean).toBe(true);
  });
});

it.each([
  ['raised', 16_384, 500_000],
  ['taken away', 16_384, Infinity],
  ['lowered', 500_000, 50_000],
])(
  'a rate of the session that is %s is the new one 50 ms later, at whatever moment that is',
  (_what, before, after) => {
    for (let changeMs = 1000; changeMs < 1300; changeMs += 37) {
      const throttle = new SessionThrottle({ bytesPerSecond: before });
      const pair = createEnginePair({
        link: LINK,
        server: { settings: SETTINGS, throttle },
        client: { localLimits: WINDOWS },
      });
      queue(pair.server, 1, 3_000_000);
      pair.time.runUntil(changeMs);
      throttle.setRate(after, changeMs);
      const bytesPerSecond = after === Infinity ? null : after;
      pair.server.application.engine.setPace({ blockSizeBytes: 16_384, bytesPerSecond });
      pair.time.runUntil(changeMs + 50);
      const sentBefore = pair.server.audit.flowBytes;
      pair.time.runUntil(changeMs + 550);
      const expected = Math.min(after, LINK.bytesPerSecond) * 0.5;
      expect(Math.abs(pair.server.audit.flowBytes - sentBefore - expected)).toBeLessThan(0.03 * expected + 10_000);
    }
  },
);

describe('frames on the wire', () => {
  /** The sizes of the payloads that one large message is sent in. */
  function payloadSizes(bytesPerSecond: number, throttledTo: number, bytes: number): number[] {
    const large = { maxFrameBytes: 1_048_576, channelWindowBytes: 100_000_000, maxMessageBytes: 100_000_000 };
    const pair = createEnginePair({
      link: { bytesPerSecond, delayMs: 2, sendBufferBytes: 65_536, nextSegmentBytes: () => 16_384 },
      client: {
        settings: { minInFlightBytes: 32_768, maxInFlightBytes: 16_777_216, maxQueuedBytes: 100_000_000 },
        blockSizeBytes: 262_144,
        bytesPerSecond: throttledTo,
      },
      server: { localLimits: large },
    });
    pair.client.application.send(1, new Uint8Array(bytes));
    pair.time.runUntilQuiet();
    return pair.client.audit.sentFrames.map(({ payload }) => payload.length);
  }

  it('are small where the link is slow, from the first one on', () => {
    const sizes = payloadSizes(1_000_000, Infinity, 1_000_000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(16_384);
    // When the link has been measured they take no more than 4 KiB of it.
    expect(Math.max(...sizes.slice(-100))).toBe(4_096);
  });

  it('are small where the rate is low, however fast the link', () => {
    expect(Math.max(...payloadSizes(Infinity, 500_000, 500_000))).toBe(4_096);
    expect(Math.max(...payloadSizes(1_000_000_000, 5_000_000, 2_000_000))).toBeLessThanOrEqual(10_000);
  });

  it('grow with the link where it is fast', () => {
    const sizes = payloadSizes(1_000_000_000, Infinity, 50_000_000);
    expect(sizes[0]).toBe(16_384);
    expect(Math.max(...sizes)).toBeGreaterThan(65_536);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(262_144);
  });
});
