import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ControlFrameType,
  decodeControlMessage,
  encodeControlMessage,
  FrameType,
  frameTypeName,
  type Hello,
  isControlFrameType,
  laneKey,
  laneNumber,
  ProtocolError,
  toSentence,
  type Welcome,
} from '../src/index.ts';

type Json = Record<string, unknown>;

const limits = {
  maxFrameBytes: 65_536,
  maxMessageBytes: 1,
  channelWindowBytes: 65_536,
  transferWindowBytes: 65_536,
};

/** Where a side stands that has received nothing. */
const standing = { received: {}, transfers: { continued: [], done: [] } };

/** The least of each message: every property at its lower bound. */
const least = {
  HELLO: { machineId: '', agent: '', features: [], limits },
  WELCOME: { sessionId: 1, agent: '', features: [], limits, blockSizeBytes: 1, bytesPerSecond: null },
  REJECT: { code: 0, message: '' },
  SETTINGS: { blockSizeBytes: 1, bytesPerSecond: 1 },
  GOAWAY: { code: 0, message: '', received: {} },
  ERROR: { code: 0, message: '' },
  IDENTIFY: { machineId: '' },
  IDENTIFIED: {},
  FILE_REQUEST: { path: '' },
  FILE_OFFER: { path: '', sizeBytes: 0, modifiedMs: -8.64e15, integrity: 'xxh64', overwrite: 'replace' },
  FILE_ACCEPT: { offsetBytes: 0 },
  FILE_END: {},
  FILE_DONE: {},
  FILE_ABORT: { code: 0, message: '' },
  TRANSFER_PAUSE: { isPaused: false },
  FOLDER_REQUEST: { path: '' },
  FOLDER_OFFER: { path: '', integrity: 'xxh64', overwrite: 'replace' },
  FOLDER_ANSWER: { answered: 0 },
} satisfies Record<string, Json>;

/** The same with those properties that may be left out and are objects. */
const extended = {
  HELLO: { ...least.HELLO, resume: { sessionId: 1, key: '', ...standing } },
  WELCOME: { ...least.WELCOME, resumed: { machineId: '', ...standing } },
  IDENTIFIED: { refused: { code: 0, message: '' } },
} satisfies Record<string, Json>;

interface Case {
  readonly type: keyof typeof least;
  /** A path of property names, joined by dots. */
  readonly property: string;
  /** What the property is changed in. Default: the least of the message. */
  readonly message?: Json;
  readonly accepted: readonly unknown[];
  readonly refused: readonly unknown[];
}

const TEBIBYTE = 1_099_511_627_776;
const MAX_SAFE = 9_007_199_254_740_991;
const text = (max: number) => ({
  accepted: ['', 'a', 'é🚀', 'x'.repeat(max)],
  refused: ['x'.repeat(max + 1), 5, null, [], {}],
});
const whole = (min: number, max: number) => ({
  accepted: [min, max],
  refused: [min - 1, max + 1, min + 0.5, -1, '5', null, true, [min]],
});
const rate = { accepted: [null, 1, 1.5, MAX_SAFE], refused: [0, 0.5, -1, 1e300, '1', false] };
const features = {
  accepted: [[], ['a'], Array(64).fill('x'.repeat(64))],
  refused: [Array(65).fill('a'), ['x'.repeat(65)], [5], 'a', null, {}],
};
const code = whole(0, 65_535);
const hashes = {
  accepted: ['ef46db3751d8e999', '0123456789abcdef'.repeat(4)],
  refused: [
    '',
    'ef46db3751d8e99',
    'ef46db3751d8e9990',
    'EF46DB3751D8E999',
    'gf46db3751d8e999',
    '0'.repeat(65),
    5,
    null,
  ],
};

const notPositions = [[], [0, 0], [0, 0, 0, 0], 5, '0', null, {}, [-1, 0, 0], [0, 0.5, 0], [0, 0, '0'], [0, 0, null]];
const received = {
  accepted: [{}, { 1: [0, 0, 0], 250: [MAX_SAFE, MAX_SAFE, MAX_SAFE] }],
  refused: [
    ...[null, [], [[0, 0, 0]], 'x', 5],
    ...['0', '251', '01', '1.0', '', 'a', '-1'].map((channel) => ({ [channel]: [0, 0, 0] })),
    ...[...notPositions, [0, MAX_SAFE + 1, 0]].map((position) => ({ 7: position })),
  ],
};
const notTransferIds = [0, 65_536, -1, 1.5, '1', null, [1]];
const continued = {
  accepted: [[], [1, 65_535], Array<number>(64).fill(1)],
  refused: [...notTransferIds.map((id) => [id]), Array<number>(65).fill(1), null, {}, 1],
};
const done = {
  accepted: [[], [{ id: 1 }, { id: 65_535, path: 'x'.repeat(8192) }], Array<object>(64).fill({ id: 1 })],
  refused: [
    ...notTransferIds.map((id) => [{ id }]),
    ...[[{}], [1], [null], [{ path: 'a' }], [{ id: 1, path: 5 }], [{ id: 1, path: null }]],
    ...[[{ id: 1, path: 'x'.repeat(8193) }], Array<object>(65).fill({ id: 1 }), null, {}, 1],
  ],
};

const cases: readonly Case[] = [
  { type: 'HELLO', property: 'machineId', ...text(256) },
  { type: 'HELLO', property: 'agent', ...text(1024) },
  { type: 'HELLO', property: 'features', ...features },
  { type: 'HELLO', property: 'limits', accepted: [limits], refused: [null, [], 5, {}] },
  ...(['HELLO', 'WELCOME'] as const).flatMap((type) => [
    { type, property: 'limits.maxFrameBytes', ...whole(65_536, 16_777_215) },
    { type, property: 'limits.maxMessageBytes', ...whole(1, TEBIBYTE) },
    { type, property: 'limits.channelWindowBytes', ...whole(65_536, TEBIBYTE) },
    { type, property: 'limits.transferWindowBytes', ...whole(65_536, TEBIBYTE) },
  ]),
  { type: 'HELLO', property: 'auth', ...text(8192) },
  { type: 'HELLO', property: 'resume', accepted: [extended.HELLO.resume], refused: [null, [], {}, 5, 'a'] },
  { type: 'HELLO', message: extended.HELLO, property: 'resume.sessionId', ...whole(1, 4_294_967_295) },
  { type: 'HELLO', message: extended.HELLO, property: 'resume.key', ...text(128) },
  { type: 'WELCOME', property: 'sessionKey', ...text(128) },
  { type: 'WELCOME', property: 'resumed', accepted: [extended.WELCOME.resumed], refused: [null, [], {}, 5, 'a'] },
  { type: 'WELCOME', message: extended.WELCOME, property: 'resumed.machineId', ...text(256) },
  ...(
    [
      { type: 'HELLO', message: extended.HELLO, name: 'resume' },
      { type: 'WELCOME', message: extended.WELCOME, name: 'resumed' },
    ] as const
  ).flatMap(({ type, message, name }) => [
    { type, message, property: `${name}.received`, ...received },
    { type, message, property: `${name}.transfers`, accepted: [standing.transfers], refused: [null, [], {}, 5] },
    { type, message, property: `${name}.transfers.continued`, ...continued },
    { type, message, property: `${name}.transfers.done`, ...done },
  ]),
  { type: 'WELCOME', property: 'sessionId', ...whole(1, 4_294_967_295) },
  { type: 'WELCOME', property: 'agent', ...text(1024) },
  { type: 'WELCOME', property: 'features', ...features },
  { type: 'WELCOME', property: 'blockSizeBytes', ...whole(1, 16_777_215) },
  { type: 'WELCOME', property: 'bytesPerSecond', ...rate },
  { type: 'SETTINGS', property: 'blockSizeBytes', ...whole(1, 16_777_215) },
  { type: 'SETTINGS', property: 'bytesPerSecond', ...rate },
  ...(['REJECT', 'GOAWAY', 'ERROR', 'FILE_ABORT'] as const).flatMap((type) => [
    { type, property: 'code', ...code },
    { type, property: 'message', ...text(1024) },
  ]),
  { type: 'REJECT', property: 'retryAfterMs', ...whole(0, MAX_SAFE) },
  {
    type: 'GOAWAY',
    property: 'received',
    accepted: [{}, { 1: 0, 250: MAX_SAFE }],
    refused: [
      ...[null, [], [1], 'x', 5],
      ...[{ 0: 1 }, { 251: 1 }, { '01': 1 }, { '1.0': 1 }, { '': 1 }, { a: 1 }, { '-1': 1 }],
      ...[{ 1: -1 }, { 1: 0.5 }, { 1: '1' }, { 1: null }, { 1: MAX_SAFE + 1 }],
    ],
  },
  { type: 'IDENTIFY', property: 'machineId', ...text(256) },
  {
    type: 'IDENTIFIED',
    property: 'refused',
    accepted: [extended.IDENTIFIED.refused],
    refused: [null, [], {}, 5, 'taken', true],
  },
  { type: 'IDENTIFIED', message: extended.IDENTIFIED, property: 'refused.code', ...code },
  { type: 'IDENTIFIED', message: extended.IDENTIFIED, property: 'refused.message', ...text(1024) },
  { type: 'FILE_REQUEST', property: 'path', ...text(8192) },
  { type: 'FILE_OFFER', property: 'path', ...text(8192) },
  { type: 'FILE_OFFER', property: 'sizeBytes', ...whole(0, MAX_SAFE) },
  {
    type: 'FILE_OFFER',
    property: 'modifiedMs',
    accepted: [0, 0.5, -1, 8.64e15, -8.64e15],
    refused: [8.65e15, -8.65e15, '0', null],
  },
  ...(['FILE_REQUEST', 'FILE_OFFER', 'FOLDER_REQUEST', 'FOLDER_OFFER'] as const).map((type) => ({
    type,
    property: 'integrity',
    accepted: ['xxh64', 'sha256'],
    refused: ['sha1', '', 'XXH64', null, 5],
  })),
  {
    type: 'FILE_OFFER',
    property: 'overwrite',
    accepted: ['replace', 'refuse', 'rename'],
    refused: ['ask', '', null, true],
  },
  { type: 'FILE_ACCEPT', property: 'offsetBytes', ...whole(0, MAX_SAFE) },
  { type: 'FILE_ACCEPT', property: 'prefixHash', ...hashes },
  { type: 'FILE_END', property: 'hash', ...hashes },
  { type: 'FILE_DONE', property: 'path', ...text(8192) },
  ...(['FOLDER_REQUEST', 'FOLDER_OFFER'] as const).map((type) => ({ type, property: 'path', ...text(8192) })),
  { type: 'FOLDER_REQUEST', property: 'list', accepted: ['flat', 'deep'], refused: ['', true, null] },
  { type: 'FOLDER_OFFER', property: 'overwrite', accepted: ['replace', 'refuse', 'rename'], refused: ['ask', null] },
  { type: 'FOLDER_ANSWER', property: 'answered', ...whole(0, MAX_SAFE) },
  {
    type: 'FOLDER_ANSWER',
    property: 'skip',
    accepted: [[], [0, MAX_SAFE], Array<number>(1000).fill(1)],
    refused: [[-1], [0.5], ['1'], Array<number>(1001).fill(1), null, 'a'],
  },
  {
    type: 'FOLDER_ANSWER',
    property: 'resume',
    accepted: [[], [{ index: 0, offsetBytes: 5, prefixHash: 'ef46db3751d8e999' }]],
    refused: [
      [{ index: 0, offsetBytes: 5 }],
      [{ index: -1, offsetBytes: 5, prefixHash: 'ef46db3751d8e999' }],
      [5],
      'a',
    ],
  },
  {
    type: 'FOLDER_ANSWER',
    property: 'lost',
    accepted: [[], [{ index: 0, code: 65, message: 'gone' }]],
    refused: [
      [{ index: 0, code: 65 }],
      [{ index: 0, code: 65_536, message: '' }],
      [{ index: 0, code: 1, message: 'x'.repeat(1025) }],
    ],
  },
  { type: 'TRANSFER_PAUSE', property: 'isPaused', accepted: [true, false], refused: [0, 'true', null] },
];

describe.each<[string, Json]>(Object.entries(least))('%s', (name, message) => {
  it('is accepted at its least, and gives back what was sent', () => {
    expect(decode(name, message)).toEqual(message);
  });

  it('loses properties that are not specified', () => {
    expect(decode(name, { ...message, later: 1, toString: 2 })).toEqual(message);
  });

  it.each(Object.keys(message))('is refused without %s', (property) => {
    const { [property]: _, ...rest } = message;
    expect(refusalOf(name, rest)).toMatch(new RegExp(`^${name} message: ${property}\\b`));
  });

  it.each([null, [], ['a'], 5, 'text', true])('is refused as %j, which is no object', (value) => {
    expect(refusalOf(name, value)).toMatch(new RegExp(`^${name} message: `));
  });

  it.each([
    ['nothing', ''],
    ['half a text', JSON.stringify(message).slice(0, -1)],
    ['two texts', `${JSON.stringify(message)}{}`],
    ['no JSON', '{a:1}'],
    ['bytes that are not UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
    ['UTF-16', Buffer.from(JSON.stringify(message), 'utf16le')],
  ])('is refused as %s, with the cause', (_, payload) => {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    const error = errorOf(() => decodeControlMessage(typeOf(name), bytes));
    expect(error.message).toBe(`${name} message: expected JSON in UTF-8`);
    expect(error.cause).toBeInstanceOf(Error);
  });
});

describe.each(Object.entries<Json>(extended))('%s with all of its objects', (name, message) => {
  const properties = pathsOf(message).filter((path) => path.includes('.') && !path.startsWith('limits.'));

  it('loses properties that are not specified, however deep', () => {
    const excessive = properties.reduce((sum, path) => withProperty(sum, path.replace(/[^.]+$/, 'later'), 1), message);
    expect(excessive).not.toEqual(message);
    expect(decode(name, excessive)).toEqual(message);
  });

  it.each(properties)('is refused without %s', (path) => {
    // What is undefined is not written.
    expect(refusalOf(name, withProperty(message, path, undefined))).toContain(`${name} message: ${path}`);
  });
});

describe.each(cases)('$type: $property', ({ type, property, message: base = least[type], accepted, refused }) => {
  it.each(accepted.map((value) => [value]))('accepts %j', (value) => {
    const message = withProperty(base, property, value);
    expect(decode(type, message)).toEqual(message);
  });

  it.each(refused.map((value) => [value]))('refuses %j and names the property', (value) => {
    const refusal = refusalOf(type, withProperty(base, property, value));
    expect(refusal.startsWith(`${type} message: ${property}`)).toBe(true);
  });
});

it('the tables above have every property of every message', () => {
  const paths = Object.entries<Json>({ ...least, ...extended }).flatMap(([type, message]) =>
    pathsOf(message).map((path) => `${type}.${path}`),
  );
  const tested = cases.map(({ type, property }) => `${type}.${property}`);
  const isTested = (path: string) => tested.some((other) => other === path || other.startsWith(`${path}.`));
  expect(paths.filter((path) => !isTested(path))).toEqual([]);
  const types = Object.values(FrameType).filter((type) => isControlFrameType(type));
  expect(types.map((type) => frameTypeName(type))).toEqual(Object.keys(least));
});

it('a refusal says what was expected and what came', () => {
  expect(refusalOf('HELLO', { ...least.HELLO, limits: { ...limits, maxFrameBytes: 1 } })).toBe(
    'HELLO message: limits.maxFrameBytes: invalid value: Expected >=65536 but received 1',
  );
  expect(refusalOf('GOAWAY', { ...least.GOAWAY, received: { 0: 1 } })).toBe(
    'GOAWAY message: received.0: expected a channel from 1 to 250',
  );
  expect(refusalOf('WELCOME', withProperty(extended.WELCOME, 'resumed.received', { 7: [1, 2] }))).toMatch(
    /^WELCOME message: resumed\.received\.7\.2: /,
  );
});

it('a refusal stays a sentence, however long what came was', () => {
  expect(refusalOf('FILE_OFFER', { ...least.FILE_OFFER, overwrite: 'x'.repeat(9999) })).toHaveLength(1024);
});

it('a number that JSON can write and no double can hold is refused', () => {
  const error = errorOf(() =>
    decodeControlMessage(FrameType.SETTINGS, Buffer.from('{"blockSizeBytes":1,"bytesPerSecond":1e999}')),
  );
  expect(error.message).toContain('bytesPerSecond');
});

it('names with a meaning in JavaScript do no harm', () => {
  const json = '{"code":0,"message":"","received":{"__proto__":1,"1":2},"__proto__":{"polluted":true}}';
  const message = decodeControlMessage(FrameType.GOAWAY, Buffer.from(json));
  expect(message.received).toEqual({ 1: 2 });
  expect(message).not.toHaveProperty('polluted');
  expect({}).not.toHaveProperty('polluted');
});

it('isControlFrameType tells the JSON types from all others', () => {
  const control = Array.from({ length: 256 }, (_, type) => type).filter((type) => isControlFrameType(type));
  expect(control).toEqual([
    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29,
  ]);
});

it('the largest valid GOAWAY and FILE_OFFER fit in a control frame', () => {
  const received = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [index + 1, MAX_SAFE]));
  const goAway = { code: 65_535, message: '\0'.repeat(1024), received };
  expect(encodeControlMessage(FrameType.GOAWAY, goAway).length).toBeLessThanOrEqual(65_536);
  const offer = { path: '\0'.repeat(8192), sizeBytes: MAX_SAFE, modifiedMs: -8.64e15 } as const;
  const encoded = encodeControlMessage(FrameType.FILE_OFFER, { ...offer, integrity: 'xxh64', overwrite: 'replace' });
  expect(encoded.length).toBeLessThanOrEqual(65_536);
});

it('a HELLO with every lane of every channel at its highest position, long credentials and as many transfers as may be fits in its frame', () => {
  const numbers = (length: number) => Array.from({ length }, (_, index) => 65_535 - 2 * index);
  const hello: Hello = {
    ...{ machineId: 'm'.repeat(256), agent: 'a'.repeat(1024), features: ['resume'], limits },
    auth: 'x'.repeat(8192),
    resume: {
      sessionId: 4_294_967_295,
      key: 'k'.repeat(128),
      received: Object.fromEntries(
        Array.from({ length: 1_000 }, (_, index) => {
          const name = laneKey(laneNumber((index % 250) + 1, Math.floor(index / 250)));
          return [name, [MAX_SAFE, MAX_SAFE, MAX_SAFE] as const];
        }),
      ),
      transfers: { continued: numbers(64), done: numbers(64).map((id) => ({ id })) },
    },
  };
  const encoded = encodeControlMessage(FrameType.HELLO, hello);
  expect(encoded.length).toBeLessThanOrEqual(98_304);
  expect(decodeControlMessage(FrameType.HELLO, encoded)).toEqual(hello);
});

it('any WELCOME survives encoding and decoding', () => {
  const position = fc.tuple(fc.maxSafeNat(), fc.maxSafeNat(), fc.maxSafeNat());
  const id = fc.integer({ min: 1, max: 65_535 });
  const path = fc.string({ unit: 'binary', maxLength: 50 });
  const welcome: fc.Arbitrary<Welcome> = fc.record({
    sessionId: fc.integer({ min: 1, max: 4_294_967_295 }),
    agent: fc.string({ unit: 'binary', maxLength: 50 }),
    features: fc.array(fc.string({ maxLength: 64 }), { maxLength: 5 }),
    limits: fc.record({
      maxFrameBytes: fc.integer({ min: 65_536, max: 16_777_215 }),
      maxMessageBytes: fc.maxSafeNat().map((bytes) => 1 + (bytes % TEBIBYTE)),
      channelWindowBytes: fc.constant(65_536),
      transferWindowBytes: fc.constant(TEBIBYTE),
    }),
    blockSizeBytes: fc.integer({ min: 1, max: 16_777_215 }),
    bytesPerSecond: fc.option(fc.double({ min: 1, max: MAX_SAFE, noNaN: true })),
  });
  const resumed = fc.record({
    sessionKey: fc.base64String({ maxLength: 128 }),
    resumed: fc.record({
      machineId: fc.string({ unit: 'binary', maxLength: 50 }),
      received: fc.dictionary(fc.integer({ min: 1, max: 250 }).map(String), position, { noNullPrototype: true }),
      transfers: fc.record({
        continued: fc.array(id, { maxLength: 64 }),
        done: fc.array(fc.record({ id, path }, { requiredKeys: ['id'] }), { maxLength: 64 }),
      }),
    }),
  });
  const either = fc.oneof(
    welcome,
    fc.tuple(welcome, resumed).map(([first, second]) => ({ ...first, ...second })),
  );
  const property = fc.property(either, (message) => {
    expect(decodeControlMessage(FrameType.WELCOME, encodeControlMessage(FrameType.WELCOME, message))).toEqual(message);
  });
  fc.assert(property);
});

describe('toSentence', () => {
  it('leaves what fits and cuts what does not, with an ellipsis', () => {
    expect(toSentence('short')).toBe('short');
    expect(toSentence('x'.repeat(1024))).toBe('x'.repeat(1024));
    expect(toSentence('x'.repeat(1025))).toBe(`${'x'.repeat(1023)}…`);
  });
});

function typeOf(name: string): ControlFrameType {
  return FrameType[name as keyof typeof FrameType] as ControlFrameType;
}

function decode(name: string, message: unknown): unknown {
  return decodeControlMessage(typeOf(name), Buffer.from(JSON.stringify(message)));
}

function refusalOf(name: string, message: unknown): string {
  const error = errorOf(() => decode(name, message));
  expect(error.code).toBe('ERR_TCPCOMM_INVALID_CONTROL_MESSAGE');
  return error.message;
}

function errorOf(action: () => unknown): ProtocolError {
  try {
    action();
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  return expect.unreachable('expected a refusal');
}

/** The names of all properties, those of objects within it too. What stands for a choice of names, as `received`, is empty here. */
function pathsOf(message: Json): string[] {
  return Object.entries(message).flatMap(([name, value]) => {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return [name, ...(isObject ? pathsOf(value as Json).map((path) => `${name}.${path}`) : [])];
  });
}

function withProperty(message: Json, path: string, value: unknown): Json {
  const [first, ...rest] = path.split('.') as [string, ...string[]];
  if (rest.length === 0) return { ...message, [first]: value };
  return { ...message, [first]: withProperty(message[first] as Json, rest.join('.'), value) };
}
