import { FrameType, MessageFlag, SessionClosedError, WireError } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { inFlightOf } from './engine-options.ts';
import { errorOf } from './error-of.ts';
import {
  ackFrame,
  controlFrame,
  creditFrame,
  goodbyeFrame,
  jsonOf,
  messageFrame,
  pingFrame,
  pongFrame,
} from './frames.ts';
import { LoneEngine } from './lone-engine.ts';

describe('sending', () => {
  it('small messages go out packed, in the order of queueing on their channel', () => {
    const lone = new LoneEngine('client');
    for (let count = 1; count <= 3; count += 1) lone.application.send(1, testBytes(count));
    lone.application.send(2, testBytes(9));
    const batch = lone.takeBatch();
    expect(batch?.finish()).toHaveLength(1);
    lone.engine.handleWritten(0);
    expect(lone.engine.conversation.queuedBytes).toBe(0);
  });

  it('stops at the bound of bytes in flight, and goes on when the peer acknowledges', () => {
    const lone = new LoneEngine('client', {
      settings: inFlightOf(50_000),
      remoteLimits: { channelWindowBytes: 1e6 },
    });
    lone.application.send(1, testBytes(200_000));
    expect(lone.take()).toEqual(Array.from({ length: 3 }, () => 'MESSAGE 1 16384'));
    lone.receive(ackFrame(10_000));
    expect(lone.take()).toEqual([]);
    lone.receive(ackFrame(20_000));
    expect(lone.take()).toEqual(['MESSAGE 1 16384']);
  });

  it('stops where the credit of a channel ends; other channels go on', () => {
    const lone = new LoneEngine('client', { settings: inFlightOf(1e9) });
    lone.application.send(1, testBytes(200_000));
    lone.application.send(2, testBytes(10));
    const frames = lone.take();
    expect(frames).toContain('MESSAGE 2 FIN 10');
    expect(lone.engine.conversation.queuedBytes).toBeGreaterThan(130_000);
    lone.receive(creditFrame(1, 1e6, 0));
    expect(lone.take().at(-1)).toMatch(/^MESSAGE 1 FIN/);
  });

  it('is paced: between frames there is a deadline, and no frame before it', () => {
    const lone = new LoneEngine('client', { bytesPerSecond: 1_000_000 });
    lone.application.send(1, testBytes(60_000));
    // The bucket of 20,000 bytes is full: five frames, the last into debt, and then half a millisecond until it is paid.
    expect(lone.take()).toEqual(Array.from({ length: 5 }, () => 'MESSAGE 1 4096'));
    expect(lone.engine.deadlineMs).toBeCloseTo((5 * 4104 + 1 - 20_000) / 1000, 3);
    lone.nowMs = lone.engine.deadlineMs - 0.01;
    expect(lone.take()).toEqual([]);
    lone.advanceTo(lone.engine.deadlineMs);
    expect(lone.take()).toHaveLength(1);
  });

  it('control is held back by neither bound, nor credit, nor throttle', () => {
    const lone = new LoneEngine('client', { settings: inFlightOf(1), bytesPerSecond: 1 });
    lone.application.send(1, testBytes(60_000));
    lone.take();
    lone.application.getFile('f');
    lone.receive(pingFrame(), messageFrame(1, testBytes(5), MessageFlag.FIN | MessageFlag.CONFIRM));
    expect(lone.take()).toEqual(['PONG', 'CREDIT 1 65549 1', 'FILE_REQUEST #1', 'ACK 13']);
  });

  it('cuts to the new block size as soon as the pace changes, never beyond what the peer takes', () => {
    const lone = new LoneEngine('client', {
      settings: inFlightOf(1e9),
      remoteLimits: { channelWindowBytes: 1e9, maxFrameBytes: 10_000 },
    });
    lone.application.send(1, testBytes(20_000));
    lone.receive(controlFrame(FrameType.SETTINGS, { blockSizeBytes: 8000, bytesPerSecond: null }));
    expect(lone.take()).toEqual(['MESSAGE 1 8000', 'MESSAGE 1 8000', 'MESSAGE 1 FIN 4000']);
    lone.receive(controlFrame(FrameType.SETTINGS, { blockSizeBytes: 1_000_000, bytesPerSecond: null }));
    lone.application.send(1, testBytes(15_000));
    expect(lone.take()).toEqual(['MESSAGE 1 10000', 'MESSAGE 1 FIN 5000']);
  });

  it('of a pace tells the client, and a client tells nobody', () => {
    const pace = { blockSizeBytes: 8000, bytesPerSecond: 100_000 };
    const [server, client] = [new LoneEngine('server'), new LoneEngine('client')];
    server.engine.setPace(pace);
    client.engine.setPace(pace);
    expect([server.take(), client.take()]).toEqual([['SETTINGS'], []]);
  });
});

describe('receiving', () => {
  it('acknowledges after 10 ms what came, and at once when it is much at this rate', () => {
    const lone = new LoneEngine('server');
    lone.receive(messageFrame(1, testBytes(100)));
    expect([lone.take(), lone.engine.deadlineMs]).toEqual([[], 10]);
    expect(lone.advanceTo(10).take()).toEqual(['ACK 108']);
    lone.receive(...[2, 3, 4, 5, 6].map((channel) => messageFrame(channel, testBytes(60_000))));
    expect(lone.take().at(-1)).toBe('ACK 300148');
  });

  it('has no deadline of its own while a write is under way: its end comes first', () => {
    const lone = new LoneEngine('server');
    lone.receive(pingFrame());
    expect(lone.takeBatch()).toBeDefined();
    lone.receive(messageFrame(1, testBytes(100)));
    expect(lone.engine.deadlineMs).toBe(Infinity);
    lone.nowMs = 50;
    lone.engine.handleWritten(50);
    expect(lone.take()).toEqual(['ACK 108']);
  });

  it('gives credit back when the application has consumed, not before', () => {
    const lone = new LoneEngine('server');
    lone.application.withhold(1);
    for (let count = 0; count < 3; count += 1) lone.receive(messageFrame(1, testBytes(16_376)));
    expect(lone.take()).toEqual([`ACK ${3 * 16_384}`]);
    lone.application.release(1);
    expect(lone.take()).toEqual([`CREDIT 1 ${65_536 + 3 * 16_384} 3`]);
  });

  it('tells of consumption at once where the sender waits for it', () => {
    const lone = new LoneEngine('server');
    lone.receive(messageFrame(1, testBytes(1), MessageFlag.FIN | MessageFlag.CONFIRM));
    expect(lone.take()).toEqual(['CREDIT 1 65545 1', 'ACK 9']);
  });
});

it('a ping is answered with its own bytes, though the memory they came in is used again', () => {
  const lone = new LoneEngine('server');
  const received = pingFrame(testBytes(8));
  lone.engine.receive(received, 0);
  received.fill(0);
  expect(lone.takeFrames().map(({ type, payload }) => [type, payload])).toEqual([[FrameType.PONG, testBytes(8)]]);
});

it('who has said goodbye, or ended with an error, asks for no sign of life any more', () => {
  const leaving = new LoneEngine('client');
  leaving.engine.close(WireError.CLOSED, 'the session was closed', 1000);
  expect(leaving.take()).toEqual(['GOAWAY 0']);
  leaving.engine.ping();
  expect(leaving.take()).toEqual([]);
  const failed = new LoneEngine('client');
  failed.engine.abandon(new SessionClosedError('the session was destroyed'));
  failed.engine.ping();
  expect(failed.take()).toEqual([expect.stringMatching(/^ERROR/)]);
});

describe('silence', () => {
  const settings = { keepAliveIntervalMs: 15_000, keepAliveTimeoutMs: 45_000 };

  it.each([
    ['client', 15_000],
    ['server', 18_000],
  ] as const)('is answered with pings by a %s each %i ms, and ends the session when it lasts', async (role, eachMs) => {
    const lone = new LoneEngine(role, { settings });
    lone.application.send(1, testBytes(1), true);
    lone.take();
    const sent: string[][] = [];
    for (const nowMs of [eachMs - 1, eachMs, 2 * eachMs, 45_000]) sent.push(lone.advanceTo(nowMs).take());
    expect(sent).toEqual([[], ['PING'], ['PING'], []]);
    expect(lone.engine.closeReason).toMatchObject({
      by: 'network',
      code: 'ERR_TCPCOMM_KEEPALIVE_TIMEOUT',
      message: 'nothing came from the peer for 45000 ms',
      isClean: false,
    });
    expect(await lone.application.promises.pending()).toEqual([]);
  });

  it('is asked about by a server well before its end, however short that is', () => {
    const lone = new LoneEngine('server', { settings: { keepAliveIntervalMs: 100, keepAliveTimeoutMs: 110 } });
    expect(lone.engine.deadlineMs).toBe(105);
    expect(lone.advanceTo(105).take()).toEqual(['PING']);
  });

  it('ends with any byte', () => {
    const lone = new LoneEngine('client', { settings });
    lone.advanceTo(44_000);
    lone.receive(pongFrame().subarray(0, 1));
    expect(lone.engine.deadlineMs).toBe(59_000);
    expect(lone.advanceTo(88_000).engine.isOpen).toBe(true);
  });
});

describe('a goodbye', () => {
  it('says what has been received, once all is sent', () => {
    const lone = new LoneEngine('client');
    lone.receive(messageFrame(1), messageFrame(1), messageFrame(7));
    lone.application.send(1, testBytes(100_000));
    lone.engine.close(WireError.CLOSED, 'enough', 3000);
    expect(lone.engine.isOpen).toBe(false);
    expect(lone.take().filter((frame) => frame.startsWith('GOAWAY'))).toEqual([]);
    lone.receive(ackFrame(60_000), creditFrame(1, 1e6, 0));
    const frames = lone.takeFrames();
    const goodbye = frames.find(({ type }) => type === FrameType.GOAWAY);
    expect(goodbye && jsonOf(goodbye)).toEqual({ code: 0, message: 'enough', received: { '1': 2, '7': 1 } });
  });

  it('of the peer is answered with its reason when all is sent', () => {
    const lone = new LoneEngine('server');
    lone.application.send(1, testBytes(10));
    lone.receive(controlFrame(FrameType.GOAWAY, { code: 36, message: 'go', received: {} }));
    expect(lone.take()).toEqual(['MESSAGE 1 FIN 10', 'GOAWAY 36']);
    expect(lone.engine.closeReason).toEqual({
      by: 'remote',
      code: 'ERR_TCPCOMM_DISCONNECTED_BY_SERVER',
      message: 'go',
      isClean: true,
    });
  });

  it('drops what is left when its time has passed, and says so to those who wait', async () => {
    const lone = new LoneEngine('client');
    lone.application.send(1, testBytes(500_000));
    lone.engine.close(WireError.CLOSED, 'enough', 3000);
    lone.take();
    lone.advanceTo(3000);
    expect(lone.take()).toEqual(['GOAWAY 0']);
    expect([lone.engine.conversation.queuedBytes, lone.engine.isFinished, lone.engine.deadlineMs]).toEqual([
      0,
      false,
      4000,
    ]);
    expect(await lone.application.promises.errors()).toContainEqual(
      expect.objectContaining({ name: 'SessionClosedError', message: 'the session was closed' }),
    );
    expect(lone.engine.deliveries).toEqual([{ channel: 1, deliveredMessages: 0, undeliveredMessages: 1 }]);
  });

  it('ends the session when the peer is silent', () => {
    const lone = new LoneEngine('client');
    lone.engine.close(WireError.CLOSED, 'enough', 3000);
    expect(lone.take()).toEqual(['GOAWAY 0']);
    expect(lone.advanceTo(1000).engine.closeReason).toMatchObject({
      by: 'local',
      code: 'ERR_TCPCOMM_CLOSED',
      isClean: false,
    });
  });

  it('ends the session also when a write is never done: nothing is left to output alone', () => {
    const lone = new LoneEngine('client');
    lone.application.send(1, testBytes(500_000));
    expect(lone.takeBatch()).toBeDefined();
    lone.engine.close(WireError.CLOSED, 'enough', 3000);
    lone.advanceTo(3000);
    expect([lone.engine.isFinished, lone.engine.deadlineMs]).toEqual([false, 4000]);
    expect(lone.advanceTo(4000).engine.isFinished).toBe(true);
    lone.engine.handleWritten(4000);
    expect(lone.take()).toEqual(['GOAWAY 0']);
  });

  it('with a stream that ends behind it is clean when both have said it', () => {
    const lone = new LoneEngine('client');
    lone.engine.close(WireError.CLOSED, 'enough', 3000);
    lone.take();
    lone.receive(goodbyeFrame());
    lone.engine.handleEnd(0);
    expect(lone.engine.closeReason).toMatchObject({ by: 'local', isClean: true });
  });

  it.each([
    ['that this side has said', 'local', 'ERR_TCPCOMM_CLOSED'],
    ['that the peer has said, while this side still drains', 'remote', 'ERR_TCPCOMM_CLOSED'],
    ['that this side only prepares', 'network', 'ERR_TCPCOMM_CONNECTION_LOST'],
    ['that nobody has said', 'network', 'ERR_TCPCOMM_CONNECTION_LOST'],
  ])('%s, and then the end of the stream: not clean, and all settled', async (which, by, code) => {
    const lone = new LoneEngine('client', { settings: inFlightOf(1) });
    lone.application.getFile('f');
    if (which.includes('drains') || which.includes('prepares')) lone.application.send(1, testBytes(500_000), true);
    lone.take();
    if (which.includes('peer')) lone.receive(goodbyeFrame());
    else if (!which.includes('nobody'))
      lone.engine.close(WireError.CLOSED, 'enough', which.includes('said') ? 0 : 3000);
    lone.take();
    lone.engine.handleEnd(0);
    expect(lone.engine.closeReason).toMatchObject({ by, code, isClean: false });
    expect(await lone.application.promises.pending()).toEqual([]);
    expect(lone.application.targets.map(({ outcome }) => outcome)).toEqual([expect.any(Error)]);
    expect(lone.take()).toEqual([]);
  });

  it('said by both at the same moment is clean for both', () => {
    const lone = new LoneEngine('client');
    lone.engine.close(WireError.CLOSED, 'mine', 3000);
    expect(lone.take()).toEqual(['GOAWAY 0']);
    lone.receive(goodbyeFrame());
    expect(lone.take()).toEqual([]);
    expect(lone.engine.closeReason).toMatchObject({ by: 'local', message: 'mine', isClean: true });
  });

  it('ends the transfers that are open without a word to the peer; what is under way is ignored', () => {
    const lone = new LoneEngine('server');
    lone.application.getFile('f');
    lone.take();
    lone.engine.close(WireError.CLOSED, 'enough', 0);
    expect(lone.take()).toEqual(['GOAWAY 0']);
    const late = controlFrame(
      FrameType.FILE_OFFER,
      { path: 'f', sizeBytes: 1, modifiedMs: 0, integrity: 'xxh64', overwrite: 'replace' },
      2,
    );
    lone.receive(late, controlFrame(FrameType.FILE_REQUEST, { path: 'g' }, 5));
    expect([lone.application.asked, lone.take(), lone.engine.closeReason]).toEqual([[], [], undefined]);
  });

  it('waits for the transfers that are open, as long as it may', () => {
    const lone = new LoneEngine('server');
    lone.application.getFile('f');
    lone.take();
    lone.engine.close(WireError.CLOSED, 'enough', 3000);
    expect(lone.take()).toEqual([]);
    lone.receive(controlFrame(FrameType.FILE_ABORT, { code: 65, message: 'none' }, 2));
    expect(lone.take()).toEqual(['FILE_ABORT #2 65', 'GOAWAY 0']);
  });

  it('does not wait for transfers that this side has given up', () => {
    const lone = new LoneEngine('server');
    lone.application.getFile('f').cancel();
    lone.engine.close(WireError.CLOSED, 'enough', 3000);
    expect(lone.take()).toEqual(['FILE_REQUEST #2', 'FILE_ABORT #2 76', 'GOAWAY 0']);
  });

  it('of the peer ends our transfers; nothing more is said of them', () => {
    const lone = new LoneEngine('server', { settings: inFlightOf(1) });
    const source = lone.application.sendFile('f', testBytes(50_000));
    lone.receive(controlFrame(FrameType.FILE_ACCEPT, { offsetBytes: 0 }, 2));
    lone.take();
    lone.receive(goodbyeFrame());
    source.transfer.abort(WireError.TRANSFER_CANCELLED, 'too late');
    expect(source.outcome).toBeInstanceOf(SessionClosedError);
    expect(lone.take()).toEqual(['GOAWAY 0']);
  });

  it('leaves time for the peer to say what it has consumed', async () => {
    const lone = new LoneEngine('client');
    lone.application.send(1, testBytes(5), true);
    lone.take();
    lone.engine.close(WireError.CLOSED, 'enough', 3000);
    expect(lone.take()).toEqual(['GOAWAY 0']);
    lone.receive(creditFrame(1, 70_000, 1), goodbyeFrame({ '1': 1 }));
    lone.take();
    expect(await lone.application.promises.rejected()).toEqual([]);
    expect(lone.engine.deliveries).toEqual([{ channel: 1, deliveredMessages: 1, undeliveredMessages: 0 }]);
  });
});

describe('the report of what was delivered', () => {
  function sentThree(): LoneEngine {
    const lone = new LoneEngine('client');
    for (let count = 0; count < 3; count += 1) lone.application.send(1, testBytes(5));
    lone.application.send(7, testBytes(5));
    lone.take();
    return lone;
  }

  it('is the word of the peer', () => {
    const lone = sentThree().receive(goodbyeFrame({ '1': 2, '9': 5 }));
    expect(lone.engine.deliveries).toEqual([
      { channel: 1, deliveredMessages: 2, undeliveredMessages: 1 },
      { channel: 7, deliveredMessages: 0, undeliveredMessages: 1 },
    ]);
  });

  it('is at least what the peer has consumed', () => {
    const lone = sentThree().receive(goodbyeFrame({ '1': 1 }), creditFrame(1, 70_000, 3));
    expect(lone.engine.deliveries[0]).toEqual({ channel: 1, deliveredMessages: 3, undeliveredMessages: 0 });
  });

  it('is at most what was sent, whatever the peer says', () => {
    const lone = sentThree().receive(goodbyeFrame({ '1': 1_000_000 }));
    expect(lone.engine.deliveries[0]).toEqual({ channel: 1, deliveredMessages: 3, undeliveredMessages: 0 });
  });

  it('without a goodbye is what was consumed', () => {
    const lone = sentThree().receive(creditFrame(1, 70_000, 1));
    lone.engine.handleEnd(0);
    expect(lone.engine.deliveries[0]).toEqual({ channel: 1, deliveredMessages: 1, undeliveredMessages: 2 });
  });
});

describe('a session that is over', () => {
  it('sends nothing more, whatever the application consumes', () => {
    const lone = new LoneEngine('server');
    lone.application.withhold(1);
    lone.receive(messageFrame(1, testBytes(60_000)), goodbyeFrame());
    lone.take();
    expect(lone.engine.isFinished).toBe(true);
    lone.application.release(1);
    lone.engine.setPace({ blockSizeBytes: 1, bytesPerSecond: null });
    expect([lone.take(), lone.engine.deadlineMs]).toEqual([[], Infinity]);
  });

  it('that was abandoned says so and nothing else, and settles all', async () => {
    const lone = new LoneEngine('server');
    const reason = new SessionClosedError('destroyed');
    lone.application.send(1, testBytes(500_000), true);
    lone.application.getFile('f');
    lone.engine.abandon(reason);
    lone.engine.abandon(new SessionClosedError('again'));
    lone.engine.close(WireError.CLOSED, 'late', 0);
    lone.engine.handleEnd(0);
    lone.engine.handleDeadline(1e9);
    lone.receive(messageFrame(1), controlFrame(FrameType.ERROR, { code: 1, message: '' }));
    expect(lone.application.closeReasons).toEqual([expect.objectContaining({ by: 'local', message: 'destroyed' })]);
    expect([lone.take(), lone.engine.conversation.queuedBytes, lone.application.messages]).toEqual([
      ['ERROR 18'],
      0,
      [],
    ]);
    expect(new Set(await lone.application.promises.errors())).toEqual(new Set([reason]));
    expect(lone.application.targets[0]?.outcome).toBe(reason);
  });

  it('by the loss of its connection gives the loss as the reason of everything', async () => {
    const lone = new LoneEngine('server');
    lone.application.send(1, testBytes(500_000), true);
    lone.engine.handleEnd(0);
    expect(lone.engine.closeReason).toMatchObject({
      by: 'network',
      code: 'ERR_TCPCOMM_CONNECTION_LOST',
      message: 'the peer ended the connection without a goodbye',
    });
    expect(new Set(await lone.application.promises.errors())).toEqual(new Set([lone.engine.closeReason?.error]));
  });
});

it('a message too large for the peer is refused before anything is sent', () => {
  const lone = new LoneEngine('client', { remoteLimits: { maxMessageBytes: 1000 } });
  expect(errorOf(() => lone.application.send(1, testBytes(1001)))).toMatchObject({ limitName: 'maxMessageBytes' });
  expect([lone.take(), lone.engine.conversation.queuedBytes]).toEqual([[], 0]);
});

it('memory that is taken away before it has been sent ends the session, and both ends are told why', () => {
  const lone = new LoneEngine('client', { settings: inFlightOf(10_000) });
  const memory = testBytes(100_000);
  lone.application.send(1, memory);
  expect(lone.take()[0]).toMatch(/^MESSAGE 1 /);
  structuredClone(memory.buffer, { transfer: [memory.buffer] });
  lone.receive(ackFrame(lone.engine.observer.snapshot(0).inFlightBytes));
  expect(lone.take()).toEqual([`ERROR ${WireError.INTERNAL_ERROR}`]);
  const [reason] = lone.application.closeReasons;
  expect(reason).toMatchObject({ by: 'local', code: 'ERR_TCPCOMM_MEMORY_GONE' });
  expect(reason?.message).toContain('a message of 100000 bytes on channel 1 was transferred or shrunk');
});
