import { TokenBucket } from '@tcpcomm/throttle';
import { FrameType } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { inFlightOf } from './engine-options.ts';
import { createEnginePair, expectNothingLeft } from './engine-pair.ts';

/** 1 MB/s, 5 ms each way, and little in the buffers on the way. */
const LINK = { bytesPerSecond: 1_000_000, delayMs: 5, sendBufferBytes: 8192 };
const SENDER = { settings: inFlightOf(32_768), blockSizeBytes: 8192 };
/**
 * What a message may have to wait for: the bytes in flight and a frame (41 ms), their acknowledgement (10 ms) and its way (5 ms), a
 * frame of somebody else (8.2 ms), and its own way (5 ms).
 */
const OVERTAKING_MS = 70;

describe('a small message', () => {
  it('overtakes a large one on another channel, and a file', async () => {
    const pair = createEnginePair({ link: LINK, client: SENDER });
    const { time, client, server } = pair;
    const arrivals: number[] = [];
    server.application.onReceived = (channel) => {
      if (channel === 2) arrivals.push(time.nowMs);
    };
    client.application.sendFile('f', testBytes(1_000_000));
    client.application.send(1, testBytes(900_000));
    const sentMs = [200, 300, 400, 500];
    for (const atMs of sentMs) {
      time.schedule(atMs, () => {
        client.application.send(2, testBytes(16));
      });
    }
    time.runUntilTrue(() => arrivals.length === sentMs.length);
    expect(time.nowMs).toBeLessThan(600);
    expect(server.application.messages.map(({ channel }) => channel)).toEqual([2, 2, 2, 2]);
    for (const [index, atMs] of arrivals.entries()) expect(atMs - sentMs[index]!).toBeLessThan(OVERTAKING_MS);
    await expectNothingLeft(pair);
  });

  it('waits for all that is before it on its own channel', async () => {
    const pair = createEnginePair({ link: LINK });
    pair.client.application.send(1, testBytes(300_000));
    pair.client.application.send(1, testBytes(16));
    await expectNothingLeft(pair);
    expect(pair.server.application.messages.map(({ bytes }) => bytes.length)).toEqual([300_000, 16]);
  });
});

describe('many senders at once', () => {
  it('250 channels take turns: each has sent once before one sends again', async () => {
    // Blocks of the smallest size, which does not depend on the rate.
    const pair = createEnginePair({ link: LINK, client: { ...SENDER, blockSizeBytes: 4096 } });
    const { time, client, server } = pair;
    for (let channel = 1; channel <= 250; channel += 1) client.application.send(channel, testBytes(12_000, channel));
    time.runUntilQuiet();
    const channels = client.audit.sentFrames
      .filter(({ type }) => type === FrameType.MESSAGE)
      .map(({ channel }) => channel);
    expect(new Set(channels.slice(0, 250)).size).toBe(250);
    await expectNothingLeft(pair);
    expect(server.application.messages).toHaveLength(250);
  });

  it('files share what messages leave', async () => {
    const pair = createEnginePair({ link: LINK, client: SENDER });
    const { time, client, server } = pair;
    for (const name of ['a', 'b', 'c']) client.application.sendFile(name, testBytes(200_000));
    time.runUntil(400);
    const received = server.application.targets.map(({ content }) => content.length);
    expect(Math.max(...received) - Math.min(...received)).toBeLessThanOrEqual(3 * 8192);
    time.runUntilQuiet();
    expect(server.application.targets.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done']);
    await expectNothingLeft(pair);
  });

  it('both ways at once take no longer than one way', async () => {
    // Acknowledgements travel behind the bytes of their own direction, so more has to be in flight.
    const sender = { ...SENDER, settings: inFlightOf(200_000) };
    const window = { localLimits: { transferWindowBytes: 1_000_000 } };
    const pair = createEnginePair({ link: LINK, client: { ...sender, ...window }, server: { ...sender, ...window } });
    for (const { application } of pair.sides) application.sendFile('f', testBytes(1_000_000));
    pair.time.runUntilTrue(() => pair.sides.every(({ application }) => application.sources[0]?.outcome === 'done'));
    expect(pair.time.nowMs).toBeLessThan(1100);
    await expectNothingLeft(pair);
  });
});

it('a consumer that takes nothing stops its channel at the window, and no other', async () => {
  const pair = createEnginePair({ link: LINK });
  const { time, client, server } = pair;
  server.application.withhold(1);
  for (let count = 0; count < 30; count += 1) client.application.send(1, testBytes(10_000));
  for (let count = 0; count < 30; count += 1) client.application.send(2, testBytes(10_000));
  client.application.sendFile('f', testBytes(300_000));
  time.runUntilQuiet();
  expect([server.application.messagesOn(1).length, server.application.messagesOn(2).length]).toEqual([6, 30]);
  expect(server.application.targets[0]?.outcome).toBe('done');
  expect(client.application.engine.conversation.queuedBytes).toBeGreaterThan(200_000);
  server.application.release(1);
  await expectNothingLeft(pair);
  expect(server.application.messagesOn(1)).toHaveLength(30);
});

it('a disk that takes nothing stops its file at the window, and no other', async () => {
  const pair = createEnginePair({ link: LINK });
  const { time, client, server } = pair;
  client.application.files.set('slow', testBytes(300_000));
  client.application.files.set('fast', testBytes(300_000));
  const [slow, fast] = ['slow', 'fast'].map((path) => server.application.getFile(path));
  slow!.isStalled = true;
  time.runUntilQuiet();
  expect([slow?.outcome, fast?.outcome]).toEqual(['pending', 'done']);
  expect(slow?.content.length).toBeLessThanOrEqual(65_536);
  slow!.isStalled = false;
  slow?.writeOut();
  await expectNothingLeft(pair);
  expect(Buffer.from(slow!.content).equals(testBytes(300_000))).toBe(true);
});

describe('a rate', () => {
  it.each([
    [65_536, 10_000],
    [1_000_000, 5000],
    [20_000_000, 500],
  ])('of %i B/s is kept to 1 %% in the long run', (bytesPerSecond, durationMs) => {
    const fileBytes = Math.ceil((bytesPerSecond * (durationMs + 200)) / 1000) + 200_000;
    const window = { transferWindowBytes: 100_000_000 };
    const pair = createEnginePair({
      link: { delayMs: 20 },
      client: { bytesPerSecond, settings: inFlightOf(10_000_000) },
      server: { localLimits: window },
    });
    const { time, client } = pair;
    client.application.sendFile('f', new Uint8Array(fileBytes));
    const sentBytes = () => client.audit.sentFrames.reduce((sum, frame) => sum + frame.frameBytes, 0);
    // The burst and the first frames are no rate yet.
    time.runUntil(100);
    const startBytes = sentBytes();
    time.runUntil(100 + durationMs);
    const expected = (bytesPerSecond * durationMs) / 1000;
    const frameBytes = 16_392;
    expect(Math.abs(sentBytes() - startBytes - expected)).toBeLessThanOrEqual(Math.max(expected * 0.01, frameBytes));
  });

  it('is kept by the burst at the beginning too', () => {
    const bucket = new TokenBucket({ bytesPerSecond: 1_000_000 });
    const pair = createEnginePair({ client: { bytesPerSecond: 1_000_000, settings: inFlightOf(1e9) } });
    pair.client.application.sendFile('f', testBytes(500_000));
    pair.time.runUntil(100);
    const sentBytes = pair.client.audit.sentFrames.reduce((sum, frame) => sum + frame.frameBytes, 0);
    expect(sentBytes).toBeLessThanOrEqual(100_000 + bucket.burstBytes + 16_392 + 200);
  });

  it('holds back neither acknowledgement nor credit of what comes from the other end', async () => {
    const pair = createEnginePair({ link: { delayMs: 1 }, client: { bytesPerSecond: 1000 } });
    const { time, client, server } = pair;
    client.application.send(1, testBytes(60_000));
    time.runUntil(10);
    server.application.send(1, testBytes(900_000), true);
    const startMs = time.nowMs;
    time.runUntilTrue(() => client.application.messages.length > 0);
    expect(time.nowMs - startMs).toBeLessThan(200);
    await expectNothingLeft(pair);
  });
});

it('what is in flight stays within the bound and a frame, on a long link as on a short one', async () => {
  for (const delayMs of [0, 200]) {
    const pair = createEnginePair({ link: { bytesPerSecond: 10_000_000, delayMs }, client: SENDER });
    for (let count = 0; count < 400; count += 1) pair.client.application.send(1, testBytes(1000));
    pair.client.application.sendFile('f', testBytes(200_000));
    await expectNothingLeft(pair);
    expect(pair.client.audit.maxInFlightBytes).toBeGreaterThan(32_768 - 8200);
    expect(pair.client.audit.maxInFlightBytes).toBeLessThanOrEqual(32_768 + 8200);
  }
});
