import { FrameType, Lane, laneNumber } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inFlightOf } from './engine-options.ts';
import { createEnginePair, expectNothingLeft } from './engine-pair.ts';
import { ResumablePair } from './resumable-pair.ts';

const LINK = { bytesPerSecond: 1_000_000, delayMs: 5, sendBufferBytes: 8192 };
const SENDER = { settings: inFlightOf(32_768), blockSizeBytes: 8192 };
const CHANNEL = 7;
const [REQUESTS, REPLIES, ARRAYS] = [Lane.REQUESTS, Lane.REPLIES, Lane.ARRAYS].map((lane) =>
  laneNumber(CHANNEL, lane),
) as [number, number, number];
const ALL = [CHANNEL, REQUESTS, REPLIES, ARRAYS];

describe('the lanes of a channel', () => {
  it('carry their messages in order, each for itself, in frames that say which it is', async () => {
    const pair = createEnginePair();
    for (let at = 0; at < 5; at += 1)
      for (const lane of ALL) pair.client.application.send(lane, testBytes(3000, at), true);
    await expectNothingLeft(pair);
    for (const lane of ALL) {
      expect(pair.server.application.messagesOn(lane)).toEqual(
        Array.from({ length: 5 }, (_, at) => testBytes(3000, at)),
      );
    }
    const frames = pair.client.audit.sentFrames.filter(({ type }) => type === FrameType.MESSAGE);
    expect(new Set(frames.map(({ channel }) => channel))).toEqual(new Set([CHANNEL]));
    expect(new Set(frames.map(({ stream }) => stream))).toEqual(new Set([0, 1, 2, 3]));
  });

  it('wait for no other one: of which nothing is taken, the others go on', async () => {
    const pair = createEnginePair();
    const { client, server, time } = pair;
    server.application.withhold(CHANNEL);
    for (let at = 0; at < 100; at += 1) client.application.send(CHANNEL, testBytes(3000, at));
    for (const lane of [REQUESTS, REPLIES, ARRAYS]) client.application.send(lane, testBytes(200_000, lane));
    time.runUntilQuiet();
    for (const lane of [REQUESTS, REPLIES, ARRAYS]) expect(server.application.messagesOn(lane)).toHaveLength(1);
    expect(server.application.messagesOn(CHANNEL).length).toBeLessThan(100);
    server.application.release(CHANNEL);
    await expectNothingLeft(pair);
    expect(server.application.messagesOn(CHANNEL)).toHaveLength(100);
  });

  it('have one rate and one priority but for arrays, which give way', async () => {
    const pair = createEnginePair({ link: LINK, client: SENDER });
    const { time, client, server } = pair;
    const arrivals: number[] = [];
    server.application.onReceived = (lane) => {
      if (lane !== ARRAYS) arrivals.push(time.nowMs);
    };
    client.application.send(ARRAYS, testBytes(900_000));
    const { channels } = client.application.engine.conversation;
    expect(channels.outgoing(REQUESTS).policy).toBe(channels.outgoing(CHANNEL).policy);
    expect(channels.outgoing(REPLIES).policy).toBe(channels.outgoing(CHANNEL).policy);
    expect([channels.outgoing(CHANNEL), channels.outgoing(ARRAYS)].map(({ policy }) => policy.priority)).toEqual([
      ...['normal', 'low'],
    ]);
    for (const [index, lane] of [CHANNEL, REQUESTS, REPLIES].entries()) {
      time.schedule(100 * (index + 1), () => {
        client.application.send(lane, testBytes(16));
      });
    }
    time.runUntilTrue(() => arrivals.length === 3);
    for (const [index, atMs] of arrivals.entries()) expect(atMs - 100 * (index + 1)).toBeLessThan(70);
    await expectNothingLeft(pair);
  });

  it('are one channel in what there is to tell of it, and only its messages are told as delivered', async () => {
    const pair = createEnginePair();
    for (const lane of ALL) pair.client.application.send(lane, testBytes(100), true);
    await expectNothingLeft(pair);
    const { engine } = pair.client.application;
    expect(engine.observer.snapshot(pair.time.nowMs).channels).toMatchObject([
      { channel: CHANNEL, sentMessages: 4, sentBytes: 4 * 108, queuedBytes: 0, limitedBy: 'application' },
    ]);
    expect(engine.deliveries).toEqual([{ channel: CHANNEL, deliveredMessages: 1, undeliveredMessages: 0 }]);
    expect(pair.server.application.engine.observer.snapshot(pair.time.nowMs).channels).toMatchObject([
      { channel: CHANNEL, receivedMessages: 4, receivedBytes: 4 * 108 },
    ]);
  });
});

describe('a session that goes on', () => {
  it('loses nothing on any lane, wherever it is cut', async () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 });
    const messages = fc.array(fc.tuple(fc.constantFrom(...ALL), fc.nat({ max: 9000 })), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(cuts, messages, async (after, sent) => {
        const pair = new ResumablePair(LINK);
        for (const [at, [lane, bytes]] of sent.entries()) pair.client.application.send(lane, testBytes(bytes, at));
        for (const ms of after) {
          pair.time.runUntil(pair.time.nowMs + ms);
          pair.cut();
          pair.reconnect();
        }
        pair.time.runUntilQuiet();
        for (const lane of ALL) {
          const expected = sent.flatMap(([on, bytes], at) => (on === lane ? [testBytes(bytes, at)] : []));
          expect(pair.server.application.messagesOn(lane)).toEqual(expected);
        }
        expect(await pair.client.application.promises.pending()).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
