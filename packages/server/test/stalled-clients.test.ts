import { once } from 'node:events';
import { TimeoutError } from '@tcpcomm/protocol';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, rawFrame, type RawPeer } from '@tcpcomm/test-support';
import { type ServerSession, TcpCommServer } from '../src/index.ts';
import { joinRaw } from './raw-client.ts';

checkForLeaks();

const STALL_MS = 250;

/** A server of little patience, and a client of it that says only what the test tells it to. */
async function startWithClient(options: object = {}) {
  const server = new TcpCommServer({ bytesPerSecond: 0, writeStallTimeoutMs: STALL_MS, ...options });
  const { port } = await server.start({ port: 0, host: '127.0.0.1' });
  const accepted = once(server, 'session') as Promise<[ServerSession]>;
  const peer = await joinRaw(port, 'stalled');
  const [session] = await accepted;
  return {
    server,
    peer,
    session,
    [Symbol.asyncDispose]: async () => {
      peer.destroy();
      await server.close({ drainMs: 0 });
    },
  };
}

/** Shows that it is alive until the session ends: another ping whenever it hears something. */
async function keepPinging(peer: RawPeer, session: ServerSession): Promise<void> {
  while (session.isOpen) {
    peer.send(rawFrame(0x05, { payload: Buffer.alloc(8) }));
    await Promise.race([once(peer.socket, 'data'), session.closed]);
  }
}

describe('a client that acknowledges nothing', () => {
  it('though it reads and pings, is given up in time, and told why; all that waits for it rejects', async () => {
    await using pair = await startWithClient();
    const startMs = performance.now();
    const confirmed = pair.session.sendText('are you there?', 1, { confirm: true });
    const outcome = confirmed.then(
      () => 'confirmed',
      (error: unknown) => error,
    );
    await keepPinging(pair.peer, pair.session);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(STALL_MS - 1);
    const reason = await pair.session.closed;
    expect(reason).toMatchObject({ by: 'local', code: 'ERR_TCPCOMM_WRITE_STALLED', isClean: false });
    expect(reason.error).toBeInstanceOf(TimeoutError);
    expect(await outcome).toBe(reason.error);
    const { payload } = await pair.peer.waitForFrame(0x15);
    expect(JSON.parse(payload.toString())).toEqual({
      code: 16,
      message: `the peer acknowledged none of the 22 bytes in flight for ${STALL_MS} ms`,
    });
    expect(pair.server.sessions.size).toBe(0);
  });

  it('and reads nothing either, is given up in time, however much waits for it', async () => {
    await using pair = await startWithClient();
    pair.peer.stopReading();
    const sends = Array.from({ length: 250 * 4 }, (_, index) => {
      const channel = pair.session.channel(1 + (index % 250), { highWaterMark: 0 });
      return channel.send(new Uint8Array(40_000));
    });
    const results = Promise.allSettled(sends);
    const reason = await pair.session.closed;
    expect(reason.code).toBe('ERR_TCPCOMM_WRITE_STALLED');
    const rejected = (await results).filter((result) => result.status === 'rejected');
    expect(rejected.length).toBeGreaterThan(500);
    for (const { reason: error } of rejected) expect(error).toBe(reason.error);
    expect(pair.session.getSendQueueSize()).toBe(0);
  });
});

it('a client that takes no notice of acknowledgements is held to the rate of its session by credit', async () => {
  const bytesPerSecond = 400_000;
  await using pair = await startWithClient({ bytesPerSecond, channelWindowBytes: 65_536, onMessage: () => undefined });
  const payload = Buffer.alloc(8184);
  const message = rawFrame(0x01, { channel: 1, flags: 1, payload });
  const startMs = performance.now();
  let [sentBytes, limitBytes] = [0, 65_536];
  const untilBytes = 1_200_000;
  while (sentBytes < untilBytes) {
    for (const frame of pair.peer.frames) {
      if (frame.type === 0x04) limitBytes = Math.max(limitBytes, Number(frame.payload.readBigUInt64BE(0)));
    }
    if (sentBytes + message.length <= limitBytes) {
      pair.peer.send(message);
      sentBytes += message.length;
    } else await once(pair.peer.socket, 'data');
  }
  // What it may be ahead: 256 KiB or a second of the rate, and the credit of its channel.
  const idealMs = ((untilBytes - bytesPerSecond - 2 * 65_536) / bytesPerSecond) * 1000;
  expect(performance.now() - startMs).toBeGreaterThan(idealMs * 0.7);
  expect(pair.session.stats().withheldBytes).toBeGreaterThan(0);
  expect(pair.session.isOpen).toBe(true);
});
