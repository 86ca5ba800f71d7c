import { expect, it } from 'vitest';
import {
  checkForLeaks,
  letEventsRun,
  rawFrame,
  RawListener,
  type RawPeer,
  testBytes,
  waitUntil,
} from '@tcpcomm/test-support';
import { TcpCommClient } from '../src/index.ts';
import { rawWelcome } from './raw-welcome.ts';

checkForLeaks();

/** Messages whole and in fragments, with something else between them: what a client must find, and how it is sent. */
const MESSAGES = [testBytes(12, 1), testBytes(0), testBytes(30, 2), testBytes(9, 3)].map(Buffer.from);
const STREAM = Buffer.concat([
  rawFrame(0x01, { channel: 1, flags: 1, payload: MESSAGES[0] }),
  rawFrame(0x01, { channel: 1, flags: 1, payload: MESSAGES[1] }),
  rawFrame(0x01, { channel: 1, flags: 0, payload: MESSAGES[2]!.subarray(0, 13) }),
  rawFrame(0x05, { payload: Buffer.from('the ping') }),
  rawFrame(0x01, { channel: 1, flags: 1, payload: MESSAGES[2]!.subarray(13) }),
  rawFrame(0x80, { payload: Buffer.from('an extension') }),
  rawFrame(0x01, { channel: 1, flags: 1, payload: MESSAGES[3] }),
]);

/** Two reads at the other end, most likely: what is written in between is out before the rest follows. */
async function sendSplit(peer: RawPeer, ...parts: readonly Uint8Array[]): Promise<void> {
  for (const part of parts) {
    await new Promise((resolve) => peer.socket.write(part, resolve));
    await letEventsRun(3);
  }
}

it('a client finds the same messages wherever the stream is split, and holds them unchanged', async () => {
  await using listener = await RawListener.start();
  const held: Uint8Array[] = [];
  const client = new TcpCommClient({ onMessage: (bytes) => void held.push(bytes) });
  const connecting = client.connect('127.0.0.1', listener.port);
  const peer = await listener.nextPeer();
  peer.socket.setNoDelay(true);
  await peer.waitForFrame(0x10);
  await sendSplit(peer, rawWelcome().subarray(0, 30), rawWelcome().subarray(30));
  await connecting;
  for (let cut = 1; cut < STREAM.length; cut += 1) {
    await sendSplit(peer, STREAM.subarray(0, cut), STREAM.subarray(cut));
    await waitUntil('they are there', () => held.length >= cut * MESSAGES.length);
  }
  await sendSplit(peer, ...Array.from(STREAM, (byte) => Buffer.of(byte)));
  await waitUntil('they are there', () => held.length >= STREAM.length * MESSAGES.length);
  const wrong = held.findIndex((bytes, index) => Buffer.compare(bytes, MESSAGES[index % MESSAGES.length]!) !== 0);
  expect([held.length, wrong]).toEqual([STREAM.length * MESSAGES.length, -1]);
  expect(client.isOpen).toBe(true);
  client.destroy();
  await client.closed;
});

it('messages in the same segment as rawWelcome() are found, and hold when more comes', async () => {
  await using listener = await RawListener.start();
  const held: Uint8Array[] = [];
  const client = new TcpCommClient({ onMessage: (bytes) => void held.push(bytes) });
  const connecting = client.connect('127.0.0.1', listener.port);
  const peer = await listener.nextPeer();
  await peer.waitForFrame(0x10);
  peer.send(rawWelcome(), STREAM);
  await connecting;
  await waitUntil('they are there', () => held.length === MESSAGES.length);
  peer.send(rawFrame(0x80, { payload: Buffer.alloc(60_000, 0x55) }), STREAM);
  await waitUntil('they are there', () => held.length === 2 * MESSAGES.length);
  const wrong = held.findIndex((bytes, index) => Buffer.compare(bytes, MESSAGES[index % MESSAGES.length]!) !== 0);
  expect(wrong).toBe(-1);
  client.destroy();
  await client.closed;
});
