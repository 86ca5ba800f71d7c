import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { TcpCommClient } from '@tcpcomm/client';
import {
  FrameType,
  LimitError,
  ReplyError,
  RequestError,
  SessionClosedError,
  TimeoutError,
  UsageError,
} from '@tcpcomm/protocol';
import { TcpCommServer } from '@tcpcomm/server';
import type { RequestContext, RequestHandler, Session } from '@tcpcomm/session';
import {
  checkForLeaks,
  freePort,
  rawFrame,
  RawPeer,
  rawPreface,
  Relay,
  testBytes,
  untyped,
  waitUntil,
} from '@tcpcomm/test-support';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectPair, connectRelayedPair, ENDS, endsOf } from '../src/index.ts';

checkForLeaks();

const HOST = '127.0.0.1';
const CHANNEL = 5;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
async function textsOf(items: AsyncIterable<Uint8Array>): Promise<string[]> {
  const texts: string[] = [];
  for await (const item of items) texts.push(textOf(item));
  return texts;
}

const echo: RequestHandler = (bytes) => bytes;

/** Answers when it is told to; what it was asked is in `asked`. */
class Desk {
  readonly asked: string[] = [];
  readonly signals: AbortSignal[] = [];
  readonly #answers = new Map<string, PromiseWithResolvers<Uint8Array>>();

  readonly handler = (bytes: Uint8Array, { signal }: RequestContext): Promise<Uint8Array> => {
    const question = textOf(bytes);
    this.asked.push(question);
    this.signals.push(signal);
    const answer = Promise.withResolvers<Uint8Array>();
    this.#answers.set(question, answer);
    return answer.promise;
  };

  answer(question: string): void {
    this.#answers.get(question)?.resolve(bytesOf(`to ${question}`));
  }

  answerAll(): void {
    for (const question of this.#answers.keys()) this.answer(question);
  }
}

/** Failures that the session tells as notices. */
function failuresOf(session: Session): Error[] {
  const failures: Error[] = [];
  session.on('notice', ({ kind, error }) => {
    if (kind === 'error' && error) failures.push(error);
  });
  return failures;
}

describe.each(ENDS)('a request of a %s', (end) => {
  it('gets the reply of the handler, which knows where it has come from', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const seen: unknown[] = [];
    remote.onRequest(CHANNEL, (bytes, { channel, session, signal }) => {
      seen.push(textOf(bytes), channel, session === remote, signal.aborted);
      return bytesOf('of course');
    });
    expect(textOf(await local.request(CHANNEL, bytesOf('may I?')))).toBe('of course');
    expect(seen).toEqual(['may I?', CHANNEL, true, false]);
  });

  it('of any size gets a reply of any size', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const size = fc.oneof(fc.constantFrom(0, 1, 2039, 2040, 2041, 65_528, 1_048_576), fc.nat(3_000_000));
    remote.onRequest(CHANNEL, (bytes) => testBytes(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), 2));
    await fc.assert(
      fc.asyncProperty(size, size, async (asked, answered) => {
        const request = testBytes(asked + 4, 1);
        new DataView(request.buffer, request.byteOffset).setUint32(0, answered);
        const reply = await local.request(CHANNEL, request);
        expect(Buffer.compare(reply, testBytes(answered, 2))).toBe(0);
      }),
      { numRuns: 25 },
    );
  });

  it('gets an empty reply where the handler returns nothing', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    remote.onRequest(CHANNEL, () => undefined);
    expect((await local.request(CHANNEL, bytesOf('?'))).length).toBe(0);
  });

  it('gets its own reply, in whatever order replies come', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const desk = new Desk();
    remote.onRequest(CHANNEL, desk.handler);
    const order: string[] = [];
    const replies = ['a', 'b', 'c'].map(async (question) => {
      const reply = textOf(await local.request(CHANNEL, bytesOf(question)));
      order.push(reply);
    });
    await waitUntil('all are asked', () => desk.asked.length === 3);
    for (const question of ['c', 'a', 'b']) desk.answer(question);
    await Promise.all(replies);
    expect(order).toEqual(['to c', 'to a', 'to b']);
  });

  it('is one of thousands in flight', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    remote.onRequest(CHANNEL, async (bytes) => {
      await setImmediate();
      return bytes;
    });
    const replies = await Promise.all(
      Array.from({ length: 5_000 }, (_, at) => local.request(CHANNEL, bytesOf(String(at)))),
    );
    expect(replies.map(textOf)).toEqual(Array.from({ length: 5_000 }, (_, at) => String(at)));
  });

  it('waits for no message, and no message for it', async () => {
    await using pair = await connectPair({ session: { channelWindowBytes: 65_536 } });
    const { local, remote } = endsOf(pair, end);
    remote.onRequest(CHANNEL, echo);
    // Nobody takes them: the channel is full.
    for (let at = 0; at < 4; at += 1) void local.sendBytes(testBytes(30_000, at), CHANNEL).catch(() => undefined);
    expect(textOf(await local.request(CHANNEL, bytesOf('past them')))).toBe('past them');
  });

  it('may be made by a handler of messages of the same channel, also where its window is full', async () => {
    await using pair = await connectPair({ session: { channelWindowBytes: 65_536 } });
    const { local, remote } = endsOf(pair, end);
    remote.onRequest(CHANNEL, echo);
    const replies: string[] = [];
    void (async () => {
      for await (const message of local.channel(CHANNEL)) {
        replies.push(textOf(await local.request(CHANNEL, message.subarray(0, 1))));
      }
    })();
    const messages = Array.from({ length: 40 }, (_, at) => testBytes(10_000, at).fill(97 + (at % 26), 0, 1));
    await Promise.all(messages.map((message) => remote.sendBytes(message, CHANNEL, { confirm: true })));
    expect(replies).toHaveLength(40);
  });

  it.each([10, 16_384, 200_000])('of %d bytes is copied: its memory may be used for the next', async (length) => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    remote.onRequest(CHANNEL, echo);
    const memory = new Uint8Array(length);
    const replies = Array.from({ length: 20 }, (_, at) => {
      memory.set(testBytes(length, at));
      return local.request(CHANNEL, memory);
    });
    for (const [at, reply] of (await Promise.all(replies)).entries()) {
      expect(Buffer.compare(reply, testBytes(length, at))).toBe(0);
    }
  });

  // All are asked at once, so the larger replies have to wait for room; and a Buffer's slice() is no copy.
  it.each([10, 16_384, 200_000])('has a reply of %d bytes that is copied, whether it waits or not', async (length) => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const memory = Buffer.alloc(length);
    remote.onRequest(CHANNEL, (bytes) => {
      memory.set(testBytes(length, Number(textOf(bytes))));
      return memory;
    });
    const replies = Array.from({ length: 20 }, (_, at) => local.request(CHANNEL, bytesOf(String(at))));
    for (const [at, reply] of (await Promise.all(replies)).entries()) {
      expect(Buffer.compare(reply, testBytes(length, at))).toBe(0);
    }
  });

  it('is answered also when its reply comes up while many that were lost with a connection wait to be sent again', async () => {
    const roomy = { minInFlightBytes: 8_000_000, channelWindowBytes: 8_000_000 };
    await using pair = await connectRelayedPair({ session: roomy });
    const { local, remote } = endsOf(pair, end);
    const [many, last] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    let asked = 0;
    remote.onRequest(CHANNEL, async (bytes) => {
      asked += 1;
      await (textOf(bytes) === 'last' ? last : many).promise;
      return testBytes(300_000);
    });
    const replies = ['last', ...Array<string>(9).fill('one of many')].map((text) =>
      local.request(CHANNEL, bytesOf(text)),
    );
    await waitUntil('all are asked', () => asked === 10);
    pair.relay.silence('forth', 'back');
    many.resolve(undefined);
    await waitUntil('their replies have left', () => remote.stats().inFlightBytes > 2_700_000);
    remote.once('connected', () => last.resolve(undefined));
    pair.relay.cut();
    expect((await Promise.all(replies)).map(({ length }) => length)).toEqual(Array<number>(10).fill(300_000));
  });

  it('fails where nobody answers on that channel', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const stop = remote.onRequest(CHANNEL, echo);
    expect(textOf(await local.request(CHANNEL, bytesOf('now')))).toBe('now');
    stop();
    const error = await local.request(CHANNEL, bytesOf('later')).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toMatchObject({ code: 'ERR_TCPCOMM_NO_HANDLER', side: 'remote' });
    expect((error as Error).message).toBe(`nobody answers requests on channel ${CHANNEL}`);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('secret: the password is x');
      },
    ],
    ['rejects', async () => Promise.reject(new Error('secret: the password is x'))],
    ['returns what is no bytes', () => untyped('secret: the password is x')],
  ] as [string, RequestHandler][])('fails where the handler %s, without what its error says', async (_how, handler) => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const failures = failuresOf(remote);
    remote.onRequest(CHANNEL, handler);
    const error = await local.request(CHANNEL, bytesOf('?')).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toMatchObject({ code: 'ERR_TCPCOMM_REQUEST_FAILED', side: 'remote', reason: undefined });
    expect((error as Error).message).toBe('the handler of the request failed');
    await waitUntil('it is told of where it happened', () => failures.length === 1);
  });

  it('fails with what a ReplyError says', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const failures = failuresOf(remote);
    remote.onRequest(CHANNEL, async () => {
      throw new ReplyError('there is no such user', 'NO_USER');
    });
    const error = await local.request(CHANNEL, bytesOf('?')).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      ...{ code: 'ERR_TCPCOMM_REQUEST_FAILED', message: 'there is no such user', reason: 'NO_USER', side: 'remote' },
    });
    expect(failures).toEqual([]);
  });

  it('fails where the reply is larger than this end takes', async () => {
    await using pair = await connectPair({ session: { maxMessageBytes: 1_000 } });
    const { local, remote } = endsOf(pair, end);
    remote.onRequest(CHANNEL, (bytes) => testBytes(Number(textOf(bytes)), 1));
    expect((await local.request(CHANNEL, bytesOf('992'))).length).toBe(992);
    const error = await local.request(CHANNEL, bytesOf('993')).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ERR_TCPCOMM_MESSAGE_TOO_LARGE' });
    await expect(local.request(CHANNEL, testBytes(993, 1))).rejects.toBeInstanceOf(LimitError);
  });

  it('fails when its time is over, and the handler is told', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const desk = new Desk();
    remote.onRequest(CHANNEL, desk.handler);
    const error = await local.request(CHANNEL, bytesOf('?'), { timeoutMs: 1 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ code: 'ERR_TCPCOMM_REQUEST_TIMEOUT', message: 'no reply within 1 ms' });
    await waitUntil('the signal aborts', () => desk.signals.every(({ aborted }) => aborted));
    // Where the request had not come yet when it was cancelled, nobody was asked.
    for (const { reason } of desk.signals) expect(reason).toMatchObject({ code: 'ERR_TCPCOMM_REQUEST_CANCELLED' });
    desk.answerAll();
  });

  it('has its own time, whatever that of the others is', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const desk = new Desk();
    remote.onRequest(CHANNEL, desk.handler);
    const limits = [Infinity, 300, 30_000, 100, 200];
    const settled: string[] = [];
    const replies = limits.map((timeoutMs) =>
      local.request(CHANNEL, bytesOf(String(timeoutMs)), { timeoutMs }).then(
        () => settled.push(`reply to ${timeoutMs}`),
        (error: unknown) => settled.push((error as Error).message),
      ),
    );
    await waitUntil('three are over', () => settled.length === 3);
    desk.answerAll();
    await Promise.all(replies);
    expect(settled).toEqual([
      ...['no reply within 100 ms', 'no reply within 200 ms', 'no reply within 300 ms'],
      ...['reply to Infinity', 'reply to 30000'],
    ]);
  });

  it('ends with the reason of its signal, and the handler is told', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const failures = [failuresOf(local), failuresOf(remote)];
    const desk = new Desk();
    remote.onRequest(CHANNEL, desk.handler);
    const abort = new AbortController();
    const reply = local.request(CHANNEL, bytesOf('?'), { signal: abort.signal });
    await waitUntil('it is asked', () => desk.asked.length === 1);
    const reason = new Error('changed my mind');
    abort.abort(reason);
    await expect(reply).rejects.toBe(reason);
    await waitUntil('the signal aborts', () => desk.signals[0]?.aborted === true);
    desk.answerAll();
    remote.onRequest(CHANNEL + 1, echo);
    await local.request(CHANNEL + 1, bytesOf('others go on'));
    expect(failures).toEqual([[], []]);
    await expect(local.request(CHANNEL, bytesOf('?'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(desk.asked).toEqual(['?']);
  });

  it('that is cancelled before it has come is not handled', async () => {
    await using pair = await connectPair({ session: { channelWindowBytes: 65_536 } });
    const { local, remote } = endsOf(pair, end);
    const asked: number[] = [];
    remote.onRequest(CHANNEL, (bytes) => {
      asked.push(bytes.length);
      return bytes.subarray(0, 1);
    });
    const abort = new AbortController();
    const first = local.request(CHANNEL, testBytes(2_000_000, 1));
    const second = local.request(CHANNEL, testBytes(2_000_001, 2), { signal: abort.signal });
    abort.abort();
    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    await first;
    await local.request(CHANNEL, testBytes(3, 3));
    expect(asked).toEqual([2_000_000, 3]);
  });

  it('rejects when the session ends first, at whichever end', async () => {
    const pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const desk = new Desk();
    remote.onRequest(CHANNEL, desk.handler);
    const reply = local.request(CHANNEL, bytesOf('?')).catch((reason: unknown) => reason);
    const stream = local.requestStream(CHANNEL, bytesOf('?'));
    await waitUntil('both are asked', () => desk.asked.length === 2);
    await pair[Symbol.asyncDispose]();
    expect(await reply).toBeInstanceOf(SessionClosedError);
    await expect(stream.next()).rejects.toBeInstanceOf(SessionClosedError);
    expect(desk.signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    await expect(local.request(CHANNEL, bytesOf('?'))).rejects.toBeInstanceOf(SessionClosedError);
    expect(() => local.requestStream(CHANNEL, bytesOf('?'))).toThrow(SessionClosedError);
  });

  it('is handled once and answered once while the connection breaks again and again', async () => {
    await using pair = await connectRelayedPair();
    const { local, remote } = endsOf(pair, end);
    const handled = new Map<string, number>();
    remote.onRequest(CHANNEL, async (bytes) => {
      handled.set(textOf(bytes), (handled.get(textOf(bytes)) ?? 0) + 1);
      await setImmediate();
      return bytes;
    });
    const replies: Promise<string>[] = [];
    for (let at = 0; at < 600; at += 1) {
      if (at % 100 === 50) pair.relay.cut();
      replies.push(local.request(CHANNEL, bytesOf(`request ${at}`)).then(textOf));
      if (at % 20 === 0) await setImmediate();
    }
    expect(await Promise.all(replies)).toEqual(Array.from({ length: 600 }, (_, at) => `request ${at}`));
    expect(handled.size).toBe(600);
    expect([...handled.values()].every((times) => times === 1)).toBe(true);
  });

  it('waits where more are handled than may be, and is handled then', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const desk = new Desk();
    remote.onRequest(CHANNEL, desk.handler);
    const replies = Array.from({ length: 1_200 }, (_, at) => local.request(CHANNEL, bytesOf(String(at))));
    await waitUntil('as many as may be', () => desk.asked.length === 1_024);
    remote.onRequest(CHANNEL + 1, echo);
    await local.request(CHANNEL + 1, bytesOf('other channels go on'));
    expect(desk.asked).toHaveLength(1_024);
    desk.answer('7');
    await waitUntil('the next one', () => desk.asked.length === 1_025);
    while (desk.asked.length < 1_200) {
      desk.answerAll();
      await setImmediate();
    }
    desk.answerAll();
    expect((await Promise.all(replies)).map(textOf)).toEqual(Array.from({ length: 1_200 }, (_, at) => `to ${at}`));
  });

  it('with arguments out of range is refused with what was expected', async () => {
    await using pair = await connectPair();
    const { local } = endsOf(pair, end);
    const bytes = bytesOf('?');
    await expect(local.request(0, bytes)).rejects.toThrow(UsageError);
    await expect(local.request(251, bytes)).rejects.toThrow('channel must be a whole number from 1 to 250, got 251');
    await expect(local.request(1, untyped('text'))).rejects.toThrow('bytes must be a Uint8Array');
    await expect(local.request(1, bytes, { timeoutMs: -1 })).rejects.toThrow(
      'timeoutMs must be a number of milliseconds',
    );
    await expect(local.request(1, bytes, { signal: untyped({}) })).rejects.toThrow('signal must be an');
    expect(() => local.onRequest(1, untyped(undefined))).toThrow('handler must be a function');
    expect(() => local.onRequest(251, echo)).toThrow(UsageError);
    local.onRequest(1, echo);
    expect(() => local.onRequest(1, echo)).toThrow('requests on channel 1 are answered already');
  });
});

describe.each(ENDS)('a reply in items to a %s', (end) => {
  it('is iterated as the handler yields it', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    remote.onRequest(CHANNEL, async function* (bytes) {
      for (let at = 0; at < 5; at += 1) yield bytesOf(`${textOf(bytes)} ${at}`);
    });
    const items = await textsOf(local.requestStream(CHANNEL, bytesOf('item')));
    expect(items).toEqual(['item 0', 'item 1', 'item 2', 'item 3', 'item 4']);
  });

  it('is produced no further ahead than a window, and all of it comes', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    let produced = 0;
    remote.onRequest(CHANNEL, async function* () {
      for (let at = 0; at < 100; at += 1) {
        produced += 1;
        yield testBytes(50_000, at);
      }
    });
    const stream = local.requestStream(CHANNEL, bytesOf('?'));
    const sizes = [(await stream.next()).value?.length];
    remote.onRequest(CHANNEL + 1, echo);
    for (let at = 0; at < 20; at += 1) await local.request(CHANNEL + 1, bytesOf('what is on its way comes'));
    expect(produced).toBeLessThanOrEqual(8);
    for await (const item of stream) sizes.push(item.length);
    expect(sizes).toEqual(Array<number>(100).fill(50_000));
  });

  it('ends for the handler too when the loop is left', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const ended = Promise.withResolvers<boolean>();
    remote.onRequest(CHANNEL, async function* (_bytes, { signal }) {
      try {
        for (;;) yield testBytes(10_000, 1);
      } finally {
        ended.resolve(signal.aborted);
      }
    });
    for await (const item of local.requestStream(CHANNEL, bytesOf('?'))) {
      expect(item.length).toBe(10_000);
      break;
    }
    expect(await ended.promise).toBe(true);
  });

  it('fails behind the items that came, as a request does', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    remote.onRequest(CHANNEL, async function* () {
      yield bytesOf('one');
      throw new ReplyError('no more of them');
    });
    const stream = local.requestStream(CHANNEL, bytesOf('?'));
    expect(textOf((await stream.next()).value!)).toBe('one');
    await expect(stream.next()).rejects.toThrow('no more of them');
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('may be one, where the handler returns it; and is none for who asks for one reply', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    let isClosed = false;
    remote.onRequest(CHANNEL, echo);
    remote.onRequest(CHANNEL + 1, async function* () {
      try {
        yield bytesOf('item');
      } finally {
        isClosed = true;
      }
    });
    expect(await textsOf(local.requestStream(CHANNEL, bytesOf('only')))).toEqual(['only']);
    await expect(local.request(CHANNEL + 1, bytesOf('?'))).rejects.toMatchObject({
      code: 'ERR_TCPCOMM_REPLY_IN_ITEMS',
    });
    await waitUntil('what it iterates is ended', () => isClosed);
  });

  it('goes on over connections that break', async () => {
    await using pair = await connectRelayedPair();
    const { local, remote } = endsOf(pair, end);
    remote.onRequest(CHANNEL, async function* () {
      for (let at = 0; at < 300; at += 1) yield testBytes(10_000 + at, at);
    });
    const sizes: number[] = [];
    for await (const item of local.requestStream(CHANNEL, bytesOf('?'))) {
      sizes.push(item.length);
      if (sizes.length % 100 === 50) pair.relay.cut();
    }
    expect(sizes).toEqual(Array.from({ length: 300 }, (_, at) => 10_000 + at));
  });

  it('fails when the next item takes too long, or nobody wants it any more', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const signals: AbortSignal[] = [];
    remote.onRequest(CHANNEL, async function* (_bytes, { signal }) {
      signals.push(signal);
      yield bytesOf('one');
      await once(signal, 'abort');
    });
    const late = local.requestStream(CHANNEL, bytesOf('?'), { timeoutMs: 200 });
    expect(textOf((await late.next()).value!)).toBe('one');
    await expect(late.next()).rejects.toBeInstanceOf(TimeoutError);
    // Of two who wait the second one has the time anew when the first has its item.
    const twice = local.requestStream(CHANNEL, bytesOf('?'), { timeoutMs: 200 });
    const steps = [twice.next(), twice.next()];
    expect(textOf((await steps[0]!).value!)).toBe('one');
    await expect(steps[1]).rejects.toBeInstanceOf(TimeoutError);
    const abort = new AbortController();
    const unwanted = local.requestStream(CHANNEL, bytesOf('?'), { signal: abort.signal });
    await unwanted.next();
    const waiting = unwanted.next();
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await waitUntil('all handlers are told', () => signals.length === 3 && signals.every(({ aborted }) => aborted));
  });
});

describe('a server', () => {
  it('answers the requests of all its clients, where their sessions do not answer themselves', async () => {
    await using pair = await connectPair();
    const { server, client, serverSession } = pair;
    const stop = server.onRequest(CHANNEL, (bytes, { session }) => bytesOf(`${textOf(bytes)} of ${session.sessionId}`));
    expect(() => server.onRequest(CHANNEL, echo)).toThrow(UsageError);
    expect(textOf(await client.request(CHANNEL, bytesOf('session')))).toBe('session of 1');
    const stopOwn = serverSession.onRequest(CHANNEL, () => bytesOf('its own'));
    expect(textOf(await client.request(CHANNEL, bytesOf('?')))).toBe('its own');
    stopOwn();
    expect(textOf(await client.request(CHANNEL, bytesOf('again')))).toBe('again of 1');
    stop();
    await expect(client.request(CHANNEL, bytesOf('?'))).rejects.toMatchObject({ code: 'ERR_TCPCOMM_NO_HANDLER' });
  });

  it('that was started anew knows nothing of what it was asked: who asked is told, and can ask again', async () => {
    const port = await freePort();
    const first = new TcpCommServer();
    await first.start({ port, host: HOST });
    await using relay = await Relay.start(port);
    await using client = new TcpCommClient();
    await client.connect(HOST, relay.port);
    const desk = new Desk();
    first.onRequest(CHANNEL, desk.handler);
    const clientDesk = new Desk();
    client.onRequest(CHANNEL, clientDesk.handler);
    const reply = client.request(CHANNEL, bytesOf('?')).catch((reason: unknown) => reason);
    void [...first.sessions][0]?.request(CHANNEL, bytesOf('?')).catch(() => undefined);
    await waitUntil('both are asked', () => desk.asked.length + clientDesk.asked.length === 2);
    relay.refuses = true;
    relay.cut();
    await first.close({ drainMs: 0 });
    const unsent = client.request(CHANNEL, bytesOf('while away')).catch((reason: unknown) => reason);
    await using second = new TcpCommServer();
    await second.start({ port, host: HOST });
    second.onRequest(CHANNEL, echo);
    const back = once(client, 'connected');
    relay.refuses = false;
    expect(await back).toMatchObject([{ resumed: false }]);
    expect(await reply).toMatchObject({ code: 'ERR_TCPCOMM_SESSION_LOST' });
    expect(await unsent).toMatchObject({ code: 'ERR_TCPCOMM_SESSION_LOST' });
    expect(clientDesk.signals[0]?.reason).toMatchObject({ code: 'ERR_TCPCOMM_SESSION_LOST' });
    clientDesk.answerAll();
    expect(textOf(await client.request(CHANNEL, bytesOf('again')))).toBe('again');
    const answer = [...second.sessions][0]!.request(CHANNEL, bytesOf('new'));
    await waitUntil('the client is asked', () => clientDesk.asked.length === 2);
    clientDesk.answer('new');
    expect(textOf(await answer)).toBe('to new');
  });
});

describe('a peer that breaks the rules of requests', () => {
  const [REQUESTS, REPLIES] = [1, 2];
  const head = (kind: number, id: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(id));
    bytes[0] = kind;
    return bytes;
  };
  const lane = (stream: number, ...parts: Uint8Array[]) =>
    rawFrame(FrameType.MESSAGE, { channel: CHANNEL, flags: 1, stream, payload: Buffer.concat(parts) });

  /** A raw client, whose session the server has. */
  async function connectRaw(): Promise<AsyncDisposable & { server: TcpCommServer; peer: RawPeer; session: Session }> {
    const server = new TcpCommServer({ bytesPerSecond: 0 });
    const { port } = await server.start({ port: 0, host: HOST });
    const accepted = once(server, 'session') as Promise<[Session]>;
    const peer = await RawPeer.connect(port);
    const limits = {
      ...{ maxFrameBytes: 1_048_576, maxMessageBytes: 1_048_576 },
      ...{ channelWindowBytes: 1_048_576, transferWindowBytes: 1_048_576 },
    };
    const hello = { machineId: 'raw', agent: 'raw', features: [], limits };
    peer.send(rawPreface(), rawFrame(FrameType.HELLO, { payload: hello }));
    const [session] = await accepted;
    await peer.waitForFrame(FrameType.WELCOME);
    const dispose = async () => {
      await peer[Symbol.asyncDispose]();
      await server.close({ drainMs: 0 });
    };
    return { server, peer, session, [Symbol.asyncDispose]: dispose };
  }

  it.each([
    ['a reply to nothing', lane(REPLIES, head(3, 77)), 'ERR_TCPCOMM_UNEXPECTED_REPLY'],
    ['an item of nothing', lane(REPLIES, head(4, 77)), 'ERR_TCPCOMM_UNEXPECTED_REPLY'],
    ['a message without a whole head', lane(REPLIES, Buffer.alloc(7)), 'ERR_TCPCOMM_INVALID_MESSAGE'],
    ['a request without a number', lane(REQUESTS, head(1, 0)), 'ERR_TCPCOMM_INVALID_MESSAGE'],
    ['a number that cannot be', lane(REQUESTS, Buffer.alloc(8, 0xff)), 'ERR_TCPCOMM_INVALID_MESSAGE'],
    ['an unknown kind of reply', lane(REPLIES, head(99, 1)), 'ERR_TCPCOMM_INVALID_MESSAGE'],
    ['an unknown kind of request', lane(REQUESTS, head(3, 1)), 'ERR_TCPCOMM_INVALID_MESSAGE'],
    ['consumption that is no counter', lane(REPLIES, head(8, 1), Buffer.alloc(3)), 'ERR_TCPCOMM_INVALID_MESSAGE'],
    [
      'two requests of one number',
      Buffer.concat([1, 1].map((id) => lane(REQUESTS, head(1, id)))),
      'ERR_TCPCOMM_REPEATED_REQUEST',
    ],
  ])('%s is told of, and the channel goes on', async (_what, bytes, code) => {
    await using raw = await connectRaw();
    const failures = failuresOf(raw.session);
    raw.session.onRequest(CHANNEL, echo);
    raw.peer.send(bytes, lane(REQUESTS, head(1, 5), bytesOf('still there')));
    await waitUntil('the answer', () =>
      raw.peer.frames.some(
        ({ stream, payload }) =>
          stream === REPLIES && payload.equals(Buffer.concat([head(3, 5), bytesOf('still there')])),
      ),
    );
    expect(failures).toMatchObject([{ code }]);
  });

  it('answers twice: the second one is told of', async () => {
    await using raw = await connectRaw();
    const failures = failuresOf(raw.session);
    const reply = raw.session.request(CHANNEL, bytesOf('?'));
    raw.peer.send(lane(REPLIES, head(3, 1), bytesOf('one')), lane(REPLIES, head(3, 1), bytesOf('two')));
    expect(textOf(await reply)).toBe('one');
    await waitUntil('it is told', () => failures.length === 1);
    expect(failures).toMatchObject([{ code: 'ERR_TCPCOMM_UNEXPECTED_REPLY' }]);
  });

  it.each([
    ['a failure that is no JSON', lane(REPLIES, head(6, 1), bytesOf('{')), 'ERR_TCPCOMM_INVALID_MESSAGE'],
    ['a failure without a code', lane(REPLIES, head(6, 1), bytesOf('{}')), 'ERR_TCPCOMM_INVALID_MESSAGE'],
    [
      'a failure of a later version',
      lane(REPLIES, head(6, 1), bytesOf('{"code":500,"message":""}')),
      'ERR_TCPCOMM_UNKNOWN',
    ],
    ['items where one reply is wanted', lane(REPLIES, head(4, 1)), 'ERR_TCPCOMM_REPLY_IN_ITEMS'],
    ['the end of items where one reply is wanted', lane(REPLIES, head(5, 1)), 'ERR_TCPCOMM_REPLY_IN_ITEMS'],
  ])('%s fails the request', async (_what, bytes, code) => {
    await using raw = await connectRaw();
    const reply = raw.session.request(CHANNEL, bytesOf('?')).catch((reason: unknown) => reason);
    raw.peer.send(bytes);
    expect(await reply).toMatchObject({ code });
  });

  it('sends items that nobody has asked for: the reply fails, and no more are kept', async () => {
    await using raw = await connectRaw();
    const stream = raw.session.requestStream(CHANNEL, bytesOf('?'));
    for (let at = 0; at < 10; at += 1) raw.peer.send(lane(REPLIES, head(4, 1), testBytes(100_000, at)));
    await waitUntil('it is cancelled', () =>
      raw.peer.frames.some(({ stream: on, payload }) => on === REPLIES && payload.equals(head(7, 1))),
    );
    await expect(stream.next()).rejects.toMatchObject({ code: 'ERR_TCPCOMM_FLOW_CONTROL', side: 'remote' });
  });

  it('cancels a request before it sends it, while no more are handled: it is never handled', async () => {
    await using raw = await connectRaw();
    const desk = new Desk();
    raw.session.onRequest(CHANNEL, desk.handler);
    const request = (id: number) => lane(REQUESTS, head(1, id), bytesOf(String(id)));
    raw.peer.send(...Array.from({ length: 1_024 }, (_, at) => request(at + 1)));
    await waitUntil('as many as may be', () => desk.asked.length === 1_024);
    raw.peer.send(lane(REPLIES, head(7, 1_025)), request(1_025), request(1_026));
    await waitUntil('the answer to it', () =>
      raw.peer.frames.some(({ payload }) => payload.subarray(0, 8).equals(head(6, 1_025))),
    );
    desk.answerAll();
    await waitUntil('the one behind it', () => desk.asked.length > 1_024);
    expect(desk.asked.at(-1)).toBe('1026');
  });

  it('uses a lane that does not exist: the connection ends', async () => {
    await using raw = await connectRaw();
    raw.peer.send(lane(4, head(1, 1)));
    expect(await raw.session.closed).toMatchObject({ code: 'ERR_TCPCOMM_INVALID_CHANNEL' });
  });
});
