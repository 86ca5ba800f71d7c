import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Session } from '@tcpcomm/session';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, testBytes, waitUntil } from '@tcpcomm/test-support';
import { connectPair, ENDS, endsOf } from '../src/index.ts';
import { createFilePair } from './temporary-file-pair.ts';

checkForLeaks();

/** Every message of a session as it was handed over, not copied: whoever takes messages may keep them. */
function holdMessages(session: Session): Map<number, Uint8Array[]> {
  const held = new Map<number, Uint8Array[]>();
  session.on('message', (bytes, channel) => {
    const messages = held.get(channel) ?? [];
    held.set(channel, messages);
    messages.push(bytes);
  });
  return held;
}

const countOf = (held: Map<number, Uint8Array[]>) => [...held.values()].reduce((sum, { length }) => sum + length, 0);

describe.each(ENDS)('messages that a %s holds to the end', (end) => {
  it('are as they came, small and large, beside a file that came with them', async () => {
    // Seen from the other end: that one sends.
    await using files = await createFilePair(end === 'client' ? 'server' : 'client');
    const { local, remote } = files;
    const held = holdMessages(remote);
    const content = testBytes(20_000_000, 99);
    await writeFile(join(files.localFolder, 'file'), content);
    const file = local.sendFile(join(files.localFolder, 'file'), { as: 'file', priority: 'normal', weight: 3 });
    const sizes = [0, 1, 16, 100, 2_048, 2_049, 20_000, 40_000, 70_000, 300_000, 1_200_000];
    const sent: Uint8Array[] = [];
    while (file.state === 'waiting' || file.state === 'active' || sent.length < 300) {
      const bytes = testBytes(sizes[sent.length % sizes.length]! + (sent.length % 7), sent.length);
      sent.push(bytes);
      await local.sendBytes(bytes, 1 + (sent.length % 3));
    }
    await file.done;
    await waitUntil('all messages are there', () => countOf(held) === sent.length);
    for (const channel of [1, 2, 3]) {
      const expected = sent.filter((_, index) => 1 + ((index + 1) % 3) === channel);
      const wrong = held.get(channel)!.findIndex((bytes, index) => Buffer.compare(bytes, expected[index]!) !== 0);
      expect([held.get(channel)!.length, wrong]).toEqual([expected.length, -1]);
    }
    expect(Buffer.compare(await readFile(join(files.remoteFolder, 'file')), content)).toBe(0);
  });

  it('are as they came when thousands of small ones came at once', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const held = holdMessages(local);
    const count = 30_000;
    for (let index = 0; index < count; index += 1) {
      const sent = remote.sendBytes(testBytes(index % 90, index), 1);
      if (index % 500 === 0) await sent;
    }
    await waitUntil('all are there', () => countOf(held) === count);
    const wrong = held.get(1)!.findIndex((bytes, index) => Buffer.compare(bytes, testBytes(index % 90, index)) !== 0);
    expect(wrong).toBe(-1);
  });

  it('do not keep what else came from being received, nor are they changed, when their memory is given away', async () => {
    await using pair = await connectPair();
    const { local, remote } = endsOf(pair, end);
    const first = once(local, 'message') as Promise<[Uint8Array]>;
    await remote.sendText('to be given away');
    const [bytes] = await first;
    // As a program does that hands it to a worker. It may be refused, for memory that others share.
    let given: Uint8Array | undefined;
    try {
      given = structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
    } catch {
      given = structuredClone(bytes);
    }
    const whole = new Uint8Array(given.buffer).slice();
    const held = holdMessages(local);
    for (let index = 0; index < 200; index += 1) await remote.sendBytes(testBytes(index * 50, index));
    await waitUntil('all are there', () => countOf(held) === 200);
    const wrong = held
      .get(1)!
      .findIndex((message, index) => Buffer.compare(message, testBytes(index * 50, index)) !== 0);
    expect(wrong).toBe(-1);
    expect(Buffer.compare(new Uint8Array(given.buffer), whole)).toBe(0);
    expect(new TextDecoder().decode(given)).toBe('to be given away');
  });
});
