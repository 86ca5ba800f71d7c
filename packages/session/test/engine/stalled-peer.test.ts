import { FrameType, PeerError, TimeoutError } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { createEnginePair, expectAllOver, expectNothingLeft } from './engine-pair.ts';
import { ackFrame, controlFrame, creditFrame, jsonOf, pingFrame } from './frames.ts';
import { LoneEngine } from './lone-engine.ts';

const settings = { writeStallTimeoutMs: 30_000 };

describe('a peer that acknowledges nothing', () => {
  it('although it is alive and speaks, is given up after 30 s, and told so', () => {
    const lone = new LoneEngine('server', {
      settings: { ...settings, keepAliveIntervalMs: 15_000, keepAliveTimeoutMs: 45_000 },
    });
    lone.advanceTo(5000);
    lone.application.send(1, testBytes(1000));
    expect(lone.take()).toEqual(['MESSAGE 1 FIN 1000']);
    for (let nowMs = 6000; nowMs < 35_000; nowMs += 1000) {
      lone.advanceTo(nowMs).receive(pingFrame());
      expect(lone.take()).toEqual(['PONG']);
    }
    expect(lone.advanceTo(34_999.9).engine.isOpen).toBe(true);
    lone.advanceTo(35_000);
    expect(lone.engine.closeReason).toMatchObject({
      by: 'local',
      code: 'ERR_TCPCOMM_WRITE_STALLED',
      message: 'the peer acknowledged none of the 1008 bytes in flight for 30000 ms',
      isClean: false,
    });
    expect(lone.engine.closeReason?.error).toBeInstanceOf(TimeoutError);
    const frames = lone.takeFrames();
    expect(frames.map(({ type }) => type)).toEqual([FrameType.ERROR]);
    expect(jsonOf(frames[0]!)).toEqual({
      code: 16,
      message: 'the peer acknowledged none of the 1008 bytes in flight for 30000 ms',
    });
    expect(lone.application.closeReasons).toHaveLength(1);
  });

  it('leaves nothing that waits: all of it rejects with the reason', async () => {
    const lone = new LoneEngine('client', { settings });
    lone.application.send(1, testBytes(500_000), true);
    const source = lone.application.sendFile('f', testBytes(100_000));
    const target = lone.application.getFile('g');
    lone.receive(controlFrame(FrameType.FILE_ACCEPT, { offsetBytes: 0 }, source.transfer.id));
    lone.take();
    lone.advanceTo(30_000);
    const { closeReason } = lone.engine;
    expect(closeReason?.code).toBe('ERR_TCPCOMM_WRITE_STALLED');
    expect(await lone.application.promises.pending()).toEqual([]);
    expect(new Set(await lone.application.promises.errors())).toEqual(new Set([closeReason?.error]));
    expect([source.outcome, target.outcome]).toEqual([closeReason?.error, closeReason?.error]);
    expect([lone.engine.conversation.queuedBytes, lone.engine.deadlineMs, lone.engine.isFinished]).toEqual([
      0,
      Infinity,
      true,
    ]);
  });

  it('is given up also when a write is never done, because it reads nothing', () => {
    const lone = new LoneEngine('server', { settings });
    lone.application.send(1, testBytes(60_000));
    expect(lone.takeBatch()).toBeDefined();
    expect(lone.engine.deadlineMs).toBe(30_000);
    expect(lone.advanceTo(30_000).engine.closeReason?.code).toBe('ERR_TCPCOMM_WRITE_STALLED');
  });

  it('is given up while this side says goodbye, too, if that takes so long', () => {
    const lone = new LoneEngine('server', { settings });
    lone.application.send(1, testBytes(500_000));
    lone.take();
    lone.engine.close(0, 'bye', 1_000_000);
    expect(lone.advanceTo(30_000).engine.closeReason?.code).toBe('ERR_TCPCOMM_WRITE_STALLED');
  });

  it('gets no more time by granting credit, or by acknowledging the same again', () => {
    const lone = new LoneEngine('server', { settings });
    lone.application.send(1, testBytes(1000));
    lone.take();
    lone.advanceTo(10_000).receive(ackFrame(500));
    lone.advanceTo(20_000).receive(creditFrame(1, 1_000_000, 0), ackFrame(500));
    expect(lone.engine.deadlineMs).toBe(40_000);
    expect(lone.advanceTo(40_000).engine.isOpen).toBe(false);
  });
});

describe('a peer is not given up', () => {
  it('with nothing in flight, however long that lasts', () => {
    const lone = new LoneEngine('server', { settings });
    expect(lone.engine.deadlineMs).toBe(Infinity);
    lone.application.send(1, testBytes(1000));
    lone.application.getFile('control frames are not acknowledged');
    lone.take();
    lone.receive(ackFrame(1008));
    expect(lone.engine.deadlineMs).toBe(Infinity);
    expect(lone.advanceTo(1e9).engine.isOpen).toBe(true);
  });

  it('for slow progress, be it a byte in all that time', () => {
    const lone = new LoneEngine('server', { settings });
    lone.application.send(1, testBytes(1000));
    lone.take();
    for (let acknowledged = 1; acknowledged <= 1008; acknowledged += 1) {
      lone.advanceTo(acknowledged * 29_999).receive(ackFrame(acknowledged));
    }
    expect(lone.engine.isOpen).toBe(true);
    expect(lone.advanceTo(1e9).engine.isOpen).toBe(true);
  });

  it('for taking no messages: what has arrived is acknowledged, and the rest waits here', async () => {
    const pair = createEnginePair({ client: { settings } });
    pair.server.application.withhold(1);
    for (let count = 0; count < 30; count += 1) pair.client.application.send(1, testBytes(10_000));
    pair.time.runUntil(200_000);
    expect(pair.client.application.engine.isOpen).toBe(true);
    expect(pair.client.application.engine.conversation.queuedBytes).toBeGreaterThan(200_000);
    pair.server.application.release(1);
    await expectNothingLeft(pair);
  });

  it('after a silence that ended: the time runs from what is in flight now', () => {
    const lone = new LoneEngine('server', { settings });
    lone.application.send(1, testBytes(10));
    lone.take();
    lone.receive(ackFrame(18));
    lone.advanceTo(100_000).application.send(1, testBytes(10));
    lone.take();
    expect(lone.engine.deadlineMs).toBe(130_000);
  });
});

it('a peer whose connection takes nothing any more is given up, and everything of both ends is over', async () => {
  const pair = createEnginePair({ client: { settings }, link: { sendBufferBytes: 0 } });
  const { time, client, server } = pair;
  client.application.send(1, testBytes(50_000), true);
  client.application.sendFile('f', testBytes(100_000));
  client.end.isBlocked = true;
  client.outgoing.breakAfter(0, () => undefined);
  time.runUntil(29_000);
  expect(client.application.engine.isOpen).toBe(true);
  time.runUntil(31_000);
  expect(client.application.closeReasons).toEqual([expect.objectContaining({ code: 'ERR_TCPCOMM_WRITE_STALLED' })]);
  // The transport would cut the connection after a second; here the test does.
  for (const { end } of pair.sides) end.lose();
  await expectAllOver(pair);
  expect(server.application.closeReasons).toHaveLength(1);
});

it('the peer that was given up learns why', () => {
  const pair = createEnginePair({ client: { settings } });
  const { time, client, server } = pair;
  client.application.send(1, testBytes(100));
  // Its acknowledgements are never written, though it receives all.
  server.end.isBlocked = true;
  server.application.engine.setPace({ blockSizeBytes: 5000, bytesPerSecond: null });
  time.runUntilQuiet();
  const [reason] = server.application.closeReasons;
  expect(reason).toMatchObject({ by: 'remote', code: 'ERR_TCPCOMM_WRITE_STALLED' });
  expect(reason?.error).toBeInstanceOf(PeerError);
  expect(client.application.closeReasons[0]?.by).toBe('local');
});
