import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import {
  checkForLeaks,
  createTemporaryFolder,
  letEventsRun,
  rawCounters,
  rawFrame,
  RawPeer,
  waitUntil,
} from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { type ServerOptions, type ServerSession, TcpCommServer } from '../src/index.ts';
import { confirmedMessage, introduction, joinRaw, knock, type RawHello, rejectOf, welcomeOf } from './raw-client.ts';

checkForLeaks();

const HOST = '127.0.0.1';
const FEATURES = ['resume'];
const NO_TRANSFERS = { continued: [], done: [] };
const PING = rawFrame(0x05, { payload: Buffer.alloc(8) });
const MESSAGE = 0x01;
const CREDIT = 0x04;

/** A client of the server, as it was let in: what an attacker would like to be. */
interface Owner extends AsyncDisposable {
  readonly peer: RawPeer;
  readonly session: ServerSession;
  readonly sessionId: number;
  readonly key: string;
}

async function startServer(options: ServerOptions = {}) {
  const texts: string[] = [];
  const server = new TcpCommServer({
    bytesPerSecond: 0,
    onMessage: (bytes) => void texts.push(Buffer.from(bytes).toString()),
    ...options,
  });
  const { port } = await server.start({ port: 0, host: HOST });
  return { server, port, texts, [Symbol.asyncDispose]: () => server.close({ drainMs: 0 }).then(() => undefined) };
}

type Host = Awaited<ReturnType<typeof startServer>>;

/** Comes in, and has shown that it knows. */
async function comeIn({ server, port }: Host, machineId = 'owner'): Promise<Owner> {
  const accepted = once(server, 'session') as Promise<[ServerSession]>;
  const peer = await joinRaw(port, machineId, { features: FEATURES });
  const [session] = await accepted;
  peer.send(PING);
  await peer.waitForFrame(0x06);
  const { sessionId, sessionKey } = welcomeOf(peer)!;
  return { peer, session, sessionId, key: sessionKey!, [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
}

interface Proof {
  readonly sessionId: number;
  readonly key: string;
}

function resumeOf({ sessionId, key }: Proof, received: object = {}): object {
  return { sessionId, key, received, transfers: NO_TRANSFERS };
}

function proofOf(proof: Proof, received: object = {}): RawHello {
  return { features: FEATURES, resume: resumeOf(proof, received) };
}

/** Loses its connection, and the server knows. */
async function lose(owner: Owner): Promise<void> {
  owner.peer.reset();
  await waitUntil('the session waits', () => owner.session.isSuspended);
}

/** Comes back with that key; returns what it is welcomed with. */
async function comeBack(host: Host, proof: Proof, received: object = {}): Promise<{ peer: RawPeer; key: string }> {
  const peer = await joinRaw(host.port, 'whatever', proofOf(proof, received));
  const { sessionId, sessionKey, resumed } = welcomeOf(peer)!;
  expect([sessionId, resumed?.machineId]).toEqual([proof.sessionId, 'owner']);
  return { peer, key: sessionKey! };
}

/** Has messages consumed at both ends: the connection carries the session. */
async function expectCarried(host: Host, session: ServerSession, peer: RawPeer, text = 'mine still'): Promise<void> {
  const already = host.texts.length;
  const channel = 77;
  peer.send(rawFrame(MESSAGE, { channel: 1, flags: 3, payload: Buffer.from(text) }));
  await waitUntil('the message is there', () => host.texts.length > already);
  expect(host.texts.slice(already)).toEqual([text]);
  const sent = () => peer.frames.filter((frame) => frame.type === MESSAGE && frame.channel === channel);
  const before = sent().length;
  await session.sendText(text, channel);
  await waitUntil('the answer is there', () => sent().length > before);
  expect(sent().at(-1)!.payload.toString()).toBe(text);
}

/** What somebody who has not the right key may come with, knowing all else. */
const WRONG_PROOFS: readonly (readonly [what: string, hello: (owner: Owner, another: Owner) => RawHello])[] = [
  ['no proof at all', () => ({ features: FEATURES })],
  ['a key that was guessed', ({ sessionId }) => proofOf({ sessionId, key: randomBytes(24).toString('base64url') })],
  ['an empty key', ({ sessionId }) => proofOf({ sessionId, key: '' })],
  ['a key of 128 characters', ({ sessionId, key }) => proofOf({ sessionId, key: key.repeat(2).slice(0, 128) })],
  ['the key but for its last character', ({ sessionId, key }) => proofOf({ sessionId, key: key.slice(0, -1) })],
  ['the key and more', ({ sessionId, key }) => proofOf({ sessionId, key: `${key}=` })],
  ['the key of another session', ({ sessionId }, { key }) => proofOf({ sessionId, key })],
  ['the key for another session', ({ key }, { sessionId }) => proofOf({ sessionId, key })],
  ['the key for no session', ({ key }) => proofOf({ sessionId: 99, key })],
  ['the key for session 2^32 - 1', ({ key }) => proofOf({ sessionId: 0xffff_ffff, key })],
  ['the right key, and not the feature', ({ sessionId, key }) => ({ ...proofOf({ sessionId, key }), features: [] })],
  [
    'the right key, and another feature',
    ({ sessionId, key }) => ({ ...proofOf({ sessionId, key }), features: ['Resume', 'resume '] }),
  ],
];

/** What is no proof, but a mistake. */
const NO_PROOFS: readonly (readonly [what: string, resume: (proof: Proof) => unknown])[] = [
  ['no key', ({ sessionId }) => ({ sessionId, received: {}, transfers: NO_TRANSFERS })],
  ['a key that is a number', ({ sessionId }) => ({ sessionId, key: 5, received: {}, transfers: NO_TRANSFERS })],
  ['a key of 129 characters', ({ sessionId }) => resumeOf({ sessionId, key: 'x'.repeat(129) })],
  ['session 0', ({ key }) => resumeOf({ sessionId: 0, key })],
  ['session 2^32', ({ key }) => resumeOf({ sessionId: 2 ** 32, key })],
  ['half a session', ({ key }) => resumeOf({ sessionId: 1.5, key })],
  ['no place where it stands', ({ sessionId, key }) => ({ sessionId, key, transfers: NO_TRANSFERS })],
  ['a channel 0', (proof) => resumeOf(proof, { 0: [0, 0, 0] })],
  ['a channel 251', (proof) => resumeOf(proof, { 251: [0, 0, 0] })],
  ['a channel "01"', (proof) => resumeOf(proof, { '01': [0, 0, 0] })],
  ['two integers', (proof) => resumeOf(proof, { 1: [0, 0] })],
  ['four integers', (proof) => resumeOf(proof, { 1: [0, 0, 0, 0] })],
  ['less than nothing', (proof) => resumeOf(proof, { 1: [-1, 0, 0] })],
  ['more than 2^53 - 1', (proof) => resumeOf(proof, { 1: [2 ** 53, 0, 0] })],
  [
    '65 transfers',
    ({ sessionId, key }) => ({
      ...{ sessionId, key, received: {} },
      transfers: { continued: Array.from({ length: 65 }, (_, id) => id + 1), done: [] },
    }),
  ],
];

describe.each(['is there', 'is away'] as const)('while its client %s, a session', (where) => {
  /** A session, and another one for the attacker to know of. */
  async function setUp() {
    const host = await startServer();
    const another = await comeIn(host, 'another');
    const owner = await comeIn(host);
    if (where === 'is away') await lose(owner);
    return {
      ...{ host, owner, another },
      [Symbol.asyncDispose]: async () => {
        await Promise.all([another.peer[Symbol.asyncDispose](), owner.peer[Symbol.asyncDispose]()]);
        await host[Symbol.asyncDispose]();
      },
    };
  }

  /** Its client still has it, or gets it back. */
  async function expectNotStolen({ host, owner }: { readonly host: Host; readonly owner: Owner }): Promise<void> {
    expect(host.server.getSession('owner')).toBe(owner.session);
    if (where === 'is there') await expectCarried(host, owner.session, owner.peer);
    const { peer } = await comeBack(host, owner, { 77: where === 'is there' ? [1, 18, 0] : [0, 0, 0] });
    await using _peer = peer;
    await expectCarried(host, owner.session, peer);
  }

  it.each(WRONG_PROOFS)('is not had with %s: no machine id, no word about why', async (_what, hello) => {
    await using scene = await setUp();
    const { host, owner, another } = scene;
    await using plain = await knock(host.port, 'owner');
    await using thief = await knock(host.port, 'owner', hello(owner, another));
    expect(rejectOf(thief)).toMatchObject({ code: 33, message: rejectOf(plain)!.message });
    await using guest = await knock(host.port, 'guest', hello(owner, another));
    expect(welcomeOf(guest)).toMatchObject({ sessionId: 3 });
    expect(welcomeOf(guest)).not.toHaveProperty('resumed');
    await expectNotStolen(scene);
    expect(another.session.isOpen && !another.session.isSuspended).toBe(true);
  });

  it.each(NO_PROOFS)('is not disturbed by a HELLO with %s', async (_what, resume) => {
    await using scene = await setUp();
    await using peer = await knock(scene.host.port, 'owner', { features: FEATURES, resume: resume(scene.owner) });
    expect(rejectOf(peer)).toMatchObject({ code: 7 });
    await expectNotStolen(scene);
  });

  it('is not disturbed by a hundred that guess at once', async () => {
    await using scene = await setUp();
    const { sessionId } = scene.owner;
    const thieves = await Promise.all(
      Array.from({ length: 100 }, () =>
        knock(scene.host.port, 'owner', proofOf({ sessionId, key: randomBytes(24).toString('base64url') })),
      ),
    );
    expect(new Set(thieves.map((thief) => rejectOf(thief)?.code))).toEqual(new Set([33]));
    await expectNotStolen(scene);
    await Promise.all(thieves.map((thief) => thief[Symbol.asyncDispose]()));
  });

  it('is not disturbed by who has the right key and leaves before the answer', async () => {
    await using scene = await setUp();
    const bytes = introduction('owner', proofOf(scene.owner));
    for (let length = bytes.length % 20; length <= bytes.length; length += 20) {
      const peer = await RawPeer.connect(scene.host.port);
      peer.socket.write(bytes.subarray(0, length));
      peer.socket.destroySoon();
      await peer.waitForClose();
    }
    expect(scene.host.server.getSession('owner')).toBe(scene.owner.session);
    const { peer } = await comeBack(scene.host, scene.owner);
    await using _peer = peer;
    await expectCarried(scene.host, scene.owner.session, peer);
  });
});

describe('a key', () => {
  it('of a session that has ended opens nothing', async () => {
    await using host = await startServer();
    const owner = await comeIn(host);
    owner.peer.send(rawFrame(0x14, { payload: { code: 0, message: '', received: {} } }));
    await owner.session.closed;
    await owner.peer[Symbol.asyncDispose]();
    await using again = await joinRaw(host.port, 'owner', proofOf(owner));
    expect(welcomeOf(again)).not.toHaveProperty('resumed');
    // The number is used again, and the key is another one.
    expect(welcomeOf(again)!.sessionId).toBe(owner.sessionId);
    await using thief = await knock(host.port, 'owner', proofOf(owner));
    expect(rejectOf(thief)).toMatchObject({ code: 33 });
  });

  it('of a session that is being closed opens nothing', async () => {
    await using host = await startServer();
    await using owner = await comeIn(host);
    const closing = owner.session.close({ drainMs: 0 });
    await using again = await joinRaw(host.port, 'owner', proofOf(owner));
    expect(welcomeOf(again)).not.toHaveProperty('resumed');
    expect(welcomeOf(again)!.sessionId).not.toBe(owner.sessionId);
    owner.peer.destroy();
    await closing;
  });

  it('of a session whose time was over opens nothing', async () => {
    await using host = await startServer({ resumeGraceMs: 20 });
    await using owner = await comeIn(host);
    owner.peer.destroy();
    expect(await owner.session.closed).toMatchObject({ code: 'ERR_TCPCOMM_SESSION_EXPIRED' });
    await using again = await joinRaw(host.port, 'owner', proofOf(owner));
    expect(welcomeOf(again)).not.toHaveProperty('resumed');
  });

  it('is given to nobody by a server that keeps no session, nor to a client that does not know what it is for', async () => {
    await using forgetful = await startServer({ resumeGraceMs: 0 });
    await using one = await joinRaw(forgetful.port, 'one', { features: FEATURES });
    expect(welcomeOf(one)).toMatchObject({ features: [] });
    expect(welcomeOf(one)).not.toHaveProperty('sessionKey');
    await using host = await startServer();
    await using other = await joinRaw(host.port, 'other');
    expect(welcomeOf(other)).toMatchObject({ features: FEATURES });
    expect(welcomeOf(other)).not.toHaveProperty('sessionKey');
  });

  it('is outdated as soon as something has come over the connection that the next one was given for', async () => {
    await using host = await startServer();
    await using owner = await comeIn(host);
    const second = await comeBack(host, owner);
    second.peer.send(PING);
    await second.peer.waitForFrame(0x06);
    await using thief = await knock(host.port, 'owner', proofOf(owner));
    expect(rejectOf(thief)).toMatchObject({ code: 33 });
    await expectCarried(host, owner.session, second.peer);
    const third = await comeBack(host, { ...owner, key: second.key }, { 77: [1, 18, 0] });
    await expectCarried(host, owner.session, third.peer);
    for (const { peer } of [second, third]) await peer[Symbol.asyncDispose]();
  });

  it('is outdated by a single byte, and also when that connection is lost', async () => {
    await using host = await startServer();
    await using owner = await comeIn(host);
    const second = await comeBack(host, owner);
    second.peer.send(PING.subarray(0, 1));
    second.peer.end();
    await waitUntil('the session waits', () => owner.session.isSuspended);
    await using thief = await knock(host.port, 'owner', proofOf(owner));
    expect(rejectOf(thief)).toMatchObject({ code: 33 });
    const third = await comeBack(host, { ...owner, key: second.key });
    await expectCarried(host, owner.session, third.peer);
    for (const { peer } of [second, third]) await peer[Symbol.asyncDispose]();
  });

  it('is valid for as long as WELCOME is lost, and the ones that were lost are not', async () => {
    await using host = await startServer();
    await using owner = await comeIn(host);
    const lost: string[] = [];
    const lostPeers: RawPeer[] = [];
    for (let time = 0; time < 3; time += 1) {
      const { peer, key } = await comeBack(host, owner);
      lost.push(key);
      lostPeers.push(peer);
      // Nothing has come from it, whether it is reset or not.
      if (time !== 1) peer.reset();
      if (time === 2) await waitUntil('the session waits', () => owner.session.isSuspended);
    }
    expect(new Set([owner.key, ...lost]).size).toBe(4);
    for (const key of lost.slice(0, 2)) {
      await using thief = await knock(host.port, 'owner', proofOf({ ...owner, key }));
      expect(rejectOf(thief)).toMatchObject({ code: 33 });
    }
    // The latest has perhaps been heard of, and then it is the one that is used.
    const { peer, key } = await comeBack(host, { ...owner, key: lost[2]! });
    await expectCarried(host, owner.session, peer);
    for (const outdated of [owner.key, lost[2]!]) {
      await using thief = await knock(host.port, 'owner', proofOf({ ...owner, key: outdated }));
      expect(rejectOf(thief)).toMatchObject({ code: 33 });
    }
    const last = await comeBack(host, { ...owner, key }, { 77: [1, 18, 0] });
    await expectCarried(host, owner.session, last.peer);
    await Promise.all([...lostPeers, peer, last.peer].map((one) => one[Symbol.asyncDispose]()));
  });
});

/** Two messages of 6 bytes on channel 1, a large one on channel 2, in frames of 8 bytes more each. */
const SMALL_BYTES = 14;
const LARGE = 20_000;

interface Impossible {
  readonly what: string;
  readonly received: Record<string, readonly number[]>;
  /** What the owner says before it loses its connection. */
  readonly before?: (sentBytes: number) => Buffer;
}

const IMPOSSIBLE: readonly Impossible[] = [
  { what: 'one message more than was sent', received: { 1: [3, 2 * SMALL_BYTES, 0] } },
  { what: 'one byte more than was sent', received: { 1: [2, 2 * SMALL_BYTES + 1, 0] } },
  { what: 'the most that can be said', received: { 1: new Array<number>(3).fill(Number.MAX_SAFE_INTEGER) } },
  { what: 'a part of a message that is never sent in parts', received: { 1: [1, SMALL_BYTES, 3] } },
  { what: 'a part of a message that was never sent', received: { 1: [2, 2 * SMALL_BYTES, 1] } },
  { what: 'more of a message than it has', received: { 2: [0, LARGE, LARGE + 1] } },
  { what: 'all of a message, and not the message', received: { 2: [0, LARGE, LARGE] } },
  { what: 'messages of a channel that nothing was sent on', received: { 9: [1, 0, 0] } },
  { what: 'bytes of a channel that nothing was sent on', received: { 9: [0, 9, 0] } },
  { what: 'a part of a message on a channel that nothing was sent on', received: { 9: [0, 0, 1] } },
  {
    what: 'less than was consumed',
    received: { 1: [1, SMALL_BYTES, 0] },
    before: () => rawFrame(CREDIT, { channel: 1, payload: rawCounters(65_536 + 2 * SMALL_BYTES, 2) }),
  },
  {
    what: 'nothing of what was consumed',
    received: {},
    before: () => rawFrame(CREDIT, { channel: 1, payload: rawCounters(65_536 + SMALL_BYTES, 1) }),
  },
  {
    what: 'less than was acknowledged, which nobody keeps',
    received: {},
    before: (sentBytes) => rawFrame(0x03, { payload: rawCounters(sentBytes) }),
  },
];

describe('who has the key and stands where he cannot', () => {
  it.each(IMPOSSIBLE)('with $what, is refused, and the session is over', async ({ received, before }) => {
    await using host = await startServer();
    await using owner = await comeIn(host);
    const { session, peer } = owner;
    for (const text of ['first ', 'second']) await session.sendText(text, 1);
    await session.sendBytes(new Uint8Array(LARGE), 2);
    await waitUntil('all of it is there', () => {
      const bytes = peer.frames.filter(({ type }) => type === MESSAGE).map(({ payload }) => payload.length);
      return bytes.reduce((sum, length) => sum + length, 0) === LARGE + 12;
    });
    if (before) {
      const flowControlled = peer.frames.filter(({ type }) => type === MESSAGE);
      const sentBytes = flowControlled.reduce((sum, { payload }) => sum + 8 + payload.length, 0);
      peer.send(before(sentBytes), rawFrame(0x05, { payload: Buffer.from('are you?') }));
      await peer.waitForFrame(0x06, 2);
    }
    await using again = await knock(host.port, 'owner', proofOf(owner, received));
    const reason = await session.closed;
    expect(reason).toMatchObject({ by: 'local', code: 'ERR_TCPCOMM_INVALID_ACKNOWLEDGEMENT', isClean: false });
    expect(rejectOf(again)).toEqual({ code: 10, message: reason.message });
    expect(reason.message).toMatch(/cannot have arrived on channel \d/);
    await again.waitForEnd();
    await peer.waitForEnd();
    // The place is free, and the key is of no use.
    await using newcomer = await joinRaw(host.port, 'owner', proofOf(owner));
    expect(welcomeOf(newcomer)).not.toHaveProperty('resumed');
  });

  it('where he can, gets all that follows, once and in order', async () => {
    await using host = await startServer();
    await using owner = await comeIn(host);
    for (const text of ['first ', 'second', 'third ']) await owner.session.sendText(text, 1);
    await owner.peer.waitForFrame(MESSAGE, 3);
    await lose(owner);
    const { peer } = await comeBack(host, owner, { 1: [1, SMALL_BYTES, 0] });
    await using _peer = peer;
    await peer.waitForFrame(MESSAGE, 2);
    expect(peer.frames.filter(({ type }) => type === MESSAGE).map(({ payload }) => payload.toString())).toEqual([
      'second',
      'third ',
    ]);
  });
});

/** Lets in who comes for the first time, and who comes back when it is told to. */
function decidesLater() {
  const decisions: (() => void)[] = [];
  const authorize: ServerOptions['authorize'] = ({ isResuming }) =>
    !isResuming ||
    new Promise((resolve) => {
      decisions.push(() => {
        resolve(true);
      });
    });
  return { decisions, authorize };
}

describe('several connections that take up one session in the same moment', () => {
  it.each([2, 3, 10])('%d of them: one carries it, nobody waits for an answer, and all arrives once', async (count) => {
    await using host = await startServer();
    const owner = await comeIn(host);
    let { key } = owner;
    for (let round = 0; round < 10; round += 1) {
      const received = round === 0 ? {} : { 77: [round, round * 18, 0] };
      const peers = await Promise.all(Array.from({ length: count }, () => RawPeer.connect(host.port)));
      for (const peer of peers) peer.send(introduction('owner', proofOf({ ...owner, key }, received)));
      await waitUntil('each has its answer, or its end', () =>
        peers.every((peer) => welcomeOf(peer) ?? rejectOf(peer) ?? (peer.hasEnded || peer.isClosed)),
      );
      const isCarrying = (peer: RawPeer) => !peer.hasEnded && !peer.isClosed;
      await waitUntil('one is left', () => peers.filter(isCarrying).length === 1);
      const carrier = peers.find(isCarrying)!;
      await expectCarried(host, owner.session, carrier);
      key = welcomeOf(carrier)!.sessionKey!;
      expect([owner.session.isSuspended, host.server.sessions.size]).toEqual([false, 1]);
      await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()));
    }
    expect(host.texts).toHaveLength(10);
    await owner.peer[Symbol.asyncDispose]();
  });

  it('the last of them carries it: the one before may be dead, and nobody has noticed', async () => {
    const { decisions, authorize } = decidesLater();
    await using host = await startServer({ authorize });
    await using owner = await comeIn(host);
    await using dead = await RawPeer.connect(host.port);
    await using alive = await RawPeer.connect(host.port);
    dead.send(introduction('owner', proofOf(owner)));
    await waitUntil('the first is asked about', () => decisions.length === 1);
    alive.send(introduction('owner', proofOf(owner)));
    await waitUntil('the second is asked about', () => decisions.length === 2);
    for (const decide of decisions) decide();
    await alive.waitForFrame(0x11);
    expect(welcomeOf(alive)).toHaveProperty('resumed');
    await dead.waitForEnd();
    await expectCarried(host, owner.session, alive);
  });
});

/** Files that have their final names. */
function finishedFiles(folder: string): string[] {
  return readdirSync(folder).filter((name) => /^file \d+$/.test(name));
}

it('a client that comes back while its files are being finished learns exactly which are done', async () => {
  const ids = Array.from({ length: 20 }, (_, index) => 2 * index + 1);
  for (let round = 0; round < 5; round += 1) {
    await using folder = createTemporaryFolder();
    const done: string[][] = [];
    {
      await using host = await startServer({ files: { root: folder.path } });
      await using owner = await comeIn(host);
      const offer = { sizeBytes: 0, modifiedMs: 0, integrity: 'xxh64', overwrite: 'refuse' };
      for (const id of ids) owner.peer.send(rawFrame(0x21, { stream: id, payload: { path: `file ${id}`, ...offer } }));
      await owner.peer.waitForFrame(0x22, ids.length);
      // The hash of nothing.
      for (const id of ids) owner.peer.send(rawFrame(0x23, { stream: id, payload: { hash: 'ef46db3751d8e999' } }));
      // Now the others are about to be.
      await waitUntil('one is there', () => finishedFiles(folder.path).length > 0);
      // Whoever says nothing may not have heard what it was told: it is told again.
      for (let time = 0; time < 2; time += 1) {
        await using again = await joinRaw(host.port, 'owner', proofOf(owner));
        done.push(welcomeOf(again)!.resumed!.transfers.done.map(({ id }) => `file ${id}`));
      }
    }
    const finished = finishedFiles(folder.path).toSorted();
    expect(done.map((names) => names.toSorted())).toEqual([finished, finished]);
  }
});

it('a thousand times in a row, without a pause: one session, nothing is left, and the server answers others', async () => {
  await using host = await startServer();
  await using bystander = await joinRaw(host.port, 'bystander');
  const owner = await comeIn(host);
  let { peer, key }: { peer: RawPeer; key: string } = owner;
  const old: RawPeer[] = [];
  for (let time = 1; time <= 1000; time += 1) {
    old.push(peer);
    ({ peer, key } = await comeBack(host, { ...owner, key }));
    // Every other one is left lying.
    if (time % 2 === 0) old.pop()!.destroy();
    if (time % 100 === 0) {
      bystander.send(confirmedMessage('still here'));
      const credit = await bystander.waitForFrame(CREDIT, time / 100);
      expect(credit.payload.readBigUInt64BE(8)).toBe(BigInt(time / 100));
      expect(host.server.sessions.size).toBe(2);
    }
  }
  await waitUntil('all but the last are closed', () => old.every((one) => one.hasEnded || one.isClosed));
  host.texts.length = 0;
  await expectCarried(host, owner.session, peer);
  for (const one of [...old, peer]) await one[Symbol.asyncDispose]();
});

it('a hundred times at once without waiting for an answer: one session, which its client gets back', async () => {
  await using host = await startServer({ maxPendingHandshakes: 20 });
  const owner = await comeIn(host);
  const peers = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const peer = await RawPeer.connect(host.port).catch(() => undefined);
      peer?.send(introduction('owner', proofOf(owner)));
      peer?.socket.destroySoon();
      return peer;
    }),
  );
  await waitUntil('all are gone', () => peers.every((peer) => peer === undefined || peer.isClosed));
  await waitUntil('the session waits', () => owner.session.isSuspended);
  await letEventsRun();
  expect(host.server.sessions.size).toBe(1);
  const { peer } = await comeBack(host, owner);
  await expectCarried(host, owner.session, peer);
  await Promise.all([owner.peer, peer].map((one) => one[Symbol.asyncDispose]()));
});

describe('a server that asks each time', () => {
  it.each(['is there', 'is away'] as const)(
    'leaves the session as it is when it says no: its client %s',
    async (where) => {
      let isWelcome = true;
      await using host = await startServer({ authorize: () => isWelcome });
      await using owner = await comeIn(host);
      if (where === 'is away') await lose(owner);
      isWelcome = false;
      await using peer = await knock(host.port, 'owner', proofOf(owner));
      expect(rejectOf(peer)).toMatchObject({ code: 38 });
      expect([owner.session.isOpen, owner.session.isSuspended]).toEqual([true, where === 'is away']);
      if (where === 'is there') {
        await expectCarried(host, owner.session, owner.peer);
        return;
      }
      isWelcome = true;
      const back = await comeBack(host, owner);
      await expectCarried(host, owner.session, back.peer);
      await back.peer[Symbol.asyncDispose]();
    },
  );

  it('asks about a newcomer when the session has ended while it was decided about its client', async () => {
    const asked: [string, boolean][] = [];
    const proof = Promise.withResolvers<boolean>();
    await using host = await startServer({
      authorize: ({ machineId, isResuming }) => {
        asked.push([machineId, isResuming]);
        // Who resumes has been asked for credentials before: an application may think so.
        return isResuming ? proof.promise : machineId !== 'admin';
      },
    });
    await using owner = await comeIn(host);
    await using thief = await RawPeer.connect(host.port);
    thief.send(introduction('admin', proofOf(owner)));
    await waitUntil('it is asked about', () => asked.length === 2);
    owner.peer.send(rawFrame(0x14, { payload: { code: 0, message: '', received: {} } }));
    await waitUntil('the session is over', () => !owner.session.isOpen);
    proof.resolve(true);
    await thief.waitForEnd();
    expect(asked).toEqual([
      ['owner', false],
      ['owner', true],
      ['admin', false],
    ]);
    expect(rejectOf(thief)).toMatchObject({ code: 38 });
  });

  it('does not let an outdated key end the connection of the client that has a later one', async () => {
    const { decisions, authorize } = decidesLater();
    await using host = await startServer({ authorize });
    await using owner = await comeIn(host);
    await using late = await RawPeer.connect(host.port);
    late.send(introduction('owner', proofOf(owner)));
    await waitUntil('it is asked about', () => decisions.length === 1);
    await using back = await RawPeer.connect(host.port);
    back.send(introduction('owner', proofOf(owner)));
    await waitUntil('the other is asked about', () => decisions.length === 2);
    decisions[1]!();
    await back.waitForFrame(0x11);
    await expectCarried(host, owner.session, back);
    decisions[0]!();
    await late.waitForEnd();
    expect(rejectOf(late)).toMatchObject({ code: 33 });
    await expectCarried(host, owner.session, back, 'undisturbed');
  });

  it('is not told that a client takes its session up again if it has the wrong key', async () => {
    const asked: [string, boolean][] = [];
    await using host = await startServer({
      authorize: ({ machineId, isResuming }) => void asked.push([machineId, isResuming]),
    });
    await using owner = await comeIn(host);
    await using thief = await knock(host.port, 'thief', proofOf({ sessionId: owner.sessionId, key: 'guessed' }));
    const back = await comeBack(host, owner);
    expect(asked).toEqual([
      ['owner', false],
      ['thief', false],
      ['owner', true],
    ]);
    expect(welcomeOf(thief)).not.toHaveProperty('resumed');
    await back.peer[Symbol.asyncDispose]();
  });
});
