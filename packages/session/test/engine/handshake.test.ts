import {
  encodePreface,
  FrameType,
  type Hello,
  MAX_HANDSHAKE_FRAME_BYTES,
  type TcpCommError,
  type Welcome,
} from '@tcpcomm/protocol';
import { describe, expect, it } from 'vitest';
import type { ConnectionPhase } from '../../src/engine/connection-phase.ts';
import { ClientHandshake, ServerHandshake } from '../../src/engine/handshake.ts';
import { createHandshakePair, expectAllOver, expectNothingLeft, helloWith, welcomeWith } from './engine-pair.ts';
import { controlFrame, describeFrame, FrameReader, headerOf, joinBytes, messageFrame, textFrame } from './frames.ts';

const TIMEOUT_MS = 10_000;
const REJECT = { code: 34, message: 'full', retryAfterMs: 5000 };
const ERROR = { code: 14, message: 'sorry' };

class Client {
  readonly welcomes: Welcome[] = [];
  readonly failures: TcpCommError[] = [];
  readonly phase = new ClientHandshake(
    helloWith(),
    { onWelcome: (welcome) => this.welcomes.push(welcome), onFailed: (error) => this.failures.push(error) },
    TIMEOUT_MS,
    0,
  );
}

class Server {
  readonly hellos: Hello[] = [];
  readonly failures: TcpCommError[] = [];
  readonly phase: ServerHandshake = new ServerHandshake(
    { onHello: (hello) => this.hellos.push(hello), onFailed: (error) => this.failures.push(error) },
    TIMEOUT_MS,
    0,
  );
}

function outputOf(phase: ConnectionPhase): Uint8Array {
  return joinBytes(...(phase.takeOutput(0)?.finish() ?? []));
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** The frames behind a preface. */
function framesOf(bytes: Uint8Array): string[] {
  expect(bytes.subarray(0, 8)).toEqual(encodePreface());
  return new FrameReader().read(bytes.subarray(8)).map(describeFrame);
}

const hello = controlFrame(FrameType.HELLO, helloWith());
const welcome = controlFrame(FrameType.WELCOME, welcomeWith());
const clientBytes = joinBytes(encodePreface(), hello);
const serverBytes = joinBytes(encodePreface(), welcome);
const otherVersion = Uint8Array.of(...encodePreface().subarray(0, 7), 2);

describe('a client', () => {
  it('sends preface and HELLO at once', () => {
    const { phase } = new Client();
    const output = outputOf(phase);
    expect(output).toEqual(clientBytes);
    expect(phase.takeOutput()).toBeUndefined();
  });

  it('is in with WELCOME, wherever the bytes are cut, and takes none of what follows', () => {
    const rest = messageFrame(1, Uint8Array.of(1, 2, 3));
    const bytes = joinBytes(serverBytes, rest);
    for (let at = 0; at <= bytes.length; at += 1) {
      const { phase, welcomes, failures } = new Client();
      const first = phase.receive(bytes.subarray(0, at));
      const second = welcomes.length > 0 ? 0 : phase.receive(bytes.subarray(at));
      expect([welcomes, failures, phase.isFinished, phase.deadlineMs]).toEqual([[welcomeWith()], [], false, Infinity]);
      expect(first + second).toBe(at <= serverBytes.length ? serverBytes.length : first);
      expect(first).toBe(Math.min(at, serverBytes.length));
    }
  });

  it('is in when the bytes come one by one', () => {
    const { phase, welcomes } = new Client();
    for (const byte of serverBytes) expect(phase.receive(Uint8Array.of(byte))).toBe(1);
    expect(welcomes).toEqual([welcomeWith()]);
  });

  it.each<[string, Uint8Array, object]>([
    [
      'REJECT',
      joinBytes(encodePreface(), controlFrame(FrameType.REJECT, REJECT)),
      { name: 'ConnectionRejectedError', code: 'ERR_TCPCOMM_SERVER_FULL', message: 'full', retryAfterMs: 5000 },
    ],
    [
      'ERROR',
      joinBytes(encodePreface(), controlFrame(FrameType.ERROR, ERROR)),
      { name: 'PeerError', code: 'ERR_TCPCOMM_INTERNAL_ERROR', message: 'sorry' },
    ],
    [
      'another version',
      joinBytes(otherVersion, controlFrame(FrameType.REJECT, REJECT)),
      {
        code: 'ERR_TCPCOMM_UNSUPPORTED_VERSION',
        message: 'expected the preface "TCPCOMM" with version 1, got version 2',
      },
    ],
    [
      'HTTP',
      new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n'),
      { code: 'ERR_TCPCOMM_PROTOCOL_ERROR', message: expect.stringContaining('got what looks like HTTP') },
    ],
    [
      'a message before WELCOME',
      joinBytes(encodePreface(), messageFrame(1)),
      {
        code: 'ERR_TCPCOMM_UNEXPECTED_FRAME',
        message: 'unexpected MESSAGE frame while the handshake waits for the answer',
      },
    ],
    [
      'HELLO from a server',
      joinBytes(encodePreface(), hello),
      {
        code: 'ERR_TCPCOMM_UNEXPECTED_FRAME',
        message: 'unexpected HELLO frame while the handshake waits for the answer',
      },
    ],
    [
      'an extension type',
      joinBytes(encodePreface(), headerOf(0x80, 0)),
      {
        code: 'ERR_TCPCOMM_UNEXPECTED_FRAME',
        message: 'unexpected 0x80 frame while the handshake waits for the answer',
      },
    ],
    [
      'WELCOME on a channel',
      joinBytes(encodePreface(), welcome.slice(0, 4), Uint8Array.of(1), welcome.slice(5)),
      { code: 'ERR_TCPCOMM_INVALID_CHANNEL', message: 'WELCOME frame on channel 1, which is not one for it' },
    ],
    [
      'WELCOME of another shape',
      joinBytes(encodePreface(), textFrame(FrameType.WELCOME, '{"sessionId":0}')),
      { code: 'ERR_TCPCOMM_INVALID_CONTROL_MESSAGE', message: expect.stringContaining('WELCOME message: sessionId') },
    ],
    [
      'a frame too large for a handshake',
      joinBytes(encodePreface(), headerOf(FrameType.WELCOME, MAX_HANDSHAKE_FRAME_BYTES + 1)),
      { code: 'ERR_TCPCOMM_FRAME_TOO_LARGE', message: 'WELCOME frame of 98305 bytes exceeds maxFrameBytes 98304' },
    ],
  ])('that gets %s fails, says nothing, and takes nothing more', (_what, bytes, error) => {
    const { phase, welcomes, failures } = new Client();
    outputOf(phase);
    expect(phase.receive(bytes)).toBe(bytes.length);
    expect(failures).toEqual([expect.objectContaining(error)]);
    phase.receive(serverBytes);
    phase.handleEnd();
    phase.handleDeadline(TIMEOUT_MS);
    expect([failures.length, welcomes.length, phase.isFinished, phase.deadlineMs]).toEqual([1, 0, true, Infinity]);
    expect(phase.takeOutput()).toBeUndefined();
  });
});

describe('a server', () => {
  it('says nothing before it has the preface, and tells of HELLO wherever the bytes are cut', () => {
    for (let at = 0; at <= clientBytes.length; at += 1) {
      const { phase, hellos, failures } = new Server();
      phase.receive(clientBytes.subarray(0, at));
      expect(outputOf(phase)).toHaveLength(at < 8 ? 0 : 8);
      phase.receive(clientBytes.subarray(at));
      expect([hellos, failures]).toEqual([[helloWith()], []]);
      phase.welcome(welcomeWith());
      expect(joinBytes(encodePreface().subarray(0, at < 8 ? 8 : 0), welcome)).toEqual(outputOf(phase));
      expect(phase.deadlineMs).toBe(Infinity);
    }
  });

  it('rejects with a code, a sentence and a time, and is through', () => {
    const { phase, failures } = new Server();
    phase.receive(clientBytes);
    phase.reject(REJECT);
    phase.welcome(welcomeWith());
    expect(framesOf(outputOf(phase))).toEqual(['REJECT 34']);
    expect(failures).toEqual([expect.objectContaining({ code: 'ERR_TCPCOMM_SERVER_FULL', retryAfterMs: 5000 })]);
    expect([phase.isFinished, phase.deadlineMs]).toEqual([true, Infinity]);
  });

  it('decides once: a welcome stands', () => {
    const { phase, failures } = new Server();
    phase.receive(clientBytes);
    phase.welcome(welcomeWith());
    phase.welcome(welcomeWith());
    phase.reject(REJECT);
    expect(framesOf(outputOf(phase))).toEqual(['WELCOME']);
    expect(failures).toEqual([]);
  });

  it('leaves what comes behind HELLO to the session when it has welcomed the client by then', () => {
    const failures: TcpCommError[] = [];
    const phase = new ServerHandshake(
      {
        onHello: () => {
          phase.welcome(welcomeWith());
        },
        onFailed: (error) => failures.push(error),
      },
      TIMEOUT_MS,
      0,
    );
    expect(phase.receive(joinBytes(clientBytes, messageFrame(1)))).toBe(clientBytes.length);
    expect([framesOf(outputOf(phase)), failures]).toEqual([['WELCOME'], []]);
  });

  it.each<[string, Uint8Array, string[], object]>([
    [
      'a message instead of HELLO',
      messageFrame(1),
      ['REJECT 8'],
      { message: 'unexpected MESSAGE frame while the handshake waits for the hello' },
    ],
    ['WELCOME', welcome, ['REJECT 8'], { code: 'ERR_TCPCOMM_UNEXPECTED_FRAME' }],
    ['an extension type', headerOf(0xff, 0), ['REJECT 8'], { code: 'ERR_TCPCOMM_UNEXPECTED_FRAME' }],
    [
      'anything before its decision',
      joinBytes(hello, messageFrame(1)),
      ['REJECT 8'],
      { message: 'unexpected MESSAGE frame while the handshake waits for the decision' },
    ],
    ['a second HELLO', joinBytes(hello, hello), ['REJECT 8'], { code: 'ERR_TCPCOMM_UNEXPECTED_FRAME' }],
    [
      'HELLO that is no JSON',
      textFrame(FrameType.HELLO, '{"machineId":'),
      ['REJECT 7'],
      { message: 'HELLO message: expected JSON in UTF-8' },
    ],
    ['an empty HELLO', textFrame(FrameType.HELLO, ''), ['REJECT 7'], { code: 'ERR_TCPCOMM_INVALID_CONTROL_MESSAGE' }],
    [
      'HELLO of another shape',
      textFrame(FrameType.HELLO, '{"machineId":5}'),
      ['REJECT 7'],
      { message: expect.stringContaining('HELLO message: machineId') },
    ],
    [
      'HELLO with limits out of range',
      textFrame(
        FrameType.HELLO,
        JSON.stringify({ ...helloWith(), limits: { ...helloWith().limits, maxFrameBytes: 65_535 } }),
      ),
      ['REJECT 7'],
      { message: expect.stringContaining('limits.maxFrameBytes') },
    ],
    [
      'a frame too large for a handshake',
      headerOf(FrameType.HELLO, MAX_HANDSHAKE_FRAME_BYTES + 1),
      ['REJECT 3'],
      { message: 'HELLO frame of 98305 bytes exceeds maxFrameBytes 98304' },
    ],
  ])('that gets %s rejects it, also byte by byte, and takes nothing more', (_what, bytes, said, error) => {
    for (const pieceBytes of [1, bytes.length]) {
      const { phase, failures } = new Server();
      phase.receive(encodePreface());
      for (let at = 0; at < bytes.length; at += pieceBytes) phase.receive(bytes.subarray(at, at + pieceBytes));
      expect(failures).toEqual([expect.objectContaining(error)]);
      expect(framesOf(outputOf(phase))).toEqual(said);
      phase.receive(hello);
      phase.welcome(welcomeWith());
      expect([phase.isFinished, phase.deadlineMs, phase.takeOutput()]).toEqual([true, Infinity, undefined]);
    }
  });

  it.each<[string, Uint8Array, string, string]>([
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'HTTP/1.1 400 Bad Request\r\n', 'what looks like HTTP'],
    ['a TLS ClientHello', Uint8Array.of(0x16, 3, 1, 2, 0), '\x15\x03\x01\x00\x02\x02\x0a', 'a TLS handshake'],
    ['another version', otherVersion, 'TCPCOMM\x01', 'version 2'],
    ['an old client', Uint8Array.of(255, 0, 1, 2, 3, 4, 5, 6), '', 'got ff'],
    ['random bytes', Uint8Array.of(0x54, 0x43, 0x99), '', 'got 54 43 99'],
  ])('at whose door is %s answers in its language, or not at all', (_what, bytes, answer, detail) => {
    for (const pieceBytes of [1, bytes.length]) {
      const { phase, failures } = new Server();
      for (let at = 0; at < bytes.length; at += pieceBytes) phase.receive(bytes.subarray(at, at + pieceBytes));
      expect(failures).toEqual([expect.objectContaining({ message: expect.stringContaining(detail) })]);
      const output = textOf(outputOf(phase));
      expect(output.startsWith(answer)).toBe(true);
      if (answer === '') expect(output).toBe('');
      expect(phase.isFinished).toBe(true);
    }
  });

  it('answers another version with its preface and a REJECT that says so', () => {
    const { phase } = new Server();
    phase.receive(otherVersion);
    expect(framesOf(outputOf(phase))).toEqual(['REJECT 2']);
  });
});

const clientBefore: Record<string, Uint8Array> = {
  preface: new Uint8Array(0),
  answer: encodePreface(),
};
const serverBefore: Record<string, Uint8Array> = {
  preface: encodePreface().subarray(0, 5),
  hello: encodePreface(),
  decision: clientBytes,
};
const waits = [
  ...Object.entries(clientBefore).map(([state, bytes]) => ['client', state, bytes] as const),
  ...Object.entries(serverBefore).map(([state, bytes]) => ['server', state, bytes] as const),
];
/** How long this side takes to decide is for others to bound. */
const timedWaits = waits.filter(([, state]) => state !== 'decision');

describe('waiting', () => {
  const handshakeIn = (role: 'client' | 'server', bytes: Uint8Array) => {
    const side = role === 'client' ? new Client() : new Server();
    side.phase.receive(bytes);
    return side;
  };

  it.each(timedWaits)('a %s for the %s: ends with the time it has, and not before', (role, state, bytes) => {
    const { phase, failures } = handshakeIn(role, bytes);
    expect(phase.deadlineMs).toBe(TIMEOUT_MS);
    phase.handleDeadline(TIMEOUT_MS - 1);
    expect(failures).toEqual([]);
    phase.handleDeadline(TIMEOUT_MS);
    expect(failures).toEqual([
      expect.objectContaining({
        name: 'TimeoutError',
        code: 'ERR_TCPCOMM_HANDSHAKE_TIMEOUT',
        message: `the handshake was not complete after 10000 ms, it waited for the ${state}`,
      }),
    ]);
    expect([phase.isFinished, phase.deadlineMs]).toEqual([true, Infinity]);
  });

  it('a server for its own decision: has the time that it takes', () => {
    const { phase, failures } = handshakeIn('server', clientBytes);
    expect(phase.deadlineMs).toBe(Infinity);
    phase.handleDeadline(TIMEOUT_MS);
    expect(failures).toEqual([]);
  });

  it.each(waits)('a %s for the %s: ends with the connection', (role, state, bytes) => {
    const { phase, failures } = handshakeIn(role, bytes);
    phase.handleEnd();
    phase.handleEnd();
    expect(failures).toEqual([
      expect.objectContaining({
        name: 'ConnectionLostError',
        message: `the peer ended the connection during the handshake, before its ${state}`,
      }),
    ]);
  });
});

describe('a pair', () => {
  it.each([1, 3, 1460])('with segments of %i bytes comes to a session in which messages flow', async (segmentBytes) => {
    const pair = createHandshakePair({ link: { nextSegmentBytes: () => segmentBytes } });
    pair.time.runUntilQuiet();
    const { client, server } = pair;
    client.application.send(1, Uint8Array.of(1));
    server.application.send(1, Uint8Array.of(2));
    pair.time.runUntilQuiet();
    expect([server.application.messages, client.application.messages]).toEqual([
      [{ channel: 1, bytes: Uint8Array.of(1) }],
      [{ channel: 1, bytes: Uint8Array.of(2) }],
    ]);
    await expectNothingLeft(pair);
  });

  it('with a server that takes its time, and then speaks first', async () => {
    const pair = createHandshakePair({
      decide: (handshake, _hello, time) => {
        time.schedule(time.nowMs + 5000, () => {
          handshake.welcome(welcomeWith());
          pair.server.application.send(7, Uint8Array.of(9));
        });
      },
    });
    pair.time.runUntilQuiet();
    expect(pair.client.application.messagesOn(7)).toEqual([Uint8Array.of(9)]);
    await expectNothingLeft(pair);
    pair.client.application.engine.close(0, 'bye', pair.time.nowMs + 1000);
    await expectAllOver(pair);
  });

  it('ends with the reason of a rejection at both ends, the connection closed', () => {
    const pair = createHandshakePair({
      decide: (handshake) => {
        handshake.reject(REJECT);
      },
    });
    pair.time.runUntilQuiet();
    const error = expect.objectContaining({ code: 'ERR_TCPCOMM_SERVER_FULL', message: 'full', retryAfterMs: 5000 });
    expect(pair.failures).toEqual({ client: error, server: error });
    expect([pair.client.end.isClosed, pair.server.end.isClosed]).toEqual([true, true]);
  });

  it('ends when the server never decides', () => {
    const pair = createHandshakePair({ decide: () => undefined, timeoutMs: 500 });
    pair.time.runUntilQuiet();
    expect(pair.time.nowMs).toBeLessThan(600);
    expect(pair.failures.client).toMatchObject({ code: 'ERR_TCPCOMM_HANDSHAKE_TIMEOUT' });
    expect([pair.client.end.isClosed, pair.server.end.isClosed]).toEqual([true, true]);
  });
});
