import { describe, expect, it } from 'vitest';
import { checkForLeaks, letEventsRun, testBytes, waitUntil } from '@tcpcomm/test-support';
import { collectTexts, connectPair, ENDS, type End, endsOf, type SessionPair } from '../src/index.ts';

checkForLeaks();

const bug = new Error('a bug of the application');

/** The texts of the error notices of one end, as they come. */
function errorNotices(pair: SessionPair, end: End): string[] {
  const texts: string[] = [];
  endsOf(pair, end).local.on('notice', ({ kind, text }) => {
    if (kind === 'error') texts.push(text);
  });
  return texts;
}

describe.each(ENDS)('a handler of a %s that fails', (end) => {
  const onThis = (onMessage: () => unknown) => ({ [end]: { onMessage } });

  it.each([
    [
      'throws',
      () => {
        throw bug;
      },
    ],
    ['rejects', () => Promise.reject(bug)],
    [
      'throws after a while',
      async () => {
        await letEventsRun(2);
        throw bug;
      },
    ],
  ])('as onMessage, when it %s, is reported and gets the next message', async (_how, fail) => {
    await using pair = await connectPair(onThis(fail));
    const { local, remote } = endsOf(pair, end);
    const notices = errorNotices(pair, end);
    for (let count = 1; count <= 3; count += 1) {
      await remote.sendText('boom', 1, { confirm: true });
      expect(notices).toEqual(new Array(count).fill('ERR: a bug of the application'));
    }
    expect(local.isOpen && remote.isOpen).toBe(true);
  });

  it.each([
    [
      'throws',
      () => {
        throw bug;
      },
    ],
    ['rejects', () => Promise.reject(bug)],
  ] as [string, () => void][])(
    'as a listener of messages, when it %s, is reported and gets the next message',
    async (_how, fail) => {
      await using pair = await connectPair();
      const { local, remote } = endsOf(pair, end);
      const notices = errorNotices(pair, end);
      local.on('message', fail);
      await remote.sendText('boom', 1, { confirm: true });
      await remote.sendText('boom', 1, { confirm: true });
      await waitUntil('both are reported', () => notices.length === 2);
      expect(notices[0]).toBe('ERR: a bug of the application');
      local.off('message', fail);
      const received = collectTexts(local, 1);
      await remote.sendText('goes on');
      expect(await received).toEqual(['goes on']);
    },
  );

  it('with something that is no Error is reported all the same', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const notices = errorNotices(pair, end);
    local.on('message', () => {
      AbortSignal.abort('just a text').throwIfAborted();
    });
    await remote.sendText('boom', 1, { confirm: true });
    expect(notices).toEqual(['ERR: just a text']);
  });

  it('becomes a warning of the process when nobody hears notices', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    local.on('message', () => {
      throw bug;
    });
    await remote.sendText('boom', 1, { confirm: true });
    expect((await warned).message).toBe('a bug of the application');
    expect(local.isOpen).toBe(true);
  });

  it('as a listener of notices disturbs neither the session nor the other listeners of the server', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    local.on('notice', () => {
      throw bug;
    });
    local.on('message', () => undefined);
    await remote.sendText('a message', 1, { confirm: true });
    await local.sendText('gives a notice');
    expect((await warned).message).toBe('a bug of the application');
    expect(local.isOpen && remote.isOpen).toBe(true);
  });

  it.each(['disconnected', 'close'] as const)(
    'as a listener of "%s" does not keep the session from closing',
    async (event) => {
      await using pair = await connectPair();
      const { local, remote } = endsOf(pair, end);
      const notices = errorNotices(pair, end);
      local.on(event, () => {
        throw bug;
      });
      await remote.close();
      expect((await local.closed).code).toBe('ERR_TCPCOMM_CLOSED');
      expect(notices).toContain('ERR: a bug of the application');
    },
  );

  it('as the body of an iteration ends that iteration only', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    void remote.sendText('first', 5);
    void remote.sendText('second', 5);
    const failing = async () => {
      for await (const _bytes of local.channel(5)) throw bug;
    };
    await expect(failing()).rejects.toBe(bug);
    for await (const bytes of local.channel(5)) {
      expect(new TextDecoder().decode(bytes)).toBe('second');
      break;
    }
    expect(local.isOpen && remote.isOpen).toBe(true);
  });
});

describe('an event listener of the server that fails', () => {
  it.each(['session', 'sessionClosed', 'rejected', 'message', 'transfer', 'close', 'listening'] as const)(
    'for "%s" is reported, and the server goes on',
    async (event) => {
      const { TcpCommServer } = await import('@tcpcomm/server');
      const { TcpCommClient } = await import('@tcpcomm/client');
      const errors: string[] = [];
      await using server = new TcpCommServer({ files: { root: import.meta.dirname } });
      server.on('notice', ({ kind, text }) => {
        if (kind === 'error') errors.push(text);
      });
      server.on(event, () => {
        throw bug;
      });
      const { port } = await server.start({ port: 0, host: '127.0.0.1' });
      const client = new TcpCommClient({ machineId: 'one' });
      await client.connect('127.0.0.1', port);
      await using refused = new TcpCommClient({ machineId: 'one' });
      await expect(refused.connect('127.0.0.1', port)).rejects.toThrow('in use');
      if (event === 'message') await client.sendText('boom', 1, { confirm: true });
      if (event === 'transfer') {
        const file = client.getFile('tsconfig.json', { to: '/dev/null/nowhere' });
        await expect(file.done).rejects.toThrow();
        const { createTemporaryFolder } = await import('@tcpcomm/test-support');
        await using folder = createTemporaryFolder();
        await client.getFile('tsconfig.json', { to: folder.path }).done;
      }
      await client.close();
      await server.close();
      await waitUntil('it is reported', () => errors.includes('ERR: a bug of the application'));
    },
  );
});

describe.each(ENDS)('an asynchronous onMessage of a %s', (end) => {
  it('has one message of a channel at a time, in order, and other channels meanwhile', async () => {
    const log: string[] = [];
    const running = new Map<number, () => void>();
    const onMessage = async (bytes: Uint8Array, channel: number) => {
      log.push(`begin ${channel} ${new TextDecoder().decode(bytes)}`);
      await new Promise<void>((resolve) => running.set(channel, resolve));
      log.push(`end ${channel}`);
    };
    await using pair = await connectPair({ [end]: { onMessage } });
    const { remote } = endsOf(pair, end);
    for (const text of ['a', 'b']) for (const channel of [1, 2]) void remote.sendText(text, channel);
    await waitUntil('both channels are busy', () => running.size === 2);
    await letEventsRun();
    expect(log.toSorted()).toEqual(['begin 1 a', 'begin 2 a']);
    running.get(1)!();
    await waitUntil('channel 1 goes on', () => log.includes('begin 1 b'));
    expect(log).not.toContain('begin 2 b');
    expect(log.indexOf('end 1')).toBeLessThan(log.indexOf('begin 1 b'));
    for (const finish of running.values()) finish();
    await waitUntil('channel 2 goes on', () => log.includes('begin 2 b'));
    for (const finish of running.values()) finish();
  });

  it('makes its sender wait: what lies unconsumed at the receiver is bounded by the window', async () => {
    const windowBytes = 131_072;
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let taken = 0;
    const onMessage = async () => {
      taken += 1;
      await gate;
    };
    await using pair = await connectPair({ session: { channelWindowBytes: windowBytes }, [end]: { onMessage } });
    const { remote } = endsOf(pair, end);
    const channel = remote.channel(1, { highWaterMark: 0 });
    const messageBytes = 10_000;
    const sends = Array.from({ length: 100 }, () => channel.send(testBytes(messageBytes)));
    await waitUntil(
      'the window is used up',
      () => channel.queuedBytes <= 100 * (messageBytes + 8) - windowBytes + 2 * messageBytes,
    );
    await letEventsRun(100);
    const leftBytes = channel.queuedBytes;
    expect(leftBytes).toBeGreaterThanOrEqual(100 * messageBytes - windowBytes);
    expect(taken).toBe(1);
    release();
    await Promise.all(sends);
    expect(channel.queuedBytes).toBe(0);
    await waitUntil('all are taken', () => taken === 100);
  });
});

describe.each(ENDS)('messages for a %s', (end) => {
  it('wait while nobody listens and are handed over, in order, when somebody does', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const confirmed = Array.from({ length: 5 }, (_, index) => remote.sendText(`${index}`, 3, { confirm: true }));
    let settled = 0;
    for (const send of confirmed) void send.then(() => (settled += 1));
    await remote.sendText('another channel', 4);
    await letEventsRun(50);
    expect(settled).toBe(0);
    const texts: string[] = [];
    local.on('message', (bytes, channel) => {
      if (channel === 3) texts.push(new TextDecoder().decode(bytes));
    });
    await Promise.all(confirmed);
    expect(texts).toEqual(['0', '1', '2', '3', '4']);
  });

  it('wait again when the last listener has gone', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const first = collectTexts(local, 1);
    void remote.sendText('first');
    expect(await first).toEqual(['first']);
    await remote.sendText('second');
    await letEventsRun();
    const second = collectTexts(local, 1);
    expect(await second).toEqual(['second']);
  });

  it('are handed to a server-wide listener that comes late, too', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    await remote.sendText('early');
    await letEventsRun();
    const owner = end === 'server' ? pair.server : local;
    const heard = new Promise<string>((resolve) => {
      owner.on('message', (bytes: Uint8Array) => {
        resolve(new TextDecoder().decode(bytes));
      });
    });
    expect(await heard).toBe('early');
  });

  it('may be iterated over: in order, instead of by handlers, until the loop is left', async () => {
    const handled: string[] = [];
    const onMessage = (bytes: Uint8Array, channel: number) => {
      handled.push(`${channel} ${new TextDecoder().decode(bytes)}`);
    };
    await using pair = await connectPair({ [end]: { onMessage } });
    const { local, remote } = endsOf(pair, end);
    const iterated: string[] = [];
    const loop = (async () => {
      for await (const bytes of local.channel(8)) {
        iterated.push(new TextDecoder().decode(bytes));
        if (iterated.length === 3) break;
      }
    })();
    for (const text of ['a', 'b', 'c', 'd', 'e']) void remote.sendText(text, 8);
    await remote.sendText('other', 9, { confirm: true });
    await loop;
    await remote.sendText('f', 8, { confirm: true });
    expect(iterated).toEqual(['a', 'b', 'c']);
    expect(handled.filter((entry) => entry.startsWith('8'))).toEqual(['8 d', '8 e', '8 f']);
    expect(handled).toContain('9 other');
  });

  it('count as consumed when the iteration asks for the next one', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const iterator = local.channel(2)[Symbol.asyncIterator]();
    let isConfirmed = false;
    const confirmed = remote.sendText('a', 2, { confirm: true }).then(() => (isConfirmed = true));
    expect((await iterator.next()).done).toBe(false);
    await letEventsRun(50);
    expect(isConfirmed).toBe(false);
    const next = iterator.next();
    await confirmed;
    void remote.sendText('b', 2);
    expect(new TextDecoder().decode((await next).value as Uint8Array)).toBe('b');
    await iterator.return(undefined);
  });

  it('end their iteration when the session ends, after those that had come', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    void remote.sendText('last words', 6);
    await remote.close();
    await local.closed;
    const texts: string[] = [];
    for await (const bytes of local.channel(6)) texts.push(new TextDecoder().decode(bytes));
    for await (const bytes of local.channel(7)) texts.push(new TextDecoder().decode(bytes));
    expect(texts).toEqual(['last words']);
  });

  it('end a waiting iteration when the session is destroyed', async () => {
    await using pair = await connectPair();
    const { local } = endsOf(pair, end);
    const waiting = local.channel(6)[Symbol.asyncIterator]().next();
    await letEventsRun();
    local.destroy();
    expect((await waiting).done).toBe(true);
  });
});
