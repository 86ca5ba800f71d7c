import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { ProtocolError, TcpCommError } from '@tcpcomm/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  checkForLeaks,
  createTemporaryFolder,
  harmlessFrames,
  hostileFrames,
  rawCounters,
  rawFrame,
  RawPeer,
  rawPreface,
  SMALL_LIMITS,
  type TemporaryFolder,
  testBytes,
  waitUntil,
} from '@tcpcomm/test-support';
import { type CloseReason, type RejectedConnection, type ServerSession, TcpCommServer } from '../src/index.ts';
import { confirmedMessage, introduction, joinRaw } from './raw-client.ts';

/**
 * One server for all, with a session that was there before: after each attack that one must have gone on undisturbed.
 * Messages are taken from it only, so that those of attackers use up their credit.
 */
let folder: TemporaryFolder;
let server: TcpCommServer;
let port: number;
let bystander: RawPeer;
let confirmed = 0;

beforeAll(async () => {
  folder = createTemporaryFolder();
  server = new TcpCommServer({
    maxMessageBytes: 50_000,
    channelWindowBytes: 65_536,
    files: { root: folder.path },
    handshakeTimeoutMs: 2_000,
    onMessage: (_bytes, _channel, session) =>
      session.machineId === 'bystander' ? undefined : new Promise((resolve) => session.once('close', resolve)),
  });
  ({ port } = await server.start({ port: 0, host: '127.0.0.1' }));
  bystander = await joinRaw(port, 'bystander');
});

afterAll(async () => {
  bystander.destroy();
  await server.close({ drainMs: 0 });
  await folder[Symbol.asyncDispose]();
});

checkForLeaks();

async function expectBystanderUndisturbed(): Promise<void> {
  confirmed += 1;
  bystander.send(confirmedMessage('still here'));
  const credit = await bystander.waitForFrame(0x04, confirmed);
  expect(credit.payload.readBigUInt64BE(8)).toBe(BigInt(confirmed));
  await waitUntil('the attacker is gone', () => server.sessions.size === 1);
}

function nextRejection(): Promise<RejectedConnection> {
  return once(server, 'rejected').then(([rejected]) => rejected as RejectedConnection);
}

const hello = (changes: object) =>
  rawFrame(0x10, { payload: { machineId: 'a', agent: '', features: [], limits: SMALL_LIMITS, ...changes } });
const clientHello = Buffer.from('16030100c8010000c40303', 'hex');

/** First words that do not make a session: what is sent, what it is called, and how the answer begins. */
const FIRST_WORDS: readonly (readonly [
  what: string,
  bytes: Buffer,
  code: string,
  answer: string | number | undefined,
])[] = [
  [
    'an HTTP request',
    Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    'PROTOCOL_ERROR',
    'HTTP/1.1 400 Bad Request\r\n',
  ],
  ['an HTTP POST', Buffer.from('POST /upload HTTP/1.1\r\n\r\n'), 'PROTOCOL_ERROR', 'HTTP/1.1 400 Bad Request\r\n'],
  [
    'an HTTP/2 preface',
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    'PROTOCOL_ERROR',
    'HTTP/1.1 400 Bad Request\r\n',
  ],
  ['a TLS ClientHello', clientHello, 'PROTOCOL_ERROR', '\x15\x03\x01\x00\x02\x02\x0a'],
  ['an SSH greeting', Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'), 'PROTOCOL_ERROR', undefined],
  ['zeros', Buffer.alloc(100), 'PROTOCOL_ERROR', undefined],
  ['a preface in lower case', Buffer.from('tcpcomm\u0001'), 'PROTOCOL_ERROR', undefined],
  ['version 0', rawPreface(0), 'UNSUPPORTED_VERSION', 2],
  ['version 2, HELLO included', Buffer.concat([rawPreface(2), hello({})]), 'UNSUPPORTED_VERSION', 2],
  ['a frame of 16 MB', Buffer.concat([rawPreface(), rawFrame(0x10, { length: 0xff_ff_ff })]), 'FRAME_TOO_LARGE', 3],
  ['a HELLO of 98,305 bytes', Buffer.concat([rawPreface(), rawFrame(0x10, { length: 98_305 })]), 'FRAME_TOO_LARGE', 3],
  [
    'a HELLO on channel 1',
    Buffer.concat([rawPreface(), rawFrame(0x10, { channel: 1, payload: {} })]),
    'INVALID_CHANNEL',
    5,
  ],
  ...[
    ['a message', rawFrame(0x01, { channel: 1, flags: 1, payload: Buffer.from('a') })],
    ['a ping', rawFrame(0x05, { payload: Buffer.alloc(8) })],
    ['a WELCOME', rawFrame(0x11, { payload: {} })],
    ['an extension', rawFrame(0x80)],
    ['a frame of an unknown type', rawFrame(0x77)],
    ['a goodbye', rawFrame(0x14, { payload: { code: 0, message: '', received: {} } })],
  ].map(
    ([what, frame]) =>
      [
        `${what as string} before HELLO`,
        Buffer.concat([rawPreface(), frame as Buffer]),
        'UNEXPECTED_FRAME',
        8,
      ] as const,
  ),
  ...[
    ['that is not JSON', rawFrame(0x10, { payload: Buffer.from('machineId=a') })],
    ['that is not UTF-8', rawFrame(0x10, { payload: Buffer.of(0x7b, 0xff, 0x7d) })],
    ['with a byte order mark', rawFrame(0x10, { payload: Buffer.from('\uFEFF{}') })],
    ['of nothing', rawFrame(0x10)],
    ['that is null', rawFrame(0x10, { payload: Buffer.from('null') })],
    ['without limits', hello({ limits: undefined })],
    ['with a machine id that is a number', hello({ machineId: 7 })],
    ['with a machine id of 257 units', hello({ machineId: 'x'.repeat(257) })],
    ['with 65 features', hello({ features: new Array<string>(65).fill('f') })],
    ['with frames of less than 64 KiB', hello({ limits: { ...SMALL_LIMITS, maxFrameBytes: 65_535 } })],
    ['with half a byte', hello({ limits: { ...SMALL_LIMITS, maxMessageBytes: 1.5 } })],
    ['with a window of 2^41 bytes', hello({ limits: { ...SMALL_LIMITS, channelWindowBytes: 2 ** 41 } })],
  ].map(
    ([what, frame]) =>
      [
        `a HELLO ${what as string}`,
        Buffer.concat([rawPreface(), frame as Buffer]),
        'INVALID_CONTROL_MESSAGE',
        7,
      ] as const,
  ),
];

function expectAnswer(peer: RawPeer, answer: string | number | undefined): void {
  if (typeof answer === 'number') {
    expect(peer.received.subarray(0, 8)).toEqual(rawPreface());
    const [reject, ...more] = peer.frames;
    expect([reject?.type, more.length]).toEqual([0x12, 0]);
    const { code, message } = JSON.parse(reject!.payload.toString()) as { code: number; message: string };
    expect(code).toBe(answer);
    expect(message).not.toBe('');
  } else if (answer === undefined) expect(peer.received.length).toBe(0);
  else expect(peer.received.toString('latin1').startsWith(answer)).toBe(true);
}

describe('first words that are not ours', () => {
  it.each(FIRST_WORDS)(
    '%s: a typed error, an answer in their tongue, and the connection is closed',
    async (_what, bytes, code, answer) => {
      const rejection = nextRejection();
      await using peer = await RawPeer.connect(port);
      peer.send(bytes);
      const { error, remoteAddress } = await rejection;
      expect(error).toBeInstanceOf(ProtocolError);
      expect(error.code).toBe(`ERR_TCPCOMM_${code}`);
      expect(error.message).toMatch(/\S/);
      expect(remoteAddress).toBe('127.0.0.1');
      await peer.waitForEnd();
      expectAnswer(peer, answer);
      await expectBystanderUndisturbed();
    },
  );

  it.each(FIRST_WORDS.filter(([, bytes]) => bytes.length < 60))(
    '%s, one byte at a time: the same error',
    async (_what, bytes, code) => {
      const rejection = nextRejection();
      await using peer = await RawPeer.connect(port);
      peer.socket.setNoDelay(true);
      for (const byte of bytes) {
        if (peer.hasEnded || peer.isClosed) break;
        await new Promise((resolve) => peer.socket.write(Buffer.of(byte), resolve));
      }
      expect((await rejection).error.code).toBe(`ERR_TCPCOMM_${code}`);
      await peer.waitForEnd();
      await expectBystanderUndisturbed();
    },
  );

  it('random bytes: always a typed error, never a session', async () => {
    const garbage = fc.uint8Array({ minLength: 8, maxLength: 200 }).filter((bytes) => bytes[0] !== 0x54);
    const mangled = fc.record({ at: fc.nat(60), to: fc.nat(255) }).map(({ at, to }) => {
      const bytes = introduction('mangled');
      bytes[at] = to;
      return new Uint8Array(bytes);
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(garbage, mangled), async (bytes) => {
        const settled = new AbortController();
        const { signal } = settled;
        const outcome = Promise.race([once(server, 'rejected', { signal }), once(server, 'session', { signal })]);
        await using peer = await RawPeer.connect(port);
        peer.send(bytes);
        peer.end();
        const [result] = (await outcome) as [RejectedConnection | ServerSession];
        settled.abort();
        if ('error' in result) expect(result.error).toBeInstanceOf(TcpCommError);
        await peer.waitForEnd();
      }),
      { numRuns: 60 },
    );
    await expectBystanderUndisturbed();
  });

  it.each(['hasty', 'bystander'])('more in the same segment as the HELLO of %s is refused', async (machineId) => {
    await using peer = await RawPeer.connect(port);
    peer.send(introduction(machineId), rawFrame(0x05, { payload: Buffer.from('too soon') }));
    await peer.waitForEnd();
    expectAnswer(peer, 8);
    expect(server.getSession('hasty')).toBeUndefined();
    await expectBystanderUndisturbed();
  });

  it.each(['nothing at all', 'half a preface', 'half a HELLO'])(
    '%s, for ever: the handshake has its time',
    async (what) => {
      const handshakeTimeoutMs = 60;
      await using impatient = new TcpCommServer({ handshakeTimeoutMs });
      const { port: other } = await impatient.start({ port: 0, host: '127.0.0.1' });
      const rejection = once(impatient, 'rejected') as Promise<[RejectedConnection]>;
      await using peer = await RawPeer.connect(other);
      const bytes = introduction('slow');
      peer.send(bytes.subarray(0, { 'nothing at all': 0, 'half a preface': 4, 'half a HELLO': 30 }[what]));
      const [{ error }] = await rejection;
      expect(error).toMatchObject({ name: 'TimeoutError', code: 'ERR_TCPCOMM_HANDSHAKE_TIMEOUT' });
      expect(error.message).toContain(`not complete after ${handshakeTimeoutMs} ms`);
      await peer.waitForEnd();
    },
  );

  it('one byte now and then does not buy more time', async () => {
    await using impatient = new TcpCommServer({ handshakeTimeoutMs: 60 });
    const { port: other } = await impatient.start({ port: 0, host: '127.0.0.1' });
    const rejection = once(impatient, 'rejected') as Promise<[RejectedConnection]>;
    await using peer = await RawPeer.connect(other);
    const bytes = introduction('slow-loris');
    let sent = 0;
    const drip = setInterval(() => {
      peer.send(bytes.subarray(sent, (sent += 1)));
    }, 5);
    const [{ error }] = await rejection;
    clearInterval(drip);
    expect(error.code).toBe('ERR_TCPCOMM_HANDSHAKE_TIMEOUT');
    expect(sent).toBeLessThan(bytes.length);
    await peer.waitForEnd();
  });

  it('two hundred connections that say nothing keep nobody out', async () => {
    const silent = await Promise.all(Array.from({ length: 200 }, () => RawPeer.connect(port)));
    await using peer = await joinRaw(port, 'guest');
    peer.destroy();
    await Promise.all(silent.map((one) => one[Symbol.asyncDispose]()));
    await expectBystanderUndisturbed();
  });
});

describe('a client that breaks the protocol in its session', () => {
  it.each(hostileFrames('client'))('with $what is told $code and cut off', async ({ bytes, number, code }) => {
    await using peer = await joinRaw(port, 'attacker');
    const session = server.getSession('attacker')!;
    peer.send(bytes);
    await peer.waitForEnd();
    peer.end();
    const reason = await session.closed;
    expect(reason).toMatchObject({ by: 'local', code, isClean: false });
    expect(reason.error).toBeInstanceOf(ProtocolError);
    expect(reason.message).toMatch(/\S/);
    const last = peer.frames.at(-1)!;
    expect(last.type).toBe(0x15);
    expect(JSON.parse(last.payload.toString())).toEqual({ code: number, message: reason.message });
    await expectBystanderUndisturbed();
  });

  it.each(harmlessFrames('client'))('is not minded for $what', async ({ bytes }) => {
    await using peer = await joinRaw(port, 'guest');
    peer.send(bytes, rawFrame(0x05, { payload: Buffer.from('are you?') }));
    expect((await peer.waitForFrame(0x06)).payload.toString()).toBe('are you?');
    expect(server.getSession('guest')?.isOpen).toBe(true);
    peer.destroy();
    await expectBystanderUndisturbed();
  });

  it('with an error of its own is not answered; the reason is what it said', async () => {
    await using peer = await joinRaw(port, 'complaining');
    const session = server.getSession('complaining')!;
    peer.send(rawFrame(0x15, { payload: { code: 999, message: 'you are not nice' } }));
    await peer.waitForEnd();
    peer.end();
    const reason = await session.closed;
    expect(reason).toMatchObject({ by: 'remote', code: 'ERR_TCPCOMM_UNKNOWN', message: 'you are not nice' });
    expect(reason.error).toMatchObject({ name: 'PeerError', number: 999 });
    expect(peer.frames.filter(({ type }) => type === 0x15 || type === 0x14)).toEqual([]);
    await expectBystanderUndisturbed();
  });

  it('and goes on sending all the same is cut off', async () => {
    await using peer = await joinRaw(port, 'attacker');
    peer.send(rawFrame(0x00));
    await waitUntil('the connection is gone', () => {
      peer.send(rawFrame(0x01, { channel: 1, flags: 1, payload: testBytes(1000) }));
      return peer.isClosed;
    });
    await expectBystanderUndisturbed();
  });

  it('by asking and never reading the answers is cut off before they fill the memory', async () => {
    await using peer = await joinRaw(port, 'asking');
    const session = server.getSession('asking')!;
    let reason: CloseReason | undefined;
    void session.closed.then((closed) => (reason = closed));
    peer.stopReading();
    const request = (id: number) => rawFrame(0x20, { stream: id, payload: { path: 'x' } });
    // The first 64 stay open, for nobody agrees to their end; each of the others is refused with an answer of 80 bytes.
    for (let id = 1; id < 129; id += 2) peer.send(request(id));
    const refused = Buffer.concat(Array.from({ length: 1000 }, (_, index) => request(129 + 2 * index)));
    await waitUntil('it is cut off', () => {
      if (peer.socket.writableLength === 0) peer.send(refused);
      return reason !== undefined || peer.isClosed;
    });
    peer.destroy();
    await session.closed;
    expect(reason).toMatchObject({ by: 'local', code: 'ERR_TCPCOMM_CONTROL_FLOOD' });
    await expectBystanderUndisturbed();
  });
});

describe('a client that vanishes', () => {
  const file = { path: 'half', sizeBytes: 100, modifiedMs: 0, integrity: 'xxh64', overwrite: 'replace' };
  /** A whole conversation: introduced, a message in two pieces, a ping, a file that is offered, and a goodbye. */
  const conversation = (machineId: string) =>
    Buffer.concat([
      rawFrame(0x01, { channel: 3, payload: Buffer.from('first half, ') }),
      rawFrame(0x01, { channel: 3, flags: 1, payload: Buffer.from('second half') }),
      rawFrame(0x05, { payload: Buffer.alloc(8) }),
      rawFrame(0x21, { stream: 1, payload: { ...file, path: machineId } }),
      rawFrame(0x25, { stream: 1, payload: { code: 76, message: 'never mind' } }),
      rawFrame(0x14, { payload: { code: 0, message: 'bye', received: {} } }),
    ]);

  it.each(['end', 'reset'] as const)(
    'by %s at any byte of its introduction is a lost connection, nothing more',
    async (how) => {
      const bytes = introduction('short');
      let index = 0;
      const losses: string[] = [];
      const note = ({ error }: RejectedConnection) => losses.push(error.code);
      server.on('rejected', note);
      const cut = async (length: number) => {
        const peer = await RawPeer.connect(port);
        await new Promise((resolve) => peer.socket.write(bytes.subarray(0, length), resolve));
        peer[how]();
        if (how === 'end') await peer.waitForEnd();
        peer.destroy();
        await peer.waitForClose();
      };
      const runners = Array.from({ length: 8 }, async () => {
        while (index < bytes.length - 1) await cut((index += 1));
      });
      await Promise.all(runners);
      await waitUntil('all are reported', () => losses.length >= bytes.length - 1);
      server.off('rejected', note);
      expect(new Set(losses)).toEqual(new Set(['ERR_TCPCOMM_CONNECTION_LOST']));
      await expectBystanderUndisturbed();
    },
  );

  it.each(['end', 'reset'] as const)(
    'by %s at any byte of its session ends that session, and leaves nothing',
    async (how) => {
      const length = conversation('xxxxx').length;
      let index = -1;
      const reasons = new Set<string>();
      const cut = async (bytes: number) => {
        const machineId = `v${String(bytes).padStart(4, '0')}`;
        const peer = await joinRaw(port, machineId);
        const session = server.getSession(machineId)!;
        await new Promise((resolve) => peer.socket.write(conversation(machineId).subarray(0, bytes), resolve));
        peer[how]();
        if (how === 'end') await peer.waitForEnd();
        peer.destroy();
        await peer.waitForClose();
        reasons.add((await session.closed).code);
      };
      const runners = Array.from({ length: 8 }, async () => {
        while (index < length) await cut((index += 1));
      });
      await Promise.all(runners);
      for (const reason of reasons) expect(['ERR_TCPCOMM_CONNECTION_LOST', 'ERR_TCPCOMM_CLOSED']).toContain(reason);
      expect(reasons).toContain('ERR_TCPCOMM_CONNECTION_LOST');
      expect(await readdir(folder.path)).toEqual([]);
      await expectBystanderUndisturbed();
    },
  );

  it('without a word, while it does not read what it is sent, is noticed by its silence', async () => {
    await using watchful = new TcpCommServer({ keepAliveIntervalMs: 20, keepAliveTimeoutMs: 100, bytesPerSecond: 0 });
    const { port: other } = await watchful.start({ port: 0, host: '127.0.0.1' });
    await using peer = await joinRaw(other, 'deaf');
    const session = watchful.getSession('deaf')!;
    peer.stopReading();
    const sends = Promise.allSettled(Array.from({ length: 3 }, () => session.sendBytes(testBytes(90_000))));
    expect((await session.closed).code).toBe('ERR_TCPCOMM_KEEPALIVE_TIMEOUT');
    for (const result of await sends)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(TcpCommError);
  });

  it('while it does not read does not keep the server from closing in its time', async () => {
    const stopping = new TcpCommServer({ bytesPerSecond: 0 });
    const { port: other } = await stopping.start({ port: 0, host: '127.0.0.1' });
    await using peer = await joinRaw(other, 'deaf');
    peer.stopReading();
    void stopping.sendBytes(testBytes(90_000)).catch(() => undefined);
    const startMs = performance.now();
    const { sessions } = await stopping.close({ drainMs: 50 });
    expect(performance.now() - startMs).toBeLessThan(4000);
    expect(sessions[0]?.report.isComplete).toBe(false);
  });
});

describe('a client that sends files wrongly', () => {
  const DATA = testBytes(1000);
  const EMPTY = 'ef46db3751d8e999';
  const offer = (changes: object = {}) =>
    rawFrame(0x21, {
      stream: 1,
      payload: { path: 'sent', sizeBytes: 1000, modifiedMs: 0, integrity: 'xxh64', overwrite: 'replace', ...changes },
    });
  const data = (bytes: Uint8Array) => rawFrame(0x02, { channel: 252, stream: 1, payload: bytes });
  const end = (hash: string) => rawFrame(0x23, { stream: 1, payload: { hash } });

  async function offerFile(machineId: string, changes: object = {}): Promise<RawPeer> {
    const peer = await joinRaw(port, machineId);
    peer.send(offer(changes));
    await peer.waitForFrame(0x22);
    return peer;
  }

  it('with another hash is told so, nothing is left of the file, and its session goes on', async () => {
    await using peer = await offerFile('liar');
    expect(await readdir(folder.path)).toEqual(['sent.part', 'sent.part.journal']);
    peer.send(data(DATA), end('0123456789abcdef'));
    const abort = await peer.waitForFrame(0x25);
    expect(JSON.parse(abort.payload.toString())).toMatchObject({ code: 75 });
    expect(abort.payload.toString()).toContain('0123456789abcdef');
    peer.send(
      rawFrame(0x25, { stream: 1, payload: { code: 75, message: '' } }),
      rawFrame(0x05, { payload: Buffer.alloc(8) }),
    );
    await peer.waitForFrame(0x06);
    expect(server.getSession('liar')?.isOpen).toBe(true);
    await emptied();
    peer.destroy();
    await expectBystanderUndisturbed();
  });

  it.each([
    ['more bytes than it offered', [data(testBytes(1001))], 11],
    ['more bytes than it offered, in two pieces', [data(DATA), data(Buffer.of(1))], 11],
    ['an end before all bytes', [data(DATA.subarray(1)), end('0'.repeat(16))], 11],
    ['no bytes', [data(Buffer.alloc(0))], 11],
    ['bytes after the end', [end(EMPTY), data(DATA)], 11],
    ['a second end', [end(EMPTY), end(EMPTY)], 11],
    ['the word of the receiver', [rawFrame(0x24, { stream: 1, payload: {} })], 11],
    ['credit to itself', [rawFrame(0x04, { channel: 252, stream: 1, payload: rawCounters(100_000, 0) })], 5],
    ['vanishing', [data(DATA.subarray(0, 500))], undefined],
  ] as const)('with %s is cut off, and nothing is left of the file', async (_what, frames, number) => {
    const isEmpty = frames[0].includes(EMPTY);
    await using peer = await offerFile('sender', isEmpty ? { sizeBytes: 0 } : {});
    const session = server.getSession('sender')!;
    peer.send(...frames);
    if (number === undefined) peer.end();
    await peer.waitForEnd();
    peer.end();
    const reason = await session.closed;
    expect(reason.isClean).toBe(false);
    if (number === undefined) expect(reason.code).toBe('ERR_TCPCOMM_CONNECTION_LOST');
    else {
      const last = peer.frames.at(-1)!;
      expect(last.type).toBe(0x15);
      expect(JSON.parse(last.payload.toString())).toMatchObject({ code: number });
    }
    expect(await readdir(folder.path)).toEqual([]);
    await expectBystanderUndisturbed();
  });

  it('65 at a time is refused the last one, and the others go on', async () => {
    await using peer = await joinRaw(port, 'eager');
    for (let index = 0; index < 65; index += 1) {
      const frame = offer({ path: `many-${index}` });
      frame.writeUInt16BE(2 * index + 1, 6);
      peer.send(frame);
    }
    await peer.waitForFrame(0x22, 64);
    const refusal = await peer.waitForFrame(0x25);
    expect([refusal.stream, JSON.parse(refusal.payload.toString())]).toMatchObject([129, { code: 77 }]);
    expect(server.getSession('eager')?.isOpen).toBe(true);
    peer.destroy();
    await emptied();
    await expectBystanderUndisturbed();
  });

  async function emptied(): Promise<void> {
    let left = await readdir(folder.path);
    const deadlineMs = performance.now() + 2000;
    while (left.length > 0 && performance.now() < deadlineMs) left = await readdir(folder.path);
    expect(left).toEqual([]);
  }
});
