import { TcpCommClient } from '@tcpcomm/client';
import { UsageError } from '@tcpcomm/protocol';
import { TcpCommServer } from '@tcpcomm/server';
import type { Session } from '@tcpcomm/session';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkForLeaks, untyped } from '@tcpcomm/test-support';
import { connectPair, ENDS, endsOf, type SessionPair } from '../src/index.ts';

/** A call with one wrong argument, and what the error must tell: the argument's name and what it must be. */
type Row = readonly [call: string, make: (session: Session) => unknown, name: string, range: string, got: string];

const bytes = Uint8Array.of(1);

const CHANNEL_RANGE = 'a whole number from 1 to 250';
const RATE_RANGE = 'a number of bytes a second from 1 to Infinity, or 0 for no limit';
const PRIORITY_RANGE = '"urgent" or "normal" or "low" or "background"';
/** What is no rate, and how an error shows it. */
const WRONG_RATES = [
  [-1, '-1'],
  [NaN, 'NaN'],
  [0.5, '0.5'],
  [-Infinity, '-Infinity'],
  ['1', '"1"'],
  [null, 'null'],
] as const;
const DURATION_RANGE = 'a number of milliseconds from 0 to Infinity';

const SESSION_ROWS: readonly Row[] = [
  ['sendBytes of a text', (session) => session.sendBytes(untyped('text')), 'bytes', 'a Uint8Array', '"text"'],
  [
    'sendBytes of an array',
    (session) => session.sendBytes(untyped([1])),
    'bytes',
    'a Uint8Array',
    'an object of type Array',
  ],
  ['sendBytes of nothing', (session) => session.sendBytes(untyped(undefined)), 'bytes', 'a Uint8Array', 'undefined'],
  ...[0, 251, 255, -1, 1.5, NaN, Infinity, '1', null].map((channel): Row => [
    `sendBytes on channel ${JSON.stringify(channel)}`,
    (session) => session.sendBytes(bytes, untyped(channel)),
    'channel',
    CHANNEL_RANGE,
    typeof channel === 'string' ? `"${channel}"` : String(channel),
  ]),
  [
    'sendText of bytes',
    (session) => session.sendText(untyped(bytes)),
    'text',
    'a string',
    'an object of type Uint8Array',
  ],
  ['sendText on channel 300', (session) => session.sendText('a', 300), 'channel', CHANNEL_RANGE, '300'],
  ['channel 0', (session) => session.channel(0), 'channel', CHANNEL_RANGE, '0'],
  [
    'channel with a mark below 0',
    (session) => session.channel(1, { highWaterMark: -1 }),
    'highWaterMark',
    'a whole number from 0 to 9007199254740991',
    '-1',
  ],
  [
    'channel with messages whose memory is somebody’s else',
    (session) => session.channel(1, untyped({ messageMemory: 'borrowed' })),
    'messageMemory',
    '"owned" or "lent"',
    '"borrowed"',
  ],
  ...(
    [
      ['channel', (session, options) => session.channel(1, options)],
      ['sendFile', (session, options) => session.sendFile('a', options)],
      ['sendFolder', (session, options) => session.sendFolder('a', options)],
    ] satisfies [string, (session: Session, options: never) => unknown][]
  ).flatMap(([name, call]): Row[] => [
    [
      `${name} with an unknown priority`,
      (session) => call(session, untyped({ priority: 'high' })),
      'priority',
      PRIORITY_RANGE,
      '"high"',
    ],
    [
      `${name} with a weight below 1`,
      (session) => call(session, untyped({ weight: 0.5 })),
      'weight',
      'a number from 1 to 100',
      '0.5',
    ],
    [
      `${name} with a weight above 100`,
      (session) => call(session, untyped({ weight: 101 })),
      'weight',
      'a number from 1 to 100',
      '101',
    ],
    ...WRONG_RATES.map(([rate, got]): Row => [
      `${name} with a rate of ${got}`,
      (session) => call(session, untyped({ bytesPerSecond: rate })),
      'bytesPerSecond',
      RATE_RANGE,
      got,
    ]),
  ]),
  ...(
    [
      ['getFile', 'remotePath', 'to', (session, path, options) => session.getFile(path, options)],
      ['sendFile', 'localPath', 'as', (session, path, options) => session.sendFile(path, options)],
      ['getFolder', 'remotePath', 'to', (session, path, options) => session.getFolder(path, options)],
      ['sendFolder', 'localPath', 'as', (session, path, options) => session.sendFolder(path, options)],
    ] satisfies [string, string, string, (session: Session, path: never, options?: never) => unknown][]
  ).flatMap(([name, path, place, call]): Row[] => [
    [`${name} of a number`, (session) => call(session, untyped(1), untyped({})), path, 'a string', '1'],
    [`${name} of nothing`, (session) => call(session, untyped(undefined), untyped({})), path, 'a string', 'undefined'],
    [
      `${name} to nothing`,
      (session) => call(session, untyped('a'), untyped({ [place]: null })),
      place,
      'a string',
      'null',
    ],
    [`${name} to a number`, (session) => call(session, untyped('a'), untyped({ [place]: 7 })), place, 'a string', '7'],
    [
      `${name} with an unknown way to overwrite`,
      (session) => call(session, untyped('a'), untyped({ overwrite: 'ask' })),
      'overwrite',
      '"replace" or "refuse" or "rename"',
      '"ask"',
    ],
    [
      `${name} with an unknown hash`,
      (session) => call(session, untyped('a'), untyped({ integrity: 'md5' })),
      'integrity',
      '"xxh64" or "sha256"',
      '"md5"',
    ],
  ]),
  ['list of a number', (session) => session.list(untyped(1)), 'remotePath', 'a string', '1'],
  [
    'list with a text',
    (session) => session.list('', { recursive: untyped('yes') }),
    'recursive',
    'true or false',
    '"yes"',
  ],
  ['close in less than no time', (session) => session.close({ drainMs: -1 }), 'drainMs', DURATION_RANGE, '-1'],
  ...(
    [
      ['sendBytes', (session, options) => session.sendBytes(bytes, 1, options)],
      ['sendText', (session, options) => session.sendText('a', 1, options)],
      ['channel', (session, options) => session.channel(1, options)],
      ['getFile', (session, options) => session.getFile('a', options)],
      ['sendFile', (session, options) => session.sendFile('a', options)],
      ['getFolder', (session, options) => session.getFolder('a', options)],
      ['sendFolder', (session, options) => session.sendFolder('a', options)],
      ['list', (session, options) => session.list('a', options)],
      ['close', (session, options) => session.close(options)],
    ] satisfies [string, (session: Session, options: never) => unknown][]
  ).map(([name, call]): Row => [
    `${name} with null for options`,
    (session) => call(session, untyped(null)),
    'options',
    'an object',
    'null',
  ]),
  [
    'sendBytes with a number for a signal',
    (session) => session.sendBytes(bytes, 1, { signal: untyped(5) }),
    'signal',
    'an AbortSignal',
    '5',
  ],
  [
    'sendBytes with a text for confirm',
    (session) => session.sendBytes(bytes, 1, { confirm: untyped('yes') }),
    'confirm',
    'true or false',
    '"yes"',
  ],
  [
    'getFile with a number for a signal',
    (session) => session.getFile('a', { signal: untyped(5) }),
    'signal',
    'an AbortSignal',
    '5',
  ],
  ['close in NaN', (session) => session.close({ drainMs: NaN }), 'drainMs', DURATION_RANGE, 'NaN'],
];

async function errorOf(call: () => unknown): Promise<Error> {
  try {
    await call();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

describe.each(ENDS)('wrong arguments at a %s', (end) => {
  let pair: SessionPair;
  beforeAll(async () => {
    pair = await connectPair();
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  it.each(SESSION_ROWS)(
    '%s: a UsageError that names the argument, the range and what came',
    async (_call, make, name, range, got) => {
      const { local } = endsOf(pair, end);
      const error = await errorOf(() => make(local));
      expect(error).toBeInstanceOf(UsageError);
      expect(error).toMatchObject({ name: 'UsageError', code: 'ERR_TCPCOMM_USAGE' });
      expect(error.message).toContain(`${name} must be ${range}`);
      expect(error.message).toContain(`got ${got}`);
      expect(local.isOpen).toBe(true);
      expect(local.getSendQueueSize()).toBe(0);
    },
  );

  it('a promise rejects, where a method returns one; it never throws at once', () => {
    const { local } = endsOf(pair, end);
    for (const [, make] of SESSION_ROWS.slice(0, 14)) {
      const promise = make(local) as Promise<void>;
      expect(promise).toBeInstanceOf(Promise);
      promise.catch(() => undefined);
    }
  });
});

const SESSION_OPTIONS: readonly (readonly [option: string, value: unknown, name: string, range: string])[] = [
  ['maxMessageBytes', 0, 'maxMessageBytes', 'a whole number from 1 to 1099511627776'],
  ['maxMessageBytes', 2 ** 40 + 1, 'maxMessageBytes', 'a whole number from 1 to 1099511627776'],
  ['channelWindowBytes', 65_535, 'channelWindowBytes', 'a whole number from 65536 to 1099511627776'],
  ['channelWindowBytes', '1 MiB', 'channelWindowBytes', 'a whole number from 65536 to 1099511627776'],
  ['maxQueuedBytes', 0, 'maxQueuedBytes', 'a whole number from 1 to 9007199254740991'],
  ['minInFlightBytes', 4095, 'minInFlightBytes', 'a whole number from 4096 to 1099511627776'],
  ['minInFlightBytes', '64 KiB', 'minInFlightBytes', 'a whole number from 4096 to 1099511627776'],
  ['maxInFlightBytes', 32_767, 'maxInFlightBytes', 'a whole number from 32768 to 1099511627776'],
  ['maxInFlightBytes', 2 ** 40 + 1, 'maxInFlightBytes', 'a whole number from 32768 to 1099511627776'],
  ['maxInFlightBytes', Infinity, 'maxInFlightBytes', 'a whole number from 32768 to 1099511627776'],
  // The least is above the most, which is 16 MiB when nobody says otherwise.
  ['minInFlightBytes', 2 ** 25, 'maxInFlightBytes', 'a whole number from 33554432 to 1099511627776'],
  ['writeStallTimeoutMs', 0, 'writeStallTimeoutMs', 'a whole number from 1 to 2147483647'],
  ['writeStallTimeoutMs', Infinity, 'writeStallTimeoutMs', 'a whole number from 1 to 2147483647'],
  ['keepAliveIntervalMs', 0, 'keepAliveIntervalMs', 'a whole number from 1 to 2147483647'],
  ['keepAliveTimeoutMs', Infinity, 'keepAliveTimeoutMs', 'a whole number from 1 to 2147483647'],
  ['keepAliveTimeoutMs', 45_000, 'keepAliveTimeoutMs', 'above keepAliveIntervalMs 45000'],
  ['files', { root: 5 }, 'files.root', 'a string'],
  ['files', { root: '' }, 'files.root', 'the path of a folder'],
  ['files', { root: '/tmp', read: 'yes' }, 'files.read', 'true or false'],
  ['files', { root: '/tmp', write: 1 }, 'files.write', 'true or false'],
  ['onMessage', 'print', 'onMessage', 'a function'],
];

describe('wrong options', () => {
  checkForLeaks();

  it.each([
    ...SESSION_OPTIONS,
    ...(['bytesPerSecond', 'totalBytesPerSecond'] as const).flatMap((option) =>
      WRONG_RATES.map(([rate]) => [option, rate, option, RATE_RANGE] as const),
    ),
    ['enforceUniqueMachineIds', 'no', 'enforceUniqueMachineIds', 'true or false'],
    ['maxSessions', 0, 'maxSessions', 'a whole number from 1 to 1000000'],
    ['handshakeTimeoutMs', 0, 'handshakeTimeoutMs', 'a whole number from 1 to 2147483647'],
  ] as const)('a server with %s %j is not made', async (option, value, name, range) => {
    const error = await errorOf(() => new TcpCommServer({ [option]: value }));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toContain(`${name} must be ${range}`);
  });

  it.each([
    ...SESSION_OPTIONS,
    ['machineId', 5, 'machineId', 'a string of at most 256 characters'],
    ['machineId', 'x'.repeat(257), 'machineId', 'a string of at most 256 characters'],
  ] as const)('a client with %s %j is not made', async (option, value, name, range) => {
    const error = await errorOf(() => new TcpCommClient({ [option]: value }));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toContain(`${name} must be ${range}`);
  });

  it.each([
    ['a port of 0', ['127.0.0.1', 0], 'port must be a whole number from 1 to 65535, got 0'],
    ['a port of 65536', ['127.0.0.1', 65_536], 'port must be a whole number from 1 to 65535, got 65536'],
    ['no host', [undefined, 1], 'host must be a string, got undefined'],
    ['less than no time', ['127.0.0.1', 1, { timeoutMs: -5 }], 'timeoutMs must be a number of milliseconds from 0'],
  ] as const)('a client does not connect with %s', async (_what, args, message) => {
    const client = new TcpCommClient();
    const error = await errorOf(() => Reflect.apply(client.connect, client, args));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toContain(message);
    await client.close();
  });

  it('a client does not take a machine id of 257 characters', async () => {
    const client = new TcpCommClient();
    expect((await errorOf(() => client.setMachineId('x'.repeat(257)))).message).toBe(
      'machineId must be a string of at most 256 characters, got a string of 257 characters',
    );
    await client.setMachineId('x'.repeat(256));
    await client.close();
  });

  it.each([
    ['a port of -1', -1, 'port must be a whole number from 0 to 65535, got -1'],
    ['a port of "80"', { port: '80' }, 'port must be a whole number from 0 to 65535, got "80"'],
    ['a host of 5', { port: 0, host: 5 }, 'host must be a string, got 5'],
  ])('a server does not listen at %s, and can be started after that', async (_what, where, message) => {
    await using server = new TcpCommServer();
    const error = await errorOf(() => server.start(untyped(where)));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe(message);
    await server.start({ port: 0, host: '127.0.0.1' });
  });

  it.each<readonly [what: string, call: (server: TcpCommServer) => unknown, message: string]>([
    ['bytes', (server) => server.sendBytes(untyped('text')), 'bytes must be a Uint8Array'],
    ['the channel', (server) => server.sendBytes(bytes, 300), 'channel must be a whole number from 1 to 250, got 300'],
    ['the text', (server) => server.sendText(untyped(bytes)), 'text must be a string'],
    ...(['throttleNetworkBps', 'throttleTotalBps'] as const).flatMap((method) =>
      WRONG_RATES.map(
        ([rate, got]) =>
          [
            `the rate ${got} of ${method}`,
            (server: TcpCommServer) => {
              server[method](untyped(rate));
            },
            `bytesPerSecond must be ${RATE_RANGE}, got ${got}`,
          ] as const,
      ),
    ),
    [
      'the time to close',
      (server) => server.close({ drainMs: untyped('soon') }),
      'drainMs must be a number of milliseconds',
    ],
  ])('a server checks %s, even when there is no session', async (_what, call, message) => {
    await using server = new TcpCommServer();
    await server.start({ port: 0, host: '127.0.0.1' });
    const error = await errorOf(() => call(server));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toContain(message);
  });
});

describe("wrong arguments of what only a server's session has", () => {
  let pair: SessionPair;
  beforeAll(async () => {
    pair = await connectPair();
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  it.each(WRONG_RATES)('throttleNetworkBps to %j', async (rate, got) => {
    const error = await errorOf(() => {
      pair.serverSession.throttleNetworkBps(untyped(rate));
    });
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe(`bytesPerSecond must be ${RATE_RANGE}, got ${got}`);
    expect(pair.serverSession.stats().limitBytesPerSecond).toBe(Infinity);
  });

  it.each([
    [0, '0'],
    [0.009, '0.009'],
    [101, '101'],
    [-1, '-1'],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
    ['1', '"1"'],
  ])('setWeight to %j', async (weight, got) => {
    const error = await errorOf(() => {
      pair.serverSession.setWeight(untyped(weight));
    });
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe(`weight must be a number from 0.01 to 100, got ${got}`);
  });

  it('the edges of what is right are taken', () => {
    for (const rate of [0, 1, 1.5, Infinity]) {
      pair.serverSession.throttleNetworkBps(rate);
      pair.server.throttleNetworkBps(rate);
      pair.server.throttleTotalBps(rate);
    }
    for (const weight of [0.01, 1, 100]) pair.serverSession.setWeight(weight);
    for (const { local } of ENDS.map((end) => endsOf(pair, end))) {
      local.channel(1, { priority: 'urgent', weight: 100, bytesPerSecond: 1 });
      local.channel(1, { priority: 'background', weight: 1, bytesPerSecond: 0 });
      local.channel(1, { bytesPerSecond: Infinity });
    }
  });
});

it('the edges of the options of what is in flight are taken: both at the least, both at the most', async () => {
  for (const bytes of [4096, 2 ** 40]) {
    const options = { minInFlightBytes: bytes, maxInFlightBytes: bytes, writeStallTimeoutMs: 1 };
    await using server = new TcpCommServer({ ...options, totalBytesPerSecond: 0 });
    await using client = new TcpCommClient(options);
    expect([server.sessions.size, client.isOpen]).toEqual([0, false]);
  }
});
