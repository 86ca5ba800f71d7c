import { PREFACE_BYTES, TcpCommError } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { createHandshakePair, type HandshakePair, type Side } from './engine-pair.ts';

/** A conversation that uses everything once: handshake, messages whole and in parts, confirmation, files both ways, a goodbye. */
function converse(): HandshakePair {
  const pair = createHandshakePair();
  const { time, client, server } = pair;
  const talk = (side: Side, peer: Side) => {
    const { application } = side;
    peer.application.files.set('f', testBytes(70));
    application.send(1, testBytes(30), true);
    application.send(2, testBytes(2100));
    application.sendFile('g', testBytes(60));
    application.getFile('f');
  };
  time.schedule(5, () => {
    if (client.application.hasSession && client.application.engine.isOpen) talk(client, server);
    if (server.application.hasSession && server.application.engine.isOpen) talk(server, client);
  });
  time.schedule(40, () => {
    if (client.application.hasSession) client.application.engine.close(0, 'bye', time.nowMs + 1000);
  });
  return pair;
}

/** Behind which bytes of its stream one side is cut off: all, but for the inside of the large message, which is all the same. */
function* cutsOf(side: Side): Generator<number> {
  yield* Array.from({ length: PREFACE_BYTES }, (_, at) => at);
  let start = PREFACE_BYTES;
  for (const { frameBytes } of side.audit.sentFrames) {
    for (let at = 0; at < frameBytes; at += 1) {
      if (frameBytes < 1000 || at < 20 || at > frameBytes - 20) yield start + at;
    }
    start += frameBytes;
  }
}

/** Whatever has become of it: each side knows once why, by an error with a type, and nobody waits any more. */
async function expectSettled(pair: HandshakePair): Promise<void> {
  for (const [name, { application, end }] of Object.entries({ client: pair.client, server: pair.server })) {
    expect(end.isClosed).toBe(true);
    const failure = pair.failures[name as 'client' | 'server'];
    expect(application.closeReasons.length + (failure ? 1 : 0)).toBe(1);
    for (const error of [failure, application.closeReasons[0]?.error]) {
      if (error) expect(error).toBeInstanceOf(TcpCommError);
    }
    expect(await application.promises.pending()).toEqual([]);
    for (const error of await application.promises.errors()) expect(error).toBeInstanceOf(TcpCommError);
    const files = [...application.sources, ...application.targets];
    expect(files.filter(({ outcome }) => outcome === 'pending')).toEqual([]);
    if (application.hasSession) {
      expect([application.engine.deadlineMs, application.engine.conversation.queuedBytes]).toEqual([Infinity, 0]);
    }
  }
}

describe('a connection that ends', () => {
  it('nowhere before its time: the conversation ends well', async () => {
    const pair = converse();
    pair.time.runUntilQuiet();
    await expectSettled(pair);
    expect(pair.sides.map(({ application }) => application.closeReasons[0]?.isClean)).toEqual([true, true]);
    for (const { application } of pair.sides) {
      expect([...application.sources, ...application.targets].map(({ outcome }) => outcome)).toEqual(
        Array.from({ length: 4 }, () => 'done'),
      );
      expect(await application.promises.rejected()).toEqual([]);
    }
  });

  it.each([
    ['client', 'end of the stream'],
    ['server', 'end of the stream'],
    ['client', 'loss'],
    ['server', 'loss'],
  ] as const)('behind any byte of the %s, with an %s, leaves nothing behind at either end', async (who, how) => {
    const complete = converse();
    complete.time.runUntilQuiet();
    const cuts = [...cutsOf(complete[who])];
    expect(cuts.length).toBeGreaterThan(500);
    expect(cuts.at(-1)).toBe(complete[who].outgoing.arrivedBytes - 1);
    for (const bytes of cuts) {
      const pair = converse();
      const receiver = who === 'client' ? pair.server : pair.client;
      pair[who].outgoing.breakAfter(bytes, () => {
        if (how === 'loss') for (const { end } of pair.sides) end.lose();
        else receiver.end.handleEnd();
      });
      pair.time.runUntilQuiet();
      await expectSettled(pair);
    }
  });
});
