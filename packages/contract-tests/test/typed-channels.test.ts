import { ReplyError } from '@tcpcomm/client';
import { InvalidMessageError, UsageError } from '@tcpcomm/protocol';
import { bytesCodec, type Codec, jsonCodec, textCodec } from '@tcpcomm/session';
import { msgpackCodec } from '@tcpcomm/msgpack';
import { checkForLeaks, untyped, waitUntil } from '@tcpcomm/test-support';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { connectPair, ENDS, endsOf } from '../src/index.ts';

checkForLeaks();

const CHANNEL = 5;
const NESTED_CHANNEL = 6;

const Order = v.object({ item: v.string(), count: v.pipe(v.number(), v.integer(), v.minValue(1)) });
const Receipt = v.object({ total: v.number() });

/** The next values of a channel. */
async function take<Value>(values: AsyncIterable<Value>, count: number): Promise<Value[]> {
  const taken: Value[] = [];
  for await (const value of values) {
    taken.push(value);
    if (taken.length === count) break;
  }
  return taken;
}

const CODECS: readonly [string, Codec<unknown>, fc.Arbitrary<unknown>][] = [
  ['bytes', untyped(bytesCodec), fc.uint8Array({ maxLength: 3000 })],
  ['text', untyped(textCodec), fc.string({ unit: 'binary', maxLength: 3000 }).map((text) => text.toWellFormed())],
  ['JSON', jsonCodec(), fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown)],
  [
    'MessagePack',
    msgpackCodec(),
    fc.record({
      text: fc.string({ unit: 'binary', maxLength: 300 }).map((text) => text.toWellFormed()),
      bytes: fc.uint8Array({ maxLength: 300 }),
      numbers: fc.array(fc.oneof(fc.double({ noNaN: true }), fc.maxSafeInteger())),
      at: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }),
      nested: fc.dictionary(
        fc.string().map((key) => `k${key}`),
        fc.boolean(),
      ),
    }),
  ],
];

describe.each(ENDS)('a typed channel of a %s', (end) => {
  it.each(CODECS)('carries values as %s', async (_name, codec, values) => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const [sending, receiving] = [local.channel(CHANNEL, { codec }), remote.channel(CHANNEL, { codec })];
    receiving.onRequest((value) => value);
    await fc.assert(
      fc.asyncProperty(fc.array(values, { minLength: 1, maxLength: 5 }), async (sent) => {
        const taken = take(receiving, sent.length);
        for (const value of sent) await sending.send(value);
        const received = await taken;
        expect(received.map(plain)).toEqual(sent.map(plain));
        expect(plain(await sending.request(sent[0]))).toEqual(plain(sent[0]));
      }),
      { numRuns: 30 },
    );
  });

  it('lets through what matches its schema, as the schema makes it, and tells of what does not', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const invalid: string[] = [];
    const schema = v.pipe(
      Order,
      v.transform(({ item, count }) => `${count} x ${item}`),
    );
    const receiving = remote.channel(CHANNEL, {
      codec: jsonCodec(),
      schema,
      onInvalid: ({ message }, bytes) => invalid.push(`${message} (${bytes.length} bytes)`),
    });
    expectTypeOf(receiving[Symbol.asyncIterator]().next).returns.resolves.toExtend<IteratorResult<string>>();
    const sending = local.channel(CHANNEL, { codec: jsonCodec() });
    const taken = take(receiving, 2);
    await sending.send({ item: 'pen', count: 3 });
    await sending.send({ item: 'pen', count: 0 });
    await sending.send({ count: 'many' });
    await local.sendText('{', CHANNEL);
    await local.sendBytes(Uint8Array.of(0xff, 0xfe), CHANNEL);
    await sending.send({ item: 'ink', count: 1 });
    expect(await taken).toEqual(['3 x pen', '1 x ink']);
    expect(invalid).toMatchObject([
      expect.stringMatching(/^a message on channel 5 does not match the schema: count: .*0.* \(24 bytes\)$/),
      expect.stringMatching(/^a message on channel 5 does not match the schema: item: .* \(and 1 more\) \(16 bytes\)$/),
      expect.stringMatching(/^a message on channel 5 is not JSON: .* \(1 bytes\)$/),
      expect.stringMatching(/^a message on channel 5 is not JSON: .* \(2 bytes\)$/),
    ]);
  });

  it('tells of what is wrong as a notice, where nobody takes it', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const notices: unknown[] = [];
    remote.on('notice', ({ kind, error }) => kind === 'error' && notices.push(error));
    const taken = take(remote.channel(CHANNEL, { codec: textCodec }), 1);
    await local.sendBytes(Uint8Array.of(0xff), CHANNEL);
    await local.sendText('fine', CHANNEL);
    expect(await taken).toEqual(['fine']);
    expect(notices).toMatchObject([{ name: 'InvalidMessageError', code: 'ERR_TCPCOMM_INVALID_MESSAGE' }]);
  });

  it('checks requests before they are handled, and replies before they are handed over', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const asking = local.channel(CHANNEL, { codec: jsonCodec() });
    const answering = remote.channel(CHANNEL, { codec: jsonCodec(), schema: Order });
    const handled: string[] = [];
    answering.onRequest(({ item, count }) => {
      handled.push(item);
      if (item === 'gold') throw new ReplyError('none left', 'SOLD_OUT');
      return item === 'air' ? 'free' : { total: count * 2 };
    });
    const receipt = await asking.request({ item: 'pen', count: 3 }, { schema: Receipt });
    expectTypeOf(receipt).toEqualTypeOf<{ total: number }>();
    expect(receipt).toEqual({ total: 6 });
    await expect(asking.request({ item: 'pen', count: -1 })).rejects.toMatchObject({
      name: 'RequestError',
      code: 'ERR_TCPCOMM_INVALID_MESSAGE',
      message: expect.stringMatching(/^the request on channel 5 does not match the schema: count: /) as string,
    });
    await expect(asking.request({ item: 'air', count: 1 }, { schema: Receipt })).rejects.toBeInstanceOf(
      InvalidMessageError,
    );
    await expect(asking.request({ item: 'gold', count: 1 })).rejects.toMatchObject({ reason: 'SOLD_OUT' });
    expect(handled).toEqual(['pen', 'air', 'gold']);
  });

  it('tells who asked nothing of another invalid message that its handler meets', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const notices: unknown[] = [];
    remote.on('notice', ({ kind, error }) => kind === 'error' && notices.push(error));
    local.onRequest(NESTED_CHANNEL, () => Buffer.from('"free"'));
    remote.channel(CHANNEL, { codec: jsonCodec() }).onRequest(async () => {
      return remote.channel(NESTED_CHANNEL, { codec: jsonCodec() }).request('what is it?', { schema: Receipt });
    });
    await expect(local.channel(CHANNEL, { codec: jsonCodec() }).request(1)).rejects.toMatchObject({
      code: 'ERR_TCPCOMM_REQUEST_FAILED',
      message: 'the handler of the request failed',
    });
    expect(notices).toMatchObject([{ message: expect.stringContaining('the reply on channel 6') as string }]);
  });

  it('goes on when what takes invalid messages throws', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const notices: unknown[] = [];
    remote.on('notice', ({ kind, error }) => kind === 'error' && notices.push(error));
    const onInvalid = () => {
      throw new Error('not my day');
    };
    const taken = take(remote.channel(CHANNEL, { codec: textCodec, onInvalid }), 1);
    await local.sendBytes(Uint8Array.of(0xff), CHANNEL);
    await local.sendText('fine', CHANNEL);
    expect(await taken).toEqual(['fine']);
    expect(notices).toMatchObject([{ message: 'not my day' }]);
  });

  it('has replies in items, each a value', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    remote.channel(CHANNEL, { codec: jsonCodec<number>() }).onRequest(async function* (upTo) {
      for (let at = 0; at < upTo; at += 1) yield at;
    });
    const items: number[] = [];
    for await (const item of local.channel(CHANNEL, { codec: jsonCodec<number>() }).requestStream(4)) items.push(item);
    expect(items).toEqual([0, 1, 2, 3]);
  });

  it('refuses values that its codec has no form for, and options that are none', async () => {
    await using pair = await connectPair();
    const { local } = endsOf(pair, end);
    const json = local.channel(CHANNEL, { codec: jsonCodec() });
    await expect(json.send(undefined)).rejects.toThrow(
      'the value cannot be sent as JSON: JSON has no form for a value of',
    );
    await expect(json.request(1n)).rejects.toBeInstanceOf(UsageError);
    await expect(local.channel(CHANNEL, { codec: textCodec }).send(untyped(5))).rejects.toThrow(
      'as UTF-8 text: expected',
    );
    await expect(local.channel(CHANNEL, { codec: bytesCodec }).send(untyped('x'))).rejects.toThrow(
      'expected a Uint8Array',
    );
    expect(() => local.channel(CHANNEL, { codec: untyped({}) })).toThrow(
      'codec must have the functions encode and decode',
    );
    expect(() => local.channel(CHANNEL, untyped({ schema: Order }))).toThrow('codec must have');
    expect(() => local.channel(CHANNEL, { codec: textCodec, schema: untyped({}) })).toThrow('Standard Schema');
    const wrong: Codec<string> = { name: 'nothing', encode: () => untyped('text'), decode: () => '' };
    await expect(local.channel(CHANNEL, { codec: wrong }).send('')).rejects.toThrow(
      'must return a Uint8Array, got a string',
    );
  });

  it('goes on where its schema is asynchronous, or throws', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const isOdd = v.pipeAsync(
      v.number(),
      v.checkAsync(async (value) => {
        await Promise.resolve();
        if (value === 13) throw new Error('superstition');
        return value % 2 === 1;
      }, 'must be odd'),
    );
    const invalid: string[] = [];
    const receiving = remote.channel(CHANNEL, {
      codec: jsonCodec(),
      schema: isOdd,
      onInvalid: ({ message }) => invalid.push(message),
    });
    const taken = take(receiving, 2);
    for (const value of [1, 2, 13, 3]) void local.channel(CHANNEL, { codec: jsonCodec() }).send(value);
    expect(await taken).toEqual([1, 3]);
    await waitUntil('both are told of', () => invalid.length === 2);
    expect(invalid[0]).toContain('must be odd');
    expect(invalid[1]).toContain('the schema throws: superstition');
  });
});

/** Without what only says of what class a number is: -0 and Buffers compare as what they stand for. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
  }
  return value === 0 ? 0 : value;
}
