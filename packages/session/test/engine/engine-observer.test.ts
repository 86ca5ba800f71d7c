import { FrameType } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import type { EngineSnapshot, LimitedBy } from '../../src/engine/engine-observer.ts';
import { inFlightOf } from './engine-options.ts';
import { createEnginePair, type Pair, type Side } from './engine-pair.ts';
import { ackFrame, controlFrame, messageFrame } from './frames.ts';
import { LoneEngine } from './lone-engine.ts';

const WINDOWS = { channelWindowBytes: 65_536, transferWindowBytes: 65_536 };

function snapshotOf({ application }: Side, pair: Pair): EngineSnapshot {
  return application.engine.observer.snapshot(pair.time.nowMs);
}

/** What holds the session back, and each of its channels. */
function limitsOf(side: Side, pair: Pair): LimitedBy[] {
  const { limitedBy, channels } = snapshotOf(side, pair);
  return [limitedBy, ...channels.map((channel) => channel.limitedBy)];
}

describe('what holds a session back', () => {
  it('is the application, when it gives no more: before, between and after messages', () => {
    const pair = createEnginePair();
    expect(limitsOf(pair.client, pair)).toEqual(['application']);
    pair.client.application.send(1, testBytes(50_000));
    pair.time.runUntilQuiet();
    expect(limitsOf(pair.client, pair)).toEqual(['application', 'application']);
    // The other end has received, and has nothing to send.
    expect(limitsOf(pair.server, pair)).toEqual(['application', 'application']);
  });

  it('is the application, when a file was offered and nothing of it has been read', () => {
    const pair = createEnginePair();
    pair.client.application.sendFile('f', new Uint8Array(0));
    pair.time.runUntil(0.5);
    expect(limitsOf(pair.client, pair)).toEqual(['application']);
  });

  it('is the throttle, when the rate of the session is used up', () => {
    const pair = createEnginePair({ client: { bytesPerSecond: 10_000 } });
    pair.client.application.send(1, testBytes(60_000));
    pair.time.runUntil(1000);
    expect(limitsOf(pair.client, pair)).toEqual(['throttle', 'throttle']);
  });

  it('is the throttle, when all that waits has rates of its own; a channel without one is not held back', () => {
    const pair = createEnginePair();
    const { engine } = pair.client.application;
    engine.changePolicy(engine.conversation.channels.outgoing(1).policy, { bytesPerSecond: 10_000 }, 0);
    pair.client.application.send(1, testBytes(60_000));
    pair.client.application.send(2, testBytes(10));
    pair.time.runUntil(1000);
    expect(limitsOf(pair.client, pair)).toEqual(['throttle', 'throttle', 'application']);
    const { channels } = snapshotOf(pair.client, pair);
    expect(channels.map(({ bytesPerSecond }) => bytesPerSecond)).toEqual([10_000, Infinity]);
  });

  it("is the peer's window, when its application takes nothing", () => {
    const pair = createEnginePair();
    pair.server.application.withhold(1);
    for (let count = 0; count < 10; count += 1) pair.client.application.send(1, testBytes(10_000));
    pair.client.application.send(2, testBytes(10_000));
    pair.time.runUntilQuiet();
    expect(limitsOf(pair.client, pair)).toEqual(['peer-window', 'peer-window', 'application']);
    pair.server.application.release(1);
    pair.time.runUntilQuiet();
    expect(limitsOf(pair.client, pair)).toEqual(['application', 'application', 'application']);
  });

  it("is the peer's window, when its disk takes nothing of a file", () => {
    const pair = createEnginePair({ server: { localLimits: WINDOWS } });
    pair.server.application.files.set('f', testBytes(200_000));
    const target = pair.client.application.getFile('f');
    target.isStalled = true;
    pair.time.runUntilQuiet();
    const [source] = pair.server.application.sources;
    expect(limitsOf(pair.server, pair)).toEqual(['peer-window']);
    expect(pair.server.application.engine.observer.limitOf(source!.transfer, pair.time.nowMs)).toBe('peer-window');
    target.isStalled = false;
    target.writeOut();
    pair.time.runUntilQuiet();
    expect(pair.server.application.engine.observer.limitOf(source!.transfer, pair.time.nowMs)).toBe('application');
  });

  it('is the link, when that takes no more', () => {
    const pair = createEnginePair({
      link: { bytesPerSecond: 10_000, sendBufferBytes: 1000, nextSegmentBytes: () => 1460 },
      client: { settings: inFlightOf(8192) },
    });
    pair.client.application.send(1, testBytes(60_000));
    pair.client.application.sendFile('f', testBytes(60_000));
    pair.time.runUntil(2000);
    expect(limitsOf(pair.client, pair)).toEqual(['link', 'link']);
    const [source] = pair.client.application.sources;
    expect(pair.client.application.engine.observer.limitOf(source!.transfer, 2000)).toBe('link');
  });
});

describe('a snapshot', () => {
  it('of a session in which nothing has happened is all zero, and nothing is known of the link', () => {
    const pair = createEnginePair({ client: { settings: inFlightOf(50_000) } });
    expect(snapshotOf(pair.client, pair)).toEqual({
      sentBytes: 0,
      receivedBytes: 0,
      withheldBytes: 0,
      queuedBytes: 0,
      inFlightBytes: 0,
      inFlightLimitBytes: 50_000,
      roundTripMs: undefined,
      minRoundTripMs: undefined,
      deliveryBytesPerSecond: undefined,
      limitedBy: 'application',
      channels: [],
    });
  });

  it('counts frame bytes and messages, of the session and of each channel, in both directions', () => {
    const pair = createEnginePair();
    pair.client.application.send(7, testBytes(100));
    pair.client.application.send(7, testBytes(50_000));
    pair.client.application.send(250, testBytes(0));
    pair.server.application.send(7, testBytes(10));
    pair.client.application.sendFile('f', testBytes(1000));
    pair.time.runUntilQuiet();
    const [sent, received] = [snapshotOf(pair.client, pair), snapshotOf(pair.server, pair)];
    expect(sent.sentBytes).toBe(pair.client.audit.flowBytes);
    expect(received.receivedBytes).toBe(sent.sentBytes);
    expect([received.sentBytes, sent.receivedBytes]).toEqual([18, 18]);
    expect(sent.channels.map(({ channel }) => channel)).toEqual([7, 250]);
    const [seven, last] = sent.channels;
    expect(seven).toMatchObject({
      priority: 'normal',
      weight: 1,
      bytesPerSecond: Infinity,
      sentMessages: 2,
      receivedBytes: 18,
      receivedMessages: 1,
      queuedBytes: 0,
      queuedMessages: 0,
    });
    expect(last).toMatchObject({ sentBytes: 8, sentMessages: 1, receivedBytes: 0, receivedMessages: 0 });
    const fileBytes = sent.sentBytes - seven!.sentBytes - last!.sentBytes;
    expect(fileBytes).toBeGreaterThan(1008);
    expect(received.channels[0]).toMatchObject({
      receivedBytes: seven!.sentBytes,
      receivedMessages: 2,
      sentMessages: 1,
    });
  });

  it('tells what waits, and what is in flight of how much that may be', () => {
    const lone = new LoneEngine('client', { settings: inFlightOf(30_000) });
    for (let count = 0; count < 5; count += 1) lone.application.send(3, testBytes(10_000));
    lone.take();
    const snapshot = lone.engine.observer.snapshot(0);
    expect(snapshot.inFlightLimitBytes).toBe(30_000);
    expect(snapshot.inFlightBytes).toBe(snapshot.sentBytes);
    expect(snapshot.inFlightBytes).toBe(20_016);
    const [channel] = snapshot.channels;
    expect(channel!.queuedMessages).toBe(5 - channel!.sentMessages);
    expect(snapshot.queuedBytes).toBe(channel!.queuedBytes);
    lone.nowMs = 40;
    lone.receive(ackFrame(snapshot.sentBytes));
    const later = lone.engine.observer.snapshot(40);
    expect([later.inFlightBytes, later.roundTripMs, later.minRoundTripMs]).toEqual([0, 40, 40]);
    // Two rounds more, and the rate of the link is known.
    for (const nowMs of [80, 120]) {
      const { sentBytes } = (lone.take(), lone.engine.observer.snapshot(nowMs));
      lone.nowMs = nowMs;
      lone.receive(ackFrame(sentBytes));
    }
    const { deliveryBytesPerSecond, roundTripMs } = lone.engine.observer.snapshot(120);
    expect(deliveryBytesPerSecond).toBeGreaterThan(300_000);
    expect(deliveryBytesPerSecond).toBeLessThan(700_000);
    expect(roundTripMs).toBe(40);
  });

  it('tells what was received and is held back by the throttle', () => {
    const lone = new LoneEngine('server', { bytesPerSecond: 10_000 });
    for (const channel of [1, 2, 3]) lone.receive(messageFrame(channel, testBytes(10_000)));
    const { receivedBytes, withheldBytes } = lone.engine.observer.snapshot(0);
    expect(receivedBytes).toBe(30_024);
    expect(withheldBytes).toBeGreaterThan(20_000);
    expect(withheldBytes).toBeLessThan(30_024);
  });

  it('has no channel for frames that belong to none', () => {
    const lone = new LoneEngine('client');
    lone.receive(controlFrame(FrameType.SETTINGS, { blockSizeBytes: 5000, bytesPerSecond: null }));
    lone.application.getFile('f');
    // A header alone, of a message on a channel that does not exist.
    lone.receive(messageFrame(255, testBytes(50_000)).subarray(0, 8));
    expect(lone.engine.roomForNext(Infinity)).toBeUndefined();
    expect(lone.engine.observer.snapshot(0).channels).toEqual([]);
  });
});
