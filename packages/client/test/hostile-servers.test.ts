import { ConnectionRejectedError, PeerError, ProtocolError, TcpCommError } from '@tcpcomm/protocol';
import { describe, expect, it } from 'vitest';
import {
  checkForLeaks,
  createTemporaryFolder,
  harmlessFrames,
  hostileFrames,
  rawFrame,
  RawListener,
  type RawPeer,
  rawPreface,
} from '@tcpcomm/test-support';
import { TcpCommClient } from '../src/index.ts';
import { rawWelcome } from './raw-welcome.ts';

checkForLeaks();

/** A client on its way into a raw server: what becomes of `connect`, and the other end of its connection. */
async function callOn(listener: RawListener) {
  const limits = { maxMessageBytes: 50_000, channelWindowBytes: 65_536 };
  const client = new TcpCommClient({ machineId: 'caller', autoReconnect: false, ...limits });
  const outcome = client.connect('127.0.0.1', listener.port).then(
    () => 'connected' as const,
    (error: unknown) => error as TcpCommError,
  );
  const peer = await listener.nextPeer();
  await peer.waitForFrame(0x10);
  return {
    client,
    peer,
    outcome,
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      peer.destroy();
      await Promise.all([client.closed, peer.waitForClose()]);
    },
  };
}

it('a client introduces itself with the preface and HELLO at once, and says nothing more until it is let in', async () => {
  await using listener = await RawListener.start();
  await using call = await callOn(listener);
  expect(call.peer.received.subarray(0, 8)).toEqual(rawPreface());
  const frames = call.peer.frames;
  expect(frames).toHaveLength(1);
  expect(JSON.parse(frames[0]!.payload.toString())).toEqual({
    machineId: 'caller',
    agent: expect.any(String) as string,
    features: [],
    limits: {
      maxFrameBytes: 1_048_576,
      maxMessageBytes: 50_000,
      channelWindowBytes: 65_536,
      transferWindowBytes: 4_194_304,
    },
  });
  call.peer.send(rawWelcome());
  expect(await call.outcome).toBe('connected');
  expect([call.client.sessionId, call.client.getBlocksize()]).toEqual([1, 65_536]);
});

/** Answers that do not let anybody in, and what `connect` rejects with. */
const ANSWERS: readonly (readonly [
  what: string,
  bytes: Buffer,
  type: new (...args: never) => TcpCommError,
  code: string,
])[] = [
  ['an HTTP response', Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), ProtocolError, 'PROTOCOL_ERROR'],
  ['an SSH greeting', Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'), ProtocolError, 'PROTOCOL_ERROR'],
  ['a TLS alert', Buffer.from('15030100020228', 'hex'), ProtocolError, 'PROTOCOL_ERROR'],
  ['zeros', Buffer.alloc(50), ProtocolError, 'PROTOCOL_ERROR'],
  [
    'another version and REJECT',
    Buffer.concat([rawPreface(9), rawFrame(0x12, { payload: { code: 2, message: 'version 9 only' } })]),
    ProtocolError,
    'UNSUPPORTED_VERSION',
  ],
  [
    'a frame of 16 MB',
    Buffer.concat([rawPreface(), rawFrame(0x11, { length: 0xff_ff_ff })]),
    ProtocolError,
    'FRAME_TOO_LARGE',
  ],
  [
    'a message before WELCOME',
    Buffer.concat([rawPreface(), rawFrame(0x01, { channel: 1, flags: 1 })]),
    ProtocolError,
    'UNEXPECTED_FRAME',
  ],
  ['a HELLO', Buffer.concat([rawPreface(), rawFrame(0x10, { payload: {} })]), ProtocolError, 'UNEXPECTED_FRAME'],
  [
    'a WELCOME on channel 1',
    Buffer.concat([rawPreface(), rawFrame(0x11, { channel: 1 })]),
    ProtocolError,
    'INVALID_CHANNEL',
  ],
  [
    'a WELCOME that is not JSON',
    Buffer.concat([rawPreface(), rawFrame(0x11, { payload: Buffer.from('hi') })]),
    ProtocolError,
    'INVALID_CONTROL_MESSAGE',
  ],
  ['a WELCOME without a session', rawWelcome({ sessionId: undefined }), ProtocolError, 'INVALID_CONTROL_MESSAGE'],
  ['a WELCOME to session 0', rawWelcome({ sessionId: 0 }), ProtocolError, 'INVALID_CONTROL_MESSAGE'],
  ['a WELCOME with blocks of no bytes', rawWelcome({ blockSizeBytes: 0 }), ProtocolError, 'INVALID_CONTROL_MESSAGE'],
  ['a WELCOME with a rate of "fast"', rawWelcome({ bytesPerSecond: 'fast' }), ProtocolError, 'INVALID_CONTROL_MESSAGE'],
  [
    'a REJECT',
    Buffer.concat([rawPreface(), rawFrame(0x12, { payload: { code: 34, message: 'full', retryAfterMs: 5000 } })]),
    ConnectionRejectedError,
    'SERVER_FULL',
  ],
  [
    'a REJECT of a later version',
    Buffer.concat([rawPreface(), rawFrame(0x12, { payload: { code: 4711, message: 'no', more: true } })]),
    ConnectionRejectedError,
    'UNKNOWN',
  ],
  [
    'an ERROR instead of REJECT',
    Buffer.concat([rawPreface(), rawFrame(0x15, { payload: { code: 14, message: 'my fault' } })]),
    PeerError,
    'INTERNAL_ERROR',
  ],
];

describe('a server that answers', () => {
  it.each(ANSWERS)('with %s is left: connect rejects with a typed error', async (_what, bytes, type, code) => {
    await using listener = await RawListener.start();
    await using call = await callOn(listener);
    call.peer.send(bytes);
    const error = await call.outcome;
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ code: `ERR_TCPCOMM_${code}` });
    expect((error as Error).message).toMatch(/\S/);
    await call.peer.waitForEnd();
    call.peer.end();
    // It was no session, so the client may try again.
    const again = call.client.connect('127.0.0.1', listener.port);
    const peer = await listener.nextPeer();
    peer.send(rawWelcome());
    await again;
    expect(call.client.isOpen).toBe(true);
    // Otherwise the client waits a second for it to end too.
    peer.destroy();
  });

  it('with REJECT says when to come back', async () => {
    await using listener = await RawListener.start();
    await using call = await callOn(listener);
    call.peer.send(rawPreface(), rawFrame(0x12, { payload: { code: 34, message: 'full', retryAfterMs: 5000 } }));
    expect(await call.outcome).toMatchObject({ number: 34, message: 'full', retryAfterMs: 5000 });
  });

  it.each(['end', 'reset'] as const)(
    'and leaves by %s at any byte: connect rejects, or the session is lost',
    async (how) => {
      await using listener = await RawListener.start();
      const answer = Buffer.concat([
        rawWelcome(),
        rawFrame(0x01, { channel: 1, flags: 1, payload: Buffer.from('hello') }),
      ]);
      for (let length = 0; length <= answer.length; length += how === 'end' ? 3 : 7) {
        await using call = await callOn(listener);
        await new Promise((resolve) => call.peer.socket.write(answer.subarray(0, length), resolve));
        call.peer[how]();
        const outcome = await call.outcome;
        if (outcome === 'connected') {
          expect((await call.client.closed).code).toBe('ERR_TCPCOMM_CONNECTION_LOST');
        } else expect(outcome).toMatchObject({ code: 'ERR_TCPCOMM_CONNECTION_LOST' });
      }
    },
  );

  it('byte by byte is understood all the same', async () => {
    await using listener = await RawListener.start();
    await using call = await callOn(listener);
    call.peer.socket.setNoDelay(true);
    const bytes = Buffer.concat([
      rawWelcome(),
      rawFrame(0x01, { channel: 5, flags: 1, payload: Buffer.from('slowly') }),
    ]);
    const message = new Promise((resolve) =>
      call.client.on('message', (text, channel) => {
        resolve([new TextDecoder().decode(text), channel]);
      }),
    );
    for (const byte of bytes) await new Promise((resolve) => call.peer.socket.write(Buffer.of(byte), resolve));
    expect(await message).toEqual(['slowly', 5]);
  });

  it('with WELCOME and more in the same segment is understood', async () => {
    await using listener = await RawListener.start();
    await using call = await callOn(listener);
    const message = new Promise((resolve) =>
      call.client.on('message', (text) => {
        resolve(new TextDecoder().decode(text));
      }),
    );
    call.peer.send(rawWelcome(), rawFrame(0x01, { channel: 5, flags: 1, payload: Buffer.from('at once') }));
    expect(await message).toBe('at once');
  });
});

async function letIn(listener: RawListener) {
  const call = await callOn(listener);
  call.peer.send(rawWelcome());
  expect(await call.outcome).toBe('connected');
  return call;
}

function lastError(peer: RawPeer): unknown {
  const last = peer.frames.at(-1)!;
  expect(last.type).toBe(0x15);
  return JSON.parse(last.payload.toString());
}

describe('a server that breaks the protocol in its session', () => {
  it.each(hostileFrames('server'))('with $what is told $code and left', async ({ bytes, number, code }) => {
    await using listener = await RawListener.start();
    await using call = await letIn(listener);
    const waiting = call.client.sendText('never consumed', 9, { confirm: true });
    waiting.catch(() => undefined);
    call.peer.send(bytes);
    await call.peer.waitForEnd();
    call.peer.end();
    const reason = await call.client.closed;
    expect(reason).toMatchObject({ by: 'local', code, isClean: false });
    expect(reason.error).toBeInstanceOf(ProtocolError);
    await expect(waiting).rejects.toBe(reason.error);
    expect(lastError(call.peer)).toEqual({ code: number, message: reason.message });
  });

  it.each(harmlessFrames('server'))('is not minded for $what', async ({ bytes }) => {
    await using listener = await RawListener.start();
    await using call = await letIn(listener);
    call.peer.send(bytes, rawFrame(0x05, { payload: Buffer.from('are you?') }));
    expect((await call.peer.waitForFrame(0x06)).payload.toString()).toBe('are you?');
    expect(call.client.isOpen).toBe(true);
  });

  it('by new settings of nonsense is left', async () => {
    await using listener = await RawListener.start();
    await using call = await letIn(listener);
    call.peer.send(rawFrame(0x13, { payload: { blockSizeBytes: 0, bytesPerSecond: 5 } }));
    await call.peer.waitForEnd();
    call.peer.end();
    expect((await call.client.closed).code).toBe('ERR_TCPCOMM_INVALID_CONTROL_MESSAGE');
  });

  it('by never reading does not keep the client from closing in its time', async () => {
    await using listener = await RawListener.start();
    await using call = await letIn(listener);
    call.peer.stopReading();
    void call.client.sendBytes(new Uint8Array(90_000)).catch(() => undefined);
    const startMs = performance.now();
    const report = await call.client.close({ drainMs: 50 });
    expect(report.isComplete).toBe(false);
    expect(performance.now() - startMs).toBeLessThan(4000);
  });
});

describe('a server that sends files wrongly', () => {
  const DATA = Buffer.alloc(1000, 9);
  const offer = { path: 'wanted', sizeBytes: 1000, modifiedMs: 0, integrity: 'xxh64', overwrite: 'replace' };
  const data = (bytes: Uint8Array) => rawFrame(0x02, { channel: 253, stream: 1, payload: bytes });
  const end = (hash: string) => rawFrame(0x23, { stream: 1, payload: { hash } });

  it.each([
    ['another hash', [data(DATA), end('0123456789abcdef')], 'ERR_TCPCOMM_INTEGRITY_MISMATCH'],
    ['more bytes than it offered', [data(Buffer.alloc(1001))], 'ERR_TCPCOMM_INVALID_TRANSFER'],
    ['an end before all bytes', [data(DATA.subarray(1)), end('0'.repeat(16))], 'ERR_TCPCOMM_INVALID_TRANSFER'],
    [
      'a change of mind',
      [rawFrame(0x25, { stream: 1, payload: { code: 73, message: 'my disk broke' } })],
      'ERR_TCPCOMM_FILE_IO_ERROR',
    ],
    [
      'a reason of a later version',
      [rawFrame(0x25, { stream: 1, payload: { code: 95, message: 'who knows' } })],
      'ERR_TCPCOMM_UNKNOWN',
    ],
  ] as const)('with %s: the transfer fails with a typed error and nothing is left', async (_what, frames, code) => {
    await using folder = createTemporaryFolder();
    await using listener = await RawListener.start();
    await using call = await letIn(listener);
    const file = call.client.getFile('wanted', { to: folder.join('got') });
    const outcome = file.done.catch((error: unknown) => error);
    const request = await call.peer.waitForFrame(0x20);
    expect([request.stream, JSON.parse(request.payload.toString())]).toEqual([1, { path: 'wanted' }]);
    call.peer.send(rawFrame(0x21, { stream: 1, payload: offer }));
    await call.peer.waitForFrame(0x22);
    call.peer.send(...frames);
    expect(await outcome).toMatchObject({ code });
    const { readdir } = await import('node:fs/promises');
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('under another name than was asked for does not choose where it is put', async () => {
    await using folder = createTemporaryFolder();
    await using listener = await RawListener.start();
    await using call = await letIn(listener);
    const file = call.client.getFile('wanted', { to: folder.path });
    await call.peer.waitForFrame(0x20);
    call.peer.send(rawFrame(0x21, { stream: 1, payload: { ...offer, path: '../../evil', sizeBytes: 0 } }));
    await call.peer.waitForFrame(0x22);
    call.peer.send(end('ef46db3751d8e999'));
    expect((await file.done).localPath).toBe(folder.join('wanted'));
  });
});
