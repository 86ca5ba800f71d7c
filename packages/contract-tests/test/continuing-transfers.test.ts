import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileTransfer } from '@tcpcomm/client';
import { checkForLeaks, type Relay, testBytes, waitUntil } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import {
  DIRECTIONS,
  ENDS,
  type End,
  type FilePair,
  filesBelow,
  move,
  nextTransfer,
  RelayRoute,
  routeOf,
} from '../src/index.ts';
import { createFilePair } from './temporary-file-pair.ts';

checkForLeaks();

interface RelayedFiles extends FilePair {
  readonly relay: Relay;
}

/** Two ends with a folder each, over a network that can be cut, whose client comes back. */
async function connectOverRelay(end: End): Promise<RelayedFiles> {
  const way = new RelayRoute();
  const options = { client: { autoReconnect: true }, server: { bytesPerSecond: 40_000_000 }, route: way.route };
  const files = await createFilePair(end, options);
  const dispose = async () => {
    await files[Symbol.asyncDispose]();
    await way[Symbol.asyncDispose]();
  };
  return { ...files, relay: way.relay, [Symbol.asyncDispose]: dispose };
}

async function moved(file: FileTransfer, bytes: number): Promise<void> {
  await waitUntil('it moves', () => file.progress.transferredBytes > bytes);
}

describe.each(ENDS)('a transfer of a %s whose connection breaks', (end) => {
  it.each(DIRECTIONS)('goes on at what is there, by %s: the same transfer at both ends', async (direction) => {
    await using files = await connectOverRelay(end);
    const { source, target } = routeOf(files, direction);
    const bytes = testBytes(12_000_000);
    await writeFile(join(source, 'file'), bytes);
    const began: FileTransfer[] = [];
    files.remote.on('transfer', (file) => began.push(file));
    const notices: string[] = [];
    files.local.on('notice', ({ kind }) => notices.push(kind));
    const file = move(files, direction, 'file');
    for (const least of [1_000_000, 5_000_000]) {
      await moved(file, least);
      const found = once(files.pair.client, 'connected');
      files.relay.cut();
      await found;
    }
    const result = await file.done;
    expect(result).toMatchObject({ totalBytes: bytes.length, name: 'file' });
    expect(result.resumedFromBytes).toBeGreaterThan(1_000_000);
    expect(Buffer.compare(await readFile(join(target, 'file')), bytes)).toBe(0);
    expect(await filesBelow(target)).toEqual(['file']);
    expect(began).toHaveLength(1);
    expect(await began[0]!.done).toMatchObject({ hash: result.hash });
    expect(notices.filter((kind) => kind.startsWith('transfer-'))).toEqual([
      'transfer-started',
      'transfer-resumed',
      'transfer-resumed',
      'transfer-done',
    ]);
  });

  it.each(DIRECTIONS)(
    'is done where only the news of it was lost, by %s, also where nothing may be replaced',
    async (direction) => {
      await using files = await connectOverRelay(end);
      const { source, target } = routeOf(files, direction);
      await writeFile(join(source, 'file'), testBytes(20_000));
      const [sender, receiver] = direction === 'send' ? [files.local, files.remote] : [files.remote, files.local];
      const received = nextTransfer(receiver);
      // From when the sender has been told to send it hears nothing; so little it sends without hearing.
      sender.once('transfer', () => {
        files.relay.silence(sender === files.pair.client ? 'back' : 'forth');
      });
      const sending = nextTransfer(sender);
      const file = move(files, direction, 'file', { overwrite: 'refuse' });
      await (
        await received
      ).done;
      const found = once(files.pair.client, 'connected');
      files.relay.cut();
      await found;
      const results = [await file.done, await (await sending).done, await (await received).done];
      expect(results.map(({ name, totalBytes }) => [name, totalBytes])).toEqual(results.map(() => ['file', 20_000]));
      expect(new Set(results.map(({ hash }) => hash)).size).toBe(1);
      expect(Buffer.compare(await readFile(join(target, 'file')), testBytes(20_000))).toBe(0);
      expect(await filesBelow(target)).toEqual(['file']);
    },
  );

  it.each(DIRECTIONS)('may be cancelled at either end meanwhile, by %s, and both learn it', async (direction) => {
    for (const where of ['here', 'there'] as const) {
      await using files = await connectOverRelay(end);
      const { source } = routeOf(files, direction);
      await writeFile(join(source, 'file'), testBytes(8_000_000));
      const there = nextTransfer(files.remote);
      const file = move(files, direction, 'file');
      const remote = await there;
      await moved(file, 1_000_000);
      const found = once(files.pair.client, 'connected');
      files.relay.refuses = true;
      files.relay.cut();
      await waitUntil('both know', () => files.local.isSuspended && files.remote.isSuspended);
      (where === 'here' ? file : remote).cancel();
      files.relay.refuses = false;
      await found;
      for (const transfer of [file, remote]) {
        await expect(transfer.done).rejects.toMatchObject({ code: 'ERR_TCPCOMM_TRANSFER_CANCELLED' });
      }
      expect(files.local.isOpen).toBe(true);
    }
  });

  it('may be begun meanwhile, and begins when there is a connection', async () => {
    await using files = await connectOverRelay(end);
    await writeFile(join(files.remoteFolder, 'file'), testBytes(100_000));
    await writeFile(join(files.localFolder, 'other'), testBytes(100_000));
    files.relay.refuses = true;
    files.relay.cut();
    await waitUntil('both know', () => files.local.isSuspended && files.remote.isSuspended);
    const transfers = [move(files, 'get', 'file'), move(files, 'send', 'other')];
    const list = files.local.list();
    expect(transfers.map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    files.relay.refuses = false;
    await Promise.all(transfers.map(({ done }) => done));
    expect((await list).map(({ path }) => path)).toContain('file');
  });

  it.each(DIRECTIONS)('is a folder: %s goes on with what is left of it', async (direction) => {
    await using files = await connectOverRelay(end);
    const { source, target } = routeOf(files, direction);
    await mkdir(join(source, 'tree', 'below'), { recursive: true });
    for (let at = 0; at < 40; at += 1) await writeFile(join(source, 'tree', 'below', `f${at}`), testBytes(200_000, at));
    const tree =
      direction === 'get'
        ? files.local.getFolder('tree', { to: join(target, 'tree') })
        : files.local.sendFolder(join(source, 'tree'), { as: 'tree' });
    await moved(tree, 2_000_000);
    const found = once(files.pair.client, 'connected');
    files.relay.cut();
    await found;
    const { folder } = await tree.done;
    expect(folder).toMatchObject({ files: 40, failed: [] });
    expect(folder!.unchangedFiles).toBeGreaterThan(0);
    expect(await filesBelow(target)).toEqual(await filesBelow(source));
  });

  it('has ended before the server says that its session has, when that does not come back', async () => {
    await using files = await connectOverRelay(end);
    await writeFile(join(files.remoteFolder, 'file'), testBytes(8_000_000));
    const told: string[] = [];
    files.pair.server.on('notice', ({ kind }) => told.push(kind));
    const file = move(files, 'get', 'file');
    await moved(file, 500_000);
    files.relay.refuses = true;
    files.relay.cut();
    const { serverSession } = files.pair;
    await waitUntil('the server knows', () => serverSession.isSuspended);
    const closed = once(files.pair.server, 'sessionClosed');
    serverSession.destroy();
    // Its number is still its own.
    expect(files.pair.server.sessions.size).toBe(1);
    await closed;
    expect(files.pair.server.sessions.size).toBe(0);
    const ends = told.filter((kind) => kind === 'transfer-aborted' || kind === 'session-stopped');
    expect(ends).toEqual(['transfer-aborted', 'session-stopped']);
    files.pair.client.destroy();
    await expect(file.done).rejects.toMatchObject({ name: 'SessionClosedError' });
  });

  it('fails with the session that does not come back', async () => {
    await using files = await connectOverRelay(end);
    await writeFile(join(files.remoteFolder, 'file'), testBytes(8_000_000));
    const there = nextTransfer(files.remote);
    const file = move(files, 'get', 'file');
    const remote = await there;
    await moved(file, 500_000);
    files.relay.refuses = true;
    files.relay.cut();
    await waitUntil('both know', () => files.local.isSuspended && files.remote.isSuspended);
    const waiting = move(files, 'get', 'other');
    files.local.destroy();
    files.remote.destroy();
    for (const transfer of [file, remote, waiting]) {
      await expect(transfer.done).rejects.toMatchObject({ name: 'SessionClosedError' });
    }
  });
});
