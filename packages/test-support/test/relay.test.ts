import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RelayWeather } from '../src/relay-pipe.ts';
import { Relay, type RelayFault } from '../src/relay.ts';
import { checkForLeaks } from '../src/leak-check.ts';
import { testBytes } from '../src/test-bytes.ts';
import { letEventsRun, waitUntil } from '../src/wait-until.ts';

checkForLeaks();

/** One side of a relayed connection, with all that has come to it. */
class End {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  /** Settles when nothing more can come. */
  readonly over: Promise<unknown>;
  error: Error | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    this.over = new Promise((resolve) => {
      socket.once('end', resolve);
      socket.once('close', resolve);
    });
    socket.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    socket.on('error', (error) => {
      this.error = error;
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

let target: Server;
let ends: End[];

beforeEach(async () => {
  target = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  ends = [];
  await once(target, 'listening');
});

afterEach(async () => {
  const closed = once(target, 'close');
  for (const { socket } of ends) socket.destroy();
  target.close();
  await closed;
});

async function startRelay(weather?: Partial<RelayWeather>): Promise<Relay> {
  return Relay.start((target.address() as AddressInfo).port, weather);
}

async function join(relay: Relay): Promise<{ near: End; far: End }> {
  const accepted = once(target, 'connection') as Promise<[Socket]>;
  const near = new End(connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true }));
  const far = new End((await accepted)[0]);
  ends.push(near, far);
  return { near, far };
}

const MESSAGE = testBytes(100_000);

it.each([
  ['at once', {}],
  ['slowly', { bytesPerSecond: 2_000_000, delayMs: 20, nextSegmentBytes: () => 2_000 }],
])('passes on what comes %s, both ways, and each end by itself', async (_how, weather) => {
  await using relay = await startRelay(weather);
  const { near, far } = await join(relay);
  near.socket.end(MESSAGE);
  await once(far.socket, 'end');
  expect(far.received.equals(MESSAGE)).toBe(true);
  far.socket.end(MESSAGE);
  await near.over;
  expect(near.received.equals(MESSAGE)).toBe(true);
  expect(relay.passed).toEqual({ forth: MESSAGE.length, back: MESSAGE.length });
});

it('passes on that one side has gone', async () => {
  await using relay = await startRelay({ delayMs: 20 });
  for (const side of ['near', 'far'] as const) {
    const ends = await join(relay);
    ends[side].socket.resetAndDestroy();
    await ends[side === 'near' ? 'far' : 'near'].over;
  }
});

describe('a fault', () => {
  it.each([0, 1, 2_345, 99_999])(
    'is felt behind byte %i of its direction, and nothing passes behind it',
    async (afterBytes) => {
      await using relay = await startRelay();
      relay.cutAfter('forth', afterBytes);
      const { near, far } = await join(relay);
      near.socket.write(MESSAGE);
      far.socket.write('the other direction does not count');
      await Promise.all([near.over, far.over]);
      expect(far.received.equals(MESSAGE.subarray(0, afterBytes))).toBe(true);
      expect(far.error).toBeUndefined();
      expect(relay.passed.forth).toBe(afterBytes);
    },
  );

  it('is a reset where that is asked for', async () => {
    await using relay = await startRelay();
    relay.follow([{ direction: 'back', afterBytes: 10, kind: 'reset' }]);
    const { near, far } = await join(relay);
    far.socket.write(MESSAGE);
    await Promise.all([near.over, far.over]);
    for (const { error } of [near, far]) expect(error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('is silence, in which both sides stay connected', async () => {
    await using relay = await startRelay();
    relay.follow([{ direction: 'forth', afterBytes: 10, kind: 'silence' }]);
    const { near, far } = await join(relay);
    near.socket.write(MESSAGE);
    await waitUntil('ten bytes', () => far.received.length === 10);
    far.socket.write(MESSAGE);
    near.socket.write(MESSAGE);
    // A connection of its own passes what those before have lost.
    const other = await join(relay);
    other.near.socket.write(MESSAGE);
    await waitUntil('the message', () => other.far.received.length === MESSAGE.length);
    expect([near.received.length, far.received.length]).toEqual([0, 10]);
    expect([near.socket.readyState, far.socket.readyState]).toEqual(['open', 'open']);
  });

  it('is counted in both directions together where it has none', async () => {
    await using relay = await startRelay();
    relay.follow([{ afterBytes: 150_000, kind: 'cut' }]);
    const { near, far } = await join(relay);
    near.socket.write(MESSAGE);
    await waitUntil('the message', () => far.received.length === MESSAGE.length);
    far.socket.write(MESSAGE);
    await Promise.all([near.over, far.over]);
    expect(relay.passed).toEqual({ forth: 100_000, back: 50_000 });
    expect(near.received.equals(MESSAGE.subarray(0, 50_000))).toBe(true);
  });

  it('happens to a connection of its own, however soon the next one of the script is', async () => {
    // So long on their way, the bytes before the fault are felt after those of the other direction have come.
    await using relay = await startRelay({ delayMs: 20 });
    const happened: string[] = [];
    relay.follow(script(happened));
    for (const kind of ['cut', 'reset', 'cut']) {
      const { near, far } = await join(relay);
      near.socket.write(MESSAGE);
      far.socket.write(MESSAGE);
      await Promise.all([near.over, far.over]);
      happened.push(kind);
    }
    expect(happened).toEqual(['awaited', 'awaited', 'cut', 'awaited', 'reset', 'no more', 'cut']);
  });
});

/** Three faults that a single piece of a connection would reach. */
function* script(happened: string[]): Generator<RelayFault> {
  for (const kind of ['cut', 'reset', 'cut'] as const) {
    happened.push('awaited');
    yield { afterBytes: 1, kind };
  }
  happened.push('no more');
}

describe('the weather', () => {
  it('cuts what comes into segments, and passes no more than its rate', async () => {
    await using relay = await startRelay({ bytesPerSecond: 1_000_000, nextSegmentBytes: () => 7_000 });
    const { near, far } = await join(relay);
    const beganMs = performance.now();
    near.socket.write(MESSAGE);
    await waitUntil('the message', () => far.received.length === MESSAGE.length);
    // A timer may be a millisecond early; that it is late says nothing.
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(99);
    expect(far.chunks.length).toBeGreaterThan(1);
    expect(far.received.equals(MESSAGE)).toBe(true);
  });

  it('takes no more from who sends than its queue holds', async () => {
    const queueBytes = 100_000;
    await using relay = await startRelay({ bytesPerSecond: 1_000, queueBytes });
    const { near } = await join(relay);
    near.socket.write(testBytes(10_000_000));
    await waitUntil('the queue is full', () => relay.passed.forth > queueBytes);
    await letEventsRun(100);
    // One piece may go beyond.
    expect(relay.passed.forth).toBeLessThanOrEqual(queueBytes + 65_536);
  });

  it('loses nothing of what waits for its turn, and of what has come through to who reads nothing', async () => {
    await using relay = await startRelay({
      ...{ bytesPerSecond: 50_000_000, delayMs: 5, queueBytes: 30_000 },
      nextSegmentBytes: () => 1_460,
    });
    const { near, far } = await join(relay);
    far.socket.pause();
    const sent = testBytes(8_000_000);
    near.socket.end(sent);
    await letEventsRun(100);
    far.socket.resume();
    await far.over;
    expect(far.received.equals(sent)).toBe(true);
  });

  it('delays all by the same time', async () => {
    await using relay = await startRelay({ delayMs: 50 });
    const { near, far } = await join(relay);
    const beganMs = performance.now();
    near.socket.write(MESSAGE);
    await waitUntil('the message', () => far.received.length === MESSAGE.length);
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(49);
  });
});

it('passes nothing while it is stopped, and all of it when it goes on', async () => {
  await using relay = await startRelay();
  const { near, far } = await join(relay);
  relay.stop();
  near.socket.write(MESSAGE);
  await letEventsRun();
  expect(far.received.length).toBe(0);
  relay.resume();
  await waitUntil('the message', () => far.received.length === MESSAGE.length);
  expect(far.received.equals(MESSAGE)).toBe(true);
});

it('sends away who comes while it refuses', async () => {
  await using relay = await startRelay();
  relay.refuses = true;
  const near = new End(connect(relay.port, '127.0.0.1'));
  await near.over;
  expect(near.error).toMatchObject({ code: 'ECONNRESET' });
});
