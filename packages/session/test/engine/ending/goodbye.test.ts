import { FrameType, WireError } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { ANY_ERROR, createEnginePair, expectAllOver, type Pair, type Side } from '../engine-pair.ts';

const SLOW_LINK = { bytesPerSecond: 100_000, delayMs: 10, sendBufferBytes: 4096 };

function close(pair: Pair, side: Side, drainMs: number, code: WireError = WireError.CLOSED): void {
  side.application.engine.close(code, 'closing', pair.time.nowMs + drainMs);
}

function deliveriesOf(side: Side): [delivered: number, undelivered: number][] {
  return side.application.engine.deliveries.map(({ deliveredMessages, undeliveredMessages }) => [
    deliveredMessages,
    undeliveredMessages,
  ]);
}

function reasons({ sides }: Pair): object[] {
  return sides.map(({ application }) => ({ ...application.closeReasons[0], message: undefined }));
}

const CLEAN = [
  { by: 'local', code: 'ERR_TCPCOMM_CLOSED', isClean: true, message: undefined },
  { by: 'remote', code: 'ERR_TCPCOMM_CLOSED', isClean: true, message: undefined },
];

describe('a goodbye', () => {
  it('delivers what is queued at both ends first, and both reports say so', async () => {
    const pair = createEnginePair({ link: SLOW_LINK });
    const { client, server } = pair;
    for (let count = 0; count < 10; count += 1) {
      client.application.send(1, testBytes(10_000));
      server.application.send(2, testBytes(10_000));
    }
    close(pair, client, 60_000);
    await expectAllOver(pair);
    expect(reasons(pair)).toEqual(CLEAN);
    expect([server.application.messages.length, client.application.messages.length]).toEqual([10, 10]);
    expect(deliveriesOf(client)).toEqual([[10, 0]]);
    expect(await client.application.promises.rejected()).toEqual([]);
  });

  it('tells the other end the code and the words', async () => {
    const pair = createEnginePair();
    close(pair, pair.server, 1000, WireError.SERVER_STOPPED);
    await expectAllOver(pair);
    expect(pair.client.application.closeReasons[0]).toEqual({
      by: 'remote',
      code: 'ERR_TCPCOMM_SERVER_STOPPED',
      message: 'closing',
      isClean: true,
    });
  });

  it('that may not drain drops what is queued, and counts exactly what arrived', async () => {
    const pair = createEnginePair({ link: SLOW_LINK });
    const { time, client, server } = pair;
    for (let count = 0; count < 30; count += 1) client.application.send(1, testBytes(10_000));
    time.runUntil(1000);
    close(pair, client, 0);
    await expectAllOver(pair);
    const arrived = server.application.messages.length;
    expect(arrived).toBeGreaterThan(5);
    expect(deliveriesOf(client)).toEqual([[arrived, 30 - arrived]]);
    expect(reasons(pair)).toEqual(CLEAN);
    expect((await client.application.promises.rejected()).length).toBeGreaterThan(0);
  });

  it('that has not drained in time says goodbye then', async () => {
    const pair = createEnginePair({ link: SLOW_LINK });
    const { time, client, server } = pair;
    server.application.withhold(1);
    for (let count = 0; count < 20; count += 1) client.application.send(1, testBytes(10_000));
    close(pair, client, 3000);
    time.runUntil(2999);
    expect(client.application.closeReasons).toEqual([]);
    await expectAllOver(pair);
    expect(deliveriesOf(client)).toEqual([[6, 14]]);
    expect(reasons(pair)).toEqual(CLEAN);
    expect(time.nowMs).toBeLessThan(3200);
  });

  it('may be hurried by a second one', async () => {
    const pair = createEnginePair({ link: SLOW_LINK });
    pair.server.application.withhold(1);
    for (let count = 0; count < 20; count += 1) pair.client.application.send(1, testBytes(10_000));
    close(pair, pair.client, Infinity);
    pair.time.runUntil(5000);
    expect(pair.client.application.closeReasons).toEqual([]);
    close(pair, pair.client, 0);
    await expectAllOver(pair);
    expect(reasons(pair)).toEqual(CLEAN);
  });

  it('waits for files that are on their way', async () => {
    const pair = createEnginePair({ link: SLOW_LINK });
    const { client, server } = pair;
    client.application.sendFile('f', testBytes(100_000));
    client.application.files.set('g', testBytes(50_000));
    const target = server.application.getFile('g');
    pair.time.runUntil(100);
    close(pair, client, 60_000);
    await expectAllOver(pair);
    expect(Buffer.from(target.content).equals(testBytes(50_000))).toBe(true);
    expect([client.application.sources[0]?.outcome, target.outcome]).toEqual(['done', 'done']);
    expect(reasons(pair)).toEqual(CLEAN);
  });

  it('ends files that are not there in time at both ends, and no frame of a transfer follows it', async () => {
    const pair = createEnginePair({ link: SLOW_LINK });
    const { client, server } = pair;
    client.application.sendFile('f', testBytes(500_000));
    server.application.sendFile('g', testBytes(500_000));
    pair.time.runUntil(500);
    close(pair, client, 100);
    await expectAllOver(pair);
    const outcomes = pair.sides.flatMap(({ application }) => [...application.sources, ...application.targets]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 4 }, () => ANY_ERROR));
    const types = client.audit.sentFrames.map(({ type }) => type);
    const after = types.slice(types.indexOf(FrameType.GOAWAY) + 1);
    expect(after.filter((type) => type !== FrameType.ACK && type !== FrameType.CREDIT)).toEqual([]);
    expect(reasons(pair)).toEqual(CLEAN);
  });

  it('resolves what waits for confirmation and is confirmed', async () => {
    const pair = createEnginePair({ link: SLOW_LINK });
    pair.client.application.send(1, testBytes(100), true);
    close(pair, pair.client, 1000);
    await expectAllOver(pair);
    expect(await pair.client.application.promises.rejected()).toEqual([]);
  });

  it('rejects what waits for confirmation and is received, but not consumed', async () => {
    const pair = createEnginePair({ link: SLOW_LINK });
    pair.server.application.withhold(1);
    pair.client.application.send(1, testBytes(100), true);
    close(pair, pair.client, 1000);
    await expectAllOver(pair);
    expect(await pair.client.application.promises.rejected()).toEqual(['message 1 on 1 consumed']);
    expect(deliveriesOf(pair.client)).toEqual([[1, 0]]);
  });
});

describe('goodbyes from both ends at once', () => {
  it('are both local and clean, and nothing that was sent is lost', async () => {
    const pair = createEnginePair({ link: SLOW_LINK });
    const { client, server } = pair;
    for (const { application } of pair.sides) application.send(1, testBytes(20_000));
    for (const side of pair.sides) close(pair, side, 5000);
    await expectAllOver(pair);
    expect(reasons(pair)).toEqual([CLEAN[0], CLEAN[0]]);
    expect([client.application.messages.length, server.application.messages.length]).toEqual([1, 1]);
  });

  it('of which one comes while the other end drains: that one answers when it is through', async () => {
    const pair = createEnginePair({ link: SLOW_LINK });
    const { client, server } = pair;
    for (let count = 0; count < 5; count += 1) server.application.send(1, testBytes(10_000));
    for (const side of pair.sides) close(pair, side, 2000);
    await expectAllOver(pair);
    expect(client.application.messages).toHaveLength(5);
    expect(reasons(pair)).toEqual([CLEAN[0], CLEAN[0]]);
  });
});

describe('a peer that is silent', () => {
  it('does not hold up a goodbye for more than its time', async () => {
    const pair = createEnginePair();
    pair.server.outgoing.breakAfter(0, () => undefined);
    pair.client.application.send(1, testBytes(10), true);
    close(pair, pair.client, 3000);
    pair.time.runUntil(999);
    expect(pair.client.application.closeReasons).toEqual([]);
    pair.time.runUntil(1001);
    expect(pair.client.application.closeReasons).toEqual([
      { by: 'local', code: 'ERR_TCPCOMM_CLOSED', message: 'closing', isClean: false },
    ]);
    expect(deliveriesOf(pair.client)).toEqual([[0, 1]]);
    for (const { end } of pair.sides) end.lose();
    await expectAllOver(pair);
  });

  it('that reads nothing either does not hold it up', async () => {
    const pair = createEnginePair();
    const { client } = pair;
    client.end.isBlocked = true;
    client.application.send(1, testBytes(500_000), true);
    pair.time.runUntil(10);
    close(pair, client, 3000);
    pair.time.runUntil(4100);
    expect(client.application.closeReasons).toEqual([expect.objectContaining({ by: 'local', isClean: false })]);
    for (const { end } of pair.sides) end.lose();
    await expectAllOver(pair);
  });
});
