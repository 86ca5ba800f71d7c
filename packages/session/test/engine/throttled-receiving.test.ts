import { FrameType } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import { TokenBucket } from '@tcpcomm/throttle';
import { describe, expect, it } from 'vitest';
import { SessionThrottle } from '../../src/engine/session-throttle.ts';
import { inFlightOf } from './engine-options.ts';
import { createEnginePair, expectNothingLeft, type Pair } from './engine-pair.ts';
import { messageFrame } from './frames.ts';
import { LoneEngine } from './lone-engine.ts';

const LINK = { bytesPerSecond: 20_000_000, delayMs: 5, nextSegmentBytes: () => 1460 };
const WINDOWS = { channelWindowBytes: 10_000_000, transferWindowBytes: 10_000_000 };
const SETTINGS = { minInFlightBytes: 32_768, maxInFlightBytes: 1_000_000, maxQueuedBytes: 100_000_000 };

/** A server with a rate, and a client that was told of it and keeps to it, or was not. */
function createUploadPair(throttle: SessionThrottle, clientBytesPerSecond = Infinity): Pair {
  return createEnginePair({
    link: LINK,
    client: { settings: SETTINGS, bytesPerSecond: clientBytesPerSecond, localLimits: WINDOWS },
    server: { throttle, settings: SETTINGS, localLimits: WINDOWS },
  });
}

/** What the client has sent of messages and files from one time to another. */
function sentBetween({ time, client }: Pair, fromMs: number, untilMs: number): number {
  time.runUntil(fromMs);
  const before = client.audit.flowBytes;
  time.runUntil(untilMs);
  return client.audit.flowBytes - before;
}

describe('a client that sends to a server with a rate', () => {
  it.each([65_536, 1_000_000, 9_000_000])('is held to %i B/s though it knows of none: by acknowledgements', (rate) => {
    const pair = createUploadPair(new SessionThrottle({ bytesPerSecond: rate }));
    pair.client.application.send(1, new Uint8Array(1_000_000));
    for (let bytes = 0; bytes < rate * 6; bytes += 900_000) pair.client.application.send(2, new Uint8Array(900_000));
    const sent = sentBetween(pair, 1000, 5000);
    // What may be in flight differs from one end of the time to the other.
    expect(Math.abs(sent - 4 * rate)).toBeLessThan(Math.max(0.02 * 4 * rate, 40_000));
    expect(pair.server.application.engine.observer.snapshot(5000).withheldBytes).toBeGreaterThan(0);
  });

  it.each([65_536, 1_000_000, 9_000_000])(
    'keeps to %i B/s by itself when it knows, and hardly waits in vain',
    (rate) => {
      const pair = createUploadPair(new SessionThrottle({ bytesPerSecond: rate }), rate);
      for (let bytes = 0; bytes < rate * 6; bytes += 900_000) pair.client.application.send(2, new Uint8Array(900_000));
      const sent = sentBetween(pair, 1000, 5000);
      expect(sent).toBeLessThan(4 * rate * 1.01 + 20_000);
      expect(sent).toBeGreaterThan(4 * rate * 0.97 - 20_000);
    },
  );

  it('gets all of it acknowledged in the end, and nothing is left', async () => {
    const pair = createUploadPair(new SessionThrottle({ bytesPerSecond: 100_000 }));
    pair.client.application.send(1, testBytes(150_000), true);
    pair.client.application.sendFile('f', testBytes(150_000));
    await expectNothingLeft(pair);
    expect(pair.time.nowMs).toBeGreaterThan(2800);
    expect(pair.time.nowMs).toBeLessThan(3200);
    expect(pair.client.audit.acknowledgedBytes).toBe(pair.client.audit.flowBytes);
  });

  it('finds its messages as fast as before beside a file that is held back', () => {
    const pair = createUploadPair(new SessionThrottle({ bytesPerSecond: 500_000 }), 500_000);
    const { time, client, server } = pair;
    const delays: number[] = [];
    client.application.sendFile('f', new Uint8Array(5_000_000));
    for (let atMs = 500; atMs < 5000; atMs += 100) {
      time.schedule(atMs, () => {
        client.application.send(1, testBytes(16));
      });
    }
    server.application.onReceived = () => delays.push(time.nowMs - (500 + 100 * delays.length));
    time.runUntil(5200);
    expect(delays.length).toBe(45);
    // The way, a frame of 4 KiB at this rate, and what the throttle has let go before.
    expect(delays.sort((one, other) => one - other)[Math.floor(delays.length / 2)]).toBeLessThan(35);
  });

  it.each([
    ['raised', 16_384, 1_000_000],
    ['taken away', 16_384, Infinity],
    ['lowered', 1_000_000, 100_000],
  ])('has the new rate 50 ms later when that is %s, at whatever moment that is', (_what, before, after) => {
    for (let changeMs = 1000; changeMs < 1300; changeMs += 37) {
      const throttle = new SessionThrottle({ bytesPerSecond: before });
      const pair = createUploadPair(throttle);
      for (let count = 0; count < 100; count += 1) pair.client.application.send(1, new Uint8Array(900_000));
      pair.time.runUntil(changeMs);
      throttle.setRate(after, changeMs);
      const bytesPerSecond = after === Infinity ? null : after;
      pair.server.application.engine.setPace({ blockSizeBytes: 16_384, bytesPerSecond });
      pair.time.runUntil(changeMs + 50);
      const acknowledged = pair.client.audit.acknowledgedBytes;
      pair.time.runUntil(changeMs + 250);
      const gained = pair.client.audit.acknowledgedBytes - acknowledged;
      const expected = Math.min(after, LINK.bytesPerSecond) * 0.2;
      expect(gained).toBeGreaterThan(0.9 * expected - 10_000);
      expect(gained).toBeLessThan(1.02 * expected + 40_000);
    }
  });

  it('goes on at once when the total is raised that it has a share of', () => {
    for (let changeMs = 2000; changeMs < 2300; changeMs += 37) {
      const total = new TokenBucket({ bytesPerSecond: 16_384 });
      const throttle = new SessionThrottle({ bytesPerSecond: Infinity, total });
      const pair = createUploadPair(throttle);
      for (let count = 0; count < 10; count += 1) pair.client.application.send(1, new Uint8Array(900_000));
      pair.time.runUntil(changeMs);
      total.setRate(Infinity, pair.time.nowMs);
      pair.server.application.engine.reconsider();
      const before = pair.client.audit.acknowledgedBytes;
      pair.time.runUntil(changeMs + 50);
      expect(pair.client.audit.acknowledgedBytes - before).toBeGreaterThan(100_000);
    }
  });
});

describe('both directions at once', () => {
  it.each([200_000, 5_000_000])('have half of %i B/s each, and all of it when the other is through', (rate) => {
    const pair = createUploadPair(new SessionThrottle({ bytesPerSecond: rate }), rate);
    const [client, server] = [pair.client.application, pair.server.application];
    // The server has less to send: it is through after some four seconds.
    for (let bytes = 0; bytes < rate * 8; bytes += 50_000) client.send(1, new Uint8Array(50_000));
    for (let bytes = 0; bytes < rate * 2; bytes += 50_000) server.send(1, new Uint8Array(50_000));
    pair.time.runUntil(500);
    const before = [pair.client.audit.flowBytes, pair.server.audit.flowBytes] as const;
    pair.time.runUntil(3500);
    const sent = [pair.client.audit.flowBytes - before[0], pair.server.audit.flowBytes - before[1]] as const;
    for (const bytes of sent) {
      expect(bytes).toBeGreaterThan(0.9 * 1.5 * rate - 20_000);
      expect(bytes).toBeLessThan(1.1 * 1.5 * rate + 20_000);
    }
    expect(sent[0] + sent[1]).toBeGreaterThan(0.95 * 3 * rate - 20_000);
    expect(sent[0] + sent[1]).toBeLessThan(1.02 * 3 * rate + 40_000);
    const alone = sentBetween(pair, 5000, 7000);
    expect(alone).toBeGreaterThan(0.95 * 2 * rate - 20_000);
    expect(alone).toBeLessThan(1.02 * 2 * rate + 40_000);
  });
});

it('a client that begins to send while the server has the whole rate gets its half, however low that is', () => {
  const rate = 65_536;
  const pair = createUploadPair(new SessionThrottle({ bytesPerSecond: rate }), rate);
  const send = (side: (typeof pair)['client']) => {
    for (let count = 0; count < 300; count += 1) side.application.send(1, new Uint8Array(4_096));
  };
  send(pair.server);
  pair.time.schedule(2000, () => {
    send(pair.client);
  });
  pair.time.runUntil(4000);
  const before = [pair.client.audit.flowBytes, pair.server.audit.flowBytes] as const;
  pair.time.runUntil(14_000);
  for (const [index, side] of [pair.client, pair.server].entries()) {
    const part = (side.audit.flowBytes - before[index]!) / (10 * rate);
    expect(part).toBeGreaterThan(0.4);
    expect(part).toBeLessThan(0.6);
  }
});

/** A client that sends whatever its credit allows and does not care what is acknowledged. */
class GreedyClient {
  readonly lone: LoneEngine;
  readonly #creditLimits = new Map<number, number>();
  readonly #sentOn = new Map<number, number>();
  readonly #channels: readonly number[];
  sentBytes = 0;
  acknowledgedBytes = 0;

  constructor(bytesPerSecond: number, channels: readonly number[]) {
    this.lone = new LoneEngine('server', { bytesPerSecond });
    this.#channels = channels;
  }

  runUntil(untilMs: number): void {
    const { lone } = this;
    while (lone.nowMs < untilMs) {
      this.#listen();
      this.#send();
      this.#listen();
      lone.advanceTo(Math.min(untilMs, lone.nowMs + 1));
    }
  }

  #listen(): void {
    for (const { type, channel, payload } of this.lone.takeFrames()) {
      const counter = Number(new DataView(payload.buffer, payload.byteOffset).getBigUint64(0));
      if (type === FrameType.CREDIT) this.#creditLimits.set(channel, counter);
      if (type === FrameType.ACK) this.acknowledgedBytes = counter;
    }
  }

  #send(): void {
    for (const channel of this.#channels) {
      for (;;) {
        const sent = this.#sentOn.get(channel) ?? 0;
        if (sent + 8192 > (this.#creditLimits.get(channel) ?? 65_536)) break;
        this.lone.receive(messageFrame(channel, new Uint8Array(8184)));
        this.#sentOn.set(channel, sent + 8192);
        this.sentBytes += 8192;
      }
    }
  }
}

describe('a greedy client, which ignores acknowledgements', () => {
  it.each([
    [100_000, [1]],
    [1_000_000, [1, 2, 3, 4]],
    [10_000_000, [1, 2, 3, 4, 5, 6, 7, 8]],
  ])('is held to %i B/s on average on channels %j all the same: it gets no more credit', (rate, channels) => {
    const client = new GreedyClient(rate, channels);
    client.runUntil(20_000);
    const aheadBytes = Math.max(262_144, rate) + 65_536 * channels.length;
    expect(client.sentBytes).toBeLessThanOrEqual(20 * rate * 1.01 + aheadBytes);
    expect(client.sentBytes).toBeGreaterThan(20 * rate * 0.97);
    expect(client.acknowledgedBytes).toBeLessThanOrEqual(20 * rate * 1.01 + 20_000);
    expect(client.acknowledgedBytes).toBeGreaterThan(20 * rate * 0.97);
    expect(client.lone.engine.isOpen).toBe(true);
  });

  it('is heard in the end: what it sent is acknowledged, and the credit comes', () => {
    const client = new GreedyClient(100_000, [1]);
    client.runUntil(1000);
    const { lone, sentBytes } = client;
    const frames: string[] = [];
    for (let nowMs = 1000; nowMs < 6000; nowMs += 10) frames.push(...lone.advanceTo(nowMs).take());
    expect(frames.filter((frame) => frame.startsWith('CREDIT 1 '))).not.toEqual([]);
    expect(frames.at(-1)).toBe(`ACK ${sentBytes}`);
    expect(lone.engine.deadlineMs).toBe(Infinity);
  });
});

it('a well-behaved client never counts as one that is stalled, however low the rate', async () => {
  const pair = createEnginePair({
    link: LINK,
    client: { settings: { ...inFlightOf(32_768), writeStallTimeoutMs: 3000 } },
    server: { bytesPerSecond: 4096 },
  });
  pair.client.application.send(1, testBytes(60_000), true);
  pair.client.application.sendFile('f', testBytes(20_000));
  await expectNothingLeft(pair);
  expect(pair.time.nowMs).toBeGreaterThan(18_000);
});
