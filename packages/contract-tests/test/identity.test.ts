import { once } from 'node:events';
import { TcpCommClient } from '@tcpcomm/client';
import { ConnectionRejectedError } from '@tcpcomm/protocol';
import { type RejectedConnection, type ServerOptions, type ServerSession } from '@tcpcomm/server';
import {
  checkForLeaks,
  letEventsRun,
  rawFrame,
  RawPeer,
  rawPreface,
  SMALL_LIMITS,
  waitUntil,
} from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import {
  connectClient,
  connectPair,
  connectRelayedPair,
  type SessionPair,
  refusalOf,
  startServer,
} from '../src/index.ts';

checkForLeaks();

const HOST = '127.0.0.1';

/** Its client is called "before". */
const connectOverRelay = (server: ServerOptions = {}) =>
  connectRelayedPair({ client: { machineId: 'before' }, server });

/** What the two ends call the client, and what the server finds it by. */
function namesOf({ client, serverSession, server }: SessionPair, ...names: readonly string[]) {
  const found = names.filter((name) => server.getSession(name) === serverSession);
  return { client: client.getMachineId(), server: serverSession.machineId, found };
}

describe('a machine id that nobody can see', () => {
  it.each([
    ['a null character', 'a\u0000b', '"a\\u0000b"'],
    ['a line feed', 'desk\nroot: logged in', '"desk\\nroot: logged in"'],
    ['an escape sequence', '\u001b[2J', '"\\u001b[2J"'],
    ['a zero-width space', 'ad\u200bmin', '"ad\\u{200b}min"'],
    ['a zero-width joiner', 'admin\u200d', '"admin\\u{200d}"'],
    ['a right-to-left override', 'nimda\u202e', '"nimda\\u{202e}"'],
    ['a bidi isolate', '\u2066admin\u2069', '"\\u{2066}admin\\u{2069}"'],
    ['half a surrogate pair', 'desk \ud83d', '"desk \\ud83d"'],
    ['the other half', '\ude80', '"\\ude80"'],
    ['a line separator', 'a\u2028b', '"a\\u{2028}b"'],
    ['a letter that leaves no mark', '\u3164', '"\\u{3164}"'],
  ])('because of %s, is refused, and told so that it is seen', async (_what, machineId, shown) => {
    await using host = await startServer();
    const rejected = once(host.server, 'rejected') as Promise<[RejectedConnection]>;
    const error = await refusalOf(host.port, { machineId });
    expect(error).toMatchObject({ code: 'ERR_TCPCOMM_MACHINE_ID_INVALID', number: 37, retryAfterMs: undefined });
    expect(error.message).toBe(`the machine id ${shown} has characters that cannot be seen`);
    expect((await rejected)[0]).toMatchObject({ machineId, error: { code: 'ERR_TCPCOMM_MACHINE_ID_INVALID' } });
    expect(host.server.sessions.size).toBe(0);
  });

  it.each(['', ' ', '\u00a0', '\u3000\u2003', '\n'])('because it is blank, %j, is refused', async (machineId) => {
    await using host = await startServer();
    expect(await refusalOf(host.port, { machineId })).toMatchObject({
      code: 'ERR_TCPCOMM_MACHINE_ID_BLANK',
      number: 32,
    });
  });

  it('of 256 characters that all have to be spelled out makes a sentence that is not too long', async () => {
    await using host = await startServer();
    const error = await refusalOf(host.port, { machineId: '\u{e0041}'.repeat(128) });
    expect(error.code).toBe('ERR_TCPCOMM_MACHINE_ID_INVALID');
    expect(error.message.length).toBe(1024);
  });
});

describe('a machine id that is too long', () => {
  it('by one character is a mistake of this program', () => {
    expect(() => new TcpCommClient({ machineId: 'x'.repeat(257) })).toThrow(
      'machineId must be a string of at most 256 characters, got a string of 257 characters',
    );
  });

  it.each([257, 30_000])('%d characters from a client that does not care: it is told, and closed', async (length) => {
    await using host = await startServer();
    await using peer = await RawPeer.connect(host.port);
    const hello = { machineId: 'x'.repeat(length), agent: '', features: [], limits: SMALL_LIMITS };
    peer.send(rawPreface(), rawFrame(0x10, { payload: hello }));
    const { payload } = await peer.waitForFrame(0x12);
    expect(JSON.parse(payload.toString())).toMatchObject({ code: 7 });
    await peer.waitForEnd();
    expect(host.server.sessions.size).toBe(0);
  });

  it('10 MB are refused by their header, and not kept', async () => {
    await using host = await startServer();
    await using peer = await RawPeer.connect(host.port);
    const hello = { machineId: 'x'.repeat(10_000_000), agent: '', features: [], limits: SMALL_LIMITS };
    const frame = rawFrame(0x10, { payload: hello });
    peer.send(rawPreface(), frame.subarray(0, 10));
    const { payload } = await peer.waitForFrame(0x12);
    expect(JSON.parse(payload.toString())).toMatchObject({ code: 3 });
    peer.send(frame.subarray(10));
    peer.end();
    await peer.waitForClose();
    await using client = await connectClient(host.port);
    expect(client.isOpen).toBe(true);
  });

  it('10 MB at once are refused too, and the client hears why', async () => {
    await using host = await startServer();
    await using peer = await RawPeer.connect(host.port);
    const hello = { machineId: 'x'.repeat(10_000_000), agent: '', features: [], limits: SMALL_LIMITS };
    peer.send(rawPreface(), rawFrame(0x10, { payload: hello }));
    await peer.waitForEnd();
    expect(peer.frames.map(({ type }) => type)).toEqual([0x12]);
    expect(host.server.sessions.size).toBe(0);
  });
});

describe('two machine ids that look the same', () => {
  it.each([
    ['composed and decomposed', 'caf\u00e9', 'cafe\u0301'],
    ['full-width and usual', 'ＰＣ－１', 'PC-1'],
    ['a ligature and its letters', 'o\ufb03ce', 'office'],
    ['the unit Ångström and the letter', '\u212b', '\u00c5'],
    ['Hangul and its letters', '\uac00', '\u1100\u1161'],
    ['a space that does not break and a usual one', 'desk\u00a07', 'desk 7'],
  ])('are one: %s', async (_what, one, other) => {
    await using host = await startServer();
    for (const [first, second] of [
      [one, other],
      [other, one],
    ] as const) {
      await using client = await connectClient(host.port, { machineId: first });
      const error = await refusalOf(host.port, { machineId: second });
      expect(error).toMatchObject({ code: 'ERR_TCPCOMM_MACHINE_ID_TAKEN' });
      const session = host.server.getSession(second);
      expect([session?.sessionId, session?.machineId]).toEqual([client.sessionId, first]);
      expect(host.server.getSession(first)).toBe(session);
      const gone = once(host.server, 'sessionClosed');
      await client.close();
      await gone;
      expect([one, other].map((name) => host.server.getSession(name))).toEqual([undefined, undefined]);
    }
  });

  it('in other case are two', async () => {
    await using host = await startServer();
    await using one = await connectClient(host.port, { machineId: 'Desk' });
    await using other = await connectClient(host.port, { machineId: 'desk' });
    expect(host.server.getSession('Desk')?.sessionId).toBe(one.sessionId);
    expect(host.server.getSession('desk')?.sessionId).toBe(other.sessionId);
  });
});

describe('setMachineId while there is a session', () => {
  it('changes it at both ends; the old one is free', async () => {
    await using pair = await connectPair({ client: { machineId: 'before' } });
    const changing = pair.client.setMachineId('after');
    expect(pair.client.getMachineId()).toBe('before');
    await changing;
    expect(namesOf(pair, 'before', 'after')).toEqual({ client: 'after', server: 'after', found: ['after'] });
    await using another = await connectClient(pair.port, { machineId: 'before' });
    expect(pair.server.getSession('before')?.sessionId).toBe(another.sessionId);
    expect(await refusalOf(pair.port, { machineId: 'after' })).toMatchObject({ code: 'ERR_TCPCOMM_MACHINE_ID_TAKEN' });
  });

  it.each([
    ['to what it is already', 'before'],
    ['to another form of what it is', 'ｂｅｆｏｒｅ'],
    ['to 256 characters', 'x'.repeat(256)],
  ])('%s is taken', async (_what, machineId) => {
    await using pair = await connectPair({ client: { machineId: 'before' } });
    await pair.client.setMachineId(machineId);
    expect(namesOf(pair, machineId)).toEqual({ client: machineId, server: machineId, found: [machineId] });
  });

  it.each([
    ['taken', 'taken', 'MACHINE_ID_TAKEN', 33, 'the machine id "taken" is in use'],
    ['taken, in another form', 'ｔａｋｅｎ', 'MACHINE_ID_TAKEN', 33, 'the machine id "ｔａｋｅｎ" is in use'],
    ['blank', ' ', 'MACHINE_ID_BLANK', 32, 'the machine id is blank, this server wants one'],
    ['empty', '', 'MACHINE_ID_BLANK', 32, 'the machine id is blank, this server wants one'],
    [
      'invisible',
      'a\u200b',
      'MACHINE_ID_INVALID',
      37,
      'the machine id "a\\u{200b}" has characters that cannot be seen',
    ],
  ])('to one that is %s is refused, and nothing changes', async (_what, machineId, code, number, message) => {
    await using pair = await connectPair({ client: { machineId: 'before' } });
    await using another = await connectClient(pair.port, { machineId: 'taken' });
    const error = await pair.client.setMachineId(machineId).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectionRejectedError);
    expect(error).toMatchObject({ code: `ERR_TCPCOMM_${code}`, number, message });
    expect(namesOf(pair, 'before', machineId)).toEqual({ client: 'before', server: 'before', found: ['before'] });
    expect(pair.server.getSession('taken')?.sessionId).toBe(another.sessionId);
    // It is no reason to end anything, nor to refuse the next one.
    await pair.client.setMachineId('after');
    expect(namesOf(pair, 'before', 'after')).toEqual({ client: 'after', server: 'after', found: ['after'] });
  });

  it('several times at once is answered in order, refusals included', async () => {
    await using pair = await connectPair({ client: { machineId: 'before' } });
    const settled: string[] = [];
    const wanted = ['one', ' ', 'two', 'a\u0000', 'three', 'one'];
    const outcomes = await Promise.all(
      wanted.map((machineId) =>
        pair.client.setMachineId(machineId).then(
          () => settled.push(`${machineId}: ${pair.client.machineId} ${pair.serverSession.machineId}`),
          () => settled.push(`${machineId}: no`),
        ),
      ),
    );
    expect(outcomes).toHaveLength(6);
    expect(settled).toEqual([
      'one: one one',
      ' : no',
      'two: two two',
      'a\u0000: no',
      'three: three three',
      'one: one one',
    ]);
  });

  it('by two clients to the same one at once gives it to one of them', async () => {
    await using host = await startServer();
    await using one = await connectClient(host.port, { machineId: 'one' });
    await using other = await connectClient(host.port, { machineId: 'other' });
    const outcomes = await Promise.allSettled([one, other].map((client) => client.setMachineId('both')));
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const winner = outcomes[0]!.status === 'fulfilled' ? one : other;
    expect(host.server.getSession('both')?.sessionId).toBe(winner.sessionId);
  });

  it('to one that another client leaves in the same moment swaps the two, one after the other', async () => {
    await using host = await startServer();
    await using one = await connectClient(host.port, { machineId: 'one' });
    await using other = await connectClient(host.port, { machineId: 'other' });
    await one.setMachineId('between');
    await other.setMachineId('one');
    await one.setMachineId('other');
    expect([one, other].map(({ machineId }) => host.server.getSession(machineId)?.sessionId)).toEqual([
      one.sessionId,
      other.sessionId,
    ]);
  });

  it('under takeover ends the session that has it', async () => {
    await using host = await startServer({ duplicatePolicy: 'takeover' });
    await using holder = await connectClient(host.port, { machineId: 'wanted' });
    await using client = await connectClient(host.port, { machineId: 'before' });
    const session = host.server.getSession('before');
    await client.setMachineId('wanted');
    expect(await holder.closed).toMatchObject({ by: 'remote', code: 'ERR_TCPCOMM_TAKEN_OVER' });
    expect([host.server.getSession('wanted'), host.server.getSession('before')]).toEqual([session, undefined]);
    expect(client.isOpen).toBe(true);
  });

  it('under takeover to what it is already ends nothing', async () => {
    await using pair = await connectPair({
      client: { machineId: 'before' },
      server: { duplicatePolicy: 'takeover' },
    });
    await pair.client.setMachineId('before');
    await pair.client.setMachineId('ｂｅｆｏｒｅ');
    await letEventsRun();
    expect([pair.client.isOpen, pair.server.sessions.size]).toEqual([true, 1]);
  });

  it('under allow gives it to both', async () => {
    await using host = await startServer({ duplicatePolicy: 'allow' });
    await using holder = await connectClient(host.port, { machineId: 'shared' });
    await using client = await connectClient(host.port, { machineId: 'before' });
    await client.setMachineId('shared');
    expect(host.server.getSession('shared')?.sessionId).toBe(client.sessionId);
    await client.setMachineId('after');
    expect(host.server.getSession('shared')?.sessionId).toBe(holder.sessionId);
  });

  it('is free where machine ids do not matter', async () => {
    await using pair = await connectPair({
      client: { machineId: 'before' },
      server: { enforceUniqueMachineIds: false },
    });
    await using _other = await connectClient(pair.port, { machineId: '' });
    await pair.client.setMachineId('');
    expect(namesOf(pair, '')).toEqual({ client: '', server: '', found: [''] });
  });

  it('says what the server sees from then on: a new session has it too', async () => {
    await using pair = await connectOverRelay({ resumeGraceMs: 0 });
    await pair.client.setMachineId('after');
    const accepted = once(pair.server, 'session') as Promise<[ServerSession]>;
    pair.relay.cut();
    expect((await accepted)[0].machineId).toBe('after');
  });

  it.each([5, undefined, null, {}])('does not take %j', async (machineId) => {
    await using pair = await connectPair({ client: { machineId: 'before' } });
    await expect(pair.client.setMachineId(machineId as string)).rejects.toMatchObject({
      name: 'UsageError',
    });
    expect(pair.client.machineId).toBe('before');
  });
});

describe('setMachineId while the session waits for a connection', () => {
  async function suspended(server: ServerOptions = {}) {
    const pair = await connectOverRelay(server);
    await pair.client.setMachineId('before');
    pair.relay.refuses = true;
    pair.relay.cut();
    await waitUntil('both know', () => pair.client.isSuspended && pair.serverSession.isSuspended);
    return pair;
  }

  it('waits, and is asked over the next one', async () => {
    await using pair = await suspended();
    const changing = pair.client.setMachineId('after');
    await letEventsRun();
    expect(namesOf(pair, 'before', 'after')).toEqual({ client: 'before', server: 'before', found: ['before'] });
    pair.relay.refuses = false;
    await changing;
    expect(namesOf(pair, 'before', 'after')).toEqual({ client: 'after', server: 'after', found: ['after'] });
  });

  it('several times is asked in order over the next one', async () => {
    await using pair = await suspended();
    const changing = ['one', 'two', ' '].map((machineId) => pair.client.setMachineId(machineId));
    const settled = Promise.allSettled(changing);
    pair.relay.refuses = false;
    expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(namesOf(pair, 'before', 'one', 'two')).toEqual({ client: 'two', server: 'two', found: ['two'] });
  });

  it('is asked again of a server that has forgotten the session', async () => {
    await using pair = await suspended({ resumeGraceMs: 20 });
    const changing = pair.client.setMachineId('after');
    await pair.serverSession.closed;
    pair.relay.refuses = false;
    await changing;
    expect(pair.client.getMachineId()).toBe('after');
    expect(pair.server.getSession('after')?.sessionId).toBe(pair.client.sessionId);
    expect(pair.server.getSession('before')).toBeUndefined();
  });

  it.each(['close', 'destroy'] as const)('rejects when the client ends it: %s', async (how) => {
    await using pair = await suspended();
    const changing = ['one', 'two'].map((machineId) => pair.client.setMachineId(machineId));
    const settled = Promise.allSettled(changing);
    void pair.client[how]();
    for (const outcome of await settled) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'SessionClosedError' } });
    }
    expect(pair.client.getMachineId()).toBe('before');
    await expect(pair.client.setMachineId('later')).rejects.toMatchObject({ name: 'SessionClosedError' });
  });

  it('rejects when the client is not let in any more', async () => {
    let isWelcome = true;
    await using pair = await suspended({ authorize: () => isWelcome || 'not any more' });
    const changing = pair.client.setMachineId('after').catch((error: unknown) => error);
    isWelcome = false;
    pair.relay.refuses = false;
    expect(await changing).toMatchObject({ code: 'ERR_TCPCOMM_NOT_AUTHORIZED' });
  });
});

describe('setMachineId whose connection is lost', () => {
  it('with the answer is done: WELCOME tells', async () => {
    await using pair = await connectOverRelay();
    await pair.client.setMachineId('before');
    pair.relay.silence('back');
    const changing = pair.client.setMachineId('after');
    await waitUntil('the server has done it', () => pair.serverSession.machineId === 'after');
    const back = once(pair.client, 'connected');
    pair.relay.cut();
    await changing;
    expect((await back)[0]).toMatchObject({ resumed: true });
    expect(namesOf(pair, 'before', 'after')).toEqual({ client: 'after', server: 'after', found: ['after'] });
  });

  it('with the refusal is asked once more, and refused once more', async () => {
    await using pair = await connectOverRelay();
    await using another = await connectClient(pair.port, { machineId: 'taken' });
    await pair.client.setMachineId('before');
    pair.relay.silence('back');
    const passed = pair.relay.passed.forth;
    const changing = pair.client.setMachineId('taken').catch((error: unknown) => error);
    await waitUntil('it is on its way', () => pair.relay.passed.forth > passed);
    await letEventsRun();
    pair.relay.cut();
    expect(await changing).toMatchObject({ code: 'ERR_TCPCOMM_MACHINE_ID_TAKEN' });
    expect(namesOf(pair, 'before')).toEqual({ client: 'before', server: 'before', found: ['before'] });
    expect(pair.server.getSession('taken')?.sessionId).toBe(another.sessionId);
  });

  it('with the question is asked once more', async () => {
    await using pair = await connectOverRelay();
    await pair.client.setMachineId('before');
    pair.relay.silence('forth');
    const changing = pair.client.setMachineId('after');
    await letEventsRun();
    expect(pair.serverSession.machineId).toBe('before');
    pair.relay.cut();
    await changing;
    expect(namesOf(pair, 'before', 'after')).toEqual({ client: 'after', server: 'after', found: ['after'] });
  });

  it('again and again is asked until it is answered, once', async () => {
    await using pair = await connectOverRelay();
    await pair.client.setMachineId('before');
    for (let round = 0; round < 10; round += 1) {
      pair.relay.silence(round % 2 === 0 ? 'forth' : 'back');
      const changing = pair.client.setMachineId(`round ${round}`);
      await letEventsRun(round);
      pair.relay.cut();
      await changing;
      expect(namesOf(pair).client).toBe(`round ${round}`);
      expect(namesOf(pair).server).toBe(`round ${round}`);
    }
    expect(pair.server.sessions.size).toBe(1);
  });

  it('and is not replaced rejects', async () => {
    await using pair = await connectPair({ client: { machineId: 'before' } });
    const changing = pair.client.setMachineId('after').catch((error: unknown) => error);
    pair.client.destroy();
    expect(await changing).toMatchObject({ name: 'SessionClosedError' });
  });
});

describe('setMachineId without a session', () => {
  it('holds at once, and is what the client introduces itself by', async () => {
    await using host = await startServer();
    await using client = new TcpCommClient({ machineId: 'before' });
    void client.setMachineId('after');
    expect(client.getMachineId()).toBe('after');
    await client.connect(HOST, host.port);
    expect(host.server.getSession('after')?.sessionId).toBe(client.sessionId);
  });

  it('is no good while the client is connecting', async () => {
    await using host = await startServer();
    await using client = new TcpCommClient({ machineId: 'before' });
    const connecting = client.connect(HOST, host.port);
    await expect(client.setMachineId('after')).rejects.toMatchObject({ name: 'UsageError' });
    await connecting;
    expect(host.server.getSession('before')?.sessionId).toBe(client.sessionId);
  });
});
