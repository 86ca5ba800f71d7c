import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TcpCommClient } from '@tcpcomm/client';
import { TcpCommServer } from '@tcpcomm/server';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, createTemporaryFolder, testBytes, waitUntil } from '@tcpcomm/test-support';
import { collectMessages, DIRECTIONS, ENDS, filesBelow, move, nextTransfer, routeOf } from '../src/index.ts';
import { createFilePair } from './temporary-file-pair.ts';

checkForLeaks();

const BLOCK_BYTES = 1_048_576;
const WAYS = ENDS.flatMap((end) => DIRECTIONS.map((direction) => ({ end, direction })));

describe.each(WAYS)('a $end that does $direction', ({ end, direction }) => {
  it('has the same bytes at the other side, and both ends the same hash', async () => {
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    const bytes = testBytes(1_000_000);
    await writeFile(join(source, 'data.bin'), bytes);
    const there = nextTransfer(files.remote);
    const here = move(files, direction, 'data.bin');
    const result = await here.done;
    const remote = await there;
    expect(Buffer.compare(await readFile(join(target, 'data.bin')), bytes)).toBe(0);
    expect(result).toEqual({
      localPath: join(files.localFolder, 'data.bin'),
      name: 'data.bin',
      totalBytes: 1_000_000,
      resumedFromBytes: 0,
      hash: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
    });
    expect(await remote.done).toEqual({ ...result, localPath: join(files.remoteFolder, 'data.bin') });
    expect([here.direction, remote.direction]).toEqual(
      direction === 'get' ? ['incoming', 'outgoing'] : ['outgoing', 'incoming'],
    );
    expect([here.name, here.state, remote.name, remote.state]).toEqual(['data.bin', 'done', 'data.bin', 'done']);
    expect(here.id).toBe(remote.id);
    expect(await filesBelow(target)).toEqual(['data.bin']);
  });

  it('has files of any size whole, around the borders of blocks too', async () => {
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    const border = fc
      .record({ blocks: fc.integer({ min: 1, max: 9 }), more: fc.integer({ min: -2, max: 2 }) })
      .map(({ blocks, more }) => blocks * BLOCK_BYTES + more);
    const size = fc.oneof(fc.constantFrom(0, 1, 2, 4095, 4096, 4097), border, fc.nat(3_000_000));
    let count = 0;
    await fc.assert(
      fc.asyncProperty(size, async (sizeBytes) => {
        const name = `file-${(count += 1)}`;
        const bytes = testBytes(sizeBytes, count);
        await writeFile(join(source, name), bytes);
        const result = await move(files, direction, name).done;
        expect(result.totalBytes).toBe(sizeBytes);
        expect(Buffer.compare(await readFile(join(target, name)), bytes)).toBe(0);
      }),
      { numRuns: 15, examples: [[0], [1], [BLOCK_BYTES], [4 * BLOCK_BYTES], [4 * BLOCK_BYTES + 1]] },
    );
  });

  it('has the hash of XXH64 that the specification names', async () => {
    await using files = await createFilePair(end);
    const { source } = routeOf(files, direction);
    await writeFile(join(source, 'empty'), '');
    await writeFile(join(source, 'abc'), 'abc');
    expect((await move(files, direction, 'empty').done).hash).toBe('ef46db3751d8e999');
    expect((await move(files, direction, 'abc').done).hash).toBe('44bc2cf5ad770999');
  });

  it('keeps names with colons, spaces, dots, unicode, and folders', async () => {
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    const names = [
      '12:30:05 notes.txt',
      ' leading and trailing ',
      '.hidden',
      '...',
      'naïve — 世界 – ё',
      '🚀👩‍👩‍👧.txt',
      'new\nline and "quotes" \\ backslash',
      'x'.repeat(250),
      'a folder/one: more/file',
    ];
    for (const folder of [source, target]) await mkdir(join(folder, 'a folder/one: more'), { recursive: true });
    for (const name of names) await writeFile(join(source, name), name);
    await Promise.all(names.map((name) => move(files, direction, name).done));
    for (const name of names) expect(await readFile(join(target, name), 'utf8')).toBe(name);
  });

  it.each([1_700_000_000, 1_700_000_000.123, 0, 86_400 * 365 * 90])(
    'keeps the modification time, %d s',
    async (seconds) => {
      await using files = await createFilePair(end);
      const { source, target } = routeOf(files, direction);
      await writeFile(join(source, 'old'), 'old');
      await utimes(join(source, 'old'), seconds, seconds);
      await move(files, direction, 'old').done;
      const [before, after] = await Promise.all([stat(join(source, 'old')), stat(join(target, 'old'))]);
      expect(Math.abs(after.mtimeMs - before.mtimeMs)).toBeLessThan(0.01);
    },
  );

  it('reports progress as events, the last when it has ended, at both ends', async () => {
    await using files = await createFilePair(end, { server: { bytesPerSecond: 9_000_000 } });
    const { source } = routeOf(files, direction);
    const totalBytes = 3_600_000;
    await writeFile(join(source, 'slow'), testBytes(totalBytes));
    const there = nextTransfer(files.remote);
    const here = move(files, direction, 'slow');
    const seen = [here, await there].map((file) => {
      const reports: (typeof file.progress)[] = [];
      file.on('progress', (progress) => reports.push(progress));
      return { file, reports };
    });
    await Promise.all(seen.map(({ file }) => file.done));
    for (const { reports } of seen) {
      expect(reports.length).toBeGreaterThanOrEqual(3);
      const counts = reports.map(({ transferredBytes }) => transferredBytes);
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
      for (const report of reports) {
        expect(report.totalBytes).toBe(totalBytes);
        expect(report.percent).toBe(Math.floor((report.transferredBytes / totalBytes) * 100));
      }
      const halfway = reports.at(-2)!;
      expect(halfway.bytesPerSecond).toBeGreaterThan(1_000_000);
      expect(halfway.remainingMs).toBeGreaterThanOrEqual(0);
      expect(reports.at(-1)).toMatchObject({ transferredBytes: totalBytes, percent: 100, remainingMs: 0 });
    }
  });

  it('reports progress to a loop over the transfer, which ends with it', async () => {
    await using files = await createFilePair(end, { server: { bytesPerSecond: 9_000_000 } });
    const { source } = routeOf(files, direction);
    await writeFile(join(source, 'slow'), testBytes(2_700_000));
    const percents: number[] = [];
    const file = move(files, direction, 'slow');
    for await (const { percent } of file) percents.push(percent);
    expect(percents.length).toBeGreaterThanOrEqual(2);
    expect(percents.at(-1)).toBe(100);
    for await (const _progress of file) throw new Error('there is nothing to report any more');
  });

  it('throws into a loop over a transfer that fails', async () => {
    await using files = await createFilePair(end);
    const file = move(files, direction, 'missing');
    const loop = async () => {
      for await (const _progress of file);
    };
    await expect(loop()).rejects.toMatchObject({ code: 'ERR_TCPCOMM_FILE_NOT_FOUND' });
  });

  it('is not disturbed by a listener of progress that throws or rejects', async () => {
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    await writeFile(join(source, 'file'), testBytes(2_000_000));
    const there = nextTransfer(files.remote);
    const here = move(files, direction, 'file');
    const fail = () => {
      throw new Error('a bug of the application');
    };
    // An application's listener may well be asynchronous.
    const failLater = (): unknown => Promise.reject(new Error('a bug of the application'));
    here.on('progress', fail);
    const remote = await there;
    remote.on('progress', failLater);
    expect((await here.done).totalBytes).toBe(2_000_000);
    await remote.done;
    expect(await filesBelow(target)).toEqual(['file']);
  });

  it('answers the polling of the classic interface', async () => {
    await using files = await createFilePair(end, { server: { bytesPerSecond: 9_000_000 } });
    const { source } = routeOf(files, direction);
    const { local, remote } = files;
    await writeFile(join(source, 'polled.bin'), testBytes(1_800_000));
    const [receiver, sender] = direction === 'get' ? [local, remote] : [remote, local];
    expect([receiver.getPercentOfFileReceived(), receiver.getIncomingFileName()]).toEqual([0, '']);
    expect([sender.getPercentOfFileSent(), sender.getOutgoingFileName()]).toEqual([0, '']);
    const { done } = move(files, direction, 'polled.bin');
    const isHalfway = (percent: number) => percent > 0 && percent < 100;
    await waitUntil('the receiver is halfway', () => isHalfway(receiver.getPercentOfFileReceived()));
    await waitUntil('the sender is halfway', () => isHalfway(sender.getPercentOfFileSent()));
    expect([receiver.getIncomingFileName(), receiver.getOutgoingFileName()]).toEqual(['polled.bin', '']);
    expect([sender.getOutgoingFileName(), sender.getIncomingFileName()]).toEqual(['polled.bin', '']);
    await done;
    await waitUntil('the sender knows', () => sender.getPercentOfFileSent() === 100);
    expect(receiver.getPercentOfFileReceived()).toBe(100);
    expect(receiver.getIncomingFileName()).toBe('polled.bin');
  });

  it('is drained by close: a running transfer may end first', async () => {
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    const bytes = testBytes(20_000_000);
    await writeFile(join(source, 'last'), bytes);
    const file = move(files, direction, 'last');
    await waitUntil('it moves', () => file.progress.transferredBytes > 0);
    const [result, report] = await Promise.all([file.done, files.local.close()]);
    expect(result.totalBytes).toBe(bytes.length);
    expect(report.reason.isClean).toBe(true);
    expect(Buffer.compare(await readFile(join(target, 'last')), bytes)).toBe(0);
  });

  it('rejects, and leaves what came to a later attempt, when the session is closed without time for it', async () => {
    await using files = await createFilePair(end, { server: { bytesPerSecond: 9_000_000 } });
    const { source, target } = routeOf(files, direction);
    await writeFile(join(source, 'cut'), testBytes(20_000_000));
    const there = nextTransfer(files.remote);
    const file = move(files, direction, 'cut');
    const remote = await there;
    const receiver = direction === 'get' ? file : remote;
    await waitUntil('it moves', () => receiver.progress.transferredBytes > 300_000);
    await Promise.all([files.local.close({ drainMs: 0 }), files.remote.closed]);
    expect(await filesBelow(target)).toEqual(['cut.part', 'cut.part.journal']);
    await expect(file.done).rejects.toMatchObject({ code: 'ERR_TCPCOMM_SESSION_CLOSED' });
    await expect(remote.done).rejects.toMatchObject({ code: 'ERR_TCPCOMM_SESSION_CLOSED' });
  });

  it.each(['here', 'there'])(
    'rejects at both ends, and leaves what came to a later attempt, when the session is destroyed %s',
    async (where) => {
      await using files = await createFilePair(end, { server: { bytesPerSecond: 9_000_000 } });
      const { source, target } = routeOf(files, direction);
      await writeFile(join(source, 'cut'), testBytes(20_000_000));
      const there = nextTransfer(files.remote);
      const file = move(files, direction, 'cut');
      const remote = await there;
      const receiver = direction === 'get' ? file : remote;
      await waitUntil('it moves', () => receiver.progress.transferredBytes > 300_000);
      const destroyed = where === 'here' ? files.local : files.remote;
      destroyed.destroy();
      await Promise.all([files.local.closed, files.remote.closed]);
      expect(await filesBelow(target)).toEqual(['cut.part', 'cut.part.journal']);
      for (const transfer of [file, remote]) {
        const isOwn = (transfer === file) === (where === 'here');
        const code = isOwn ? 'ERR_TCPCOMM_SESSION_CLOSED' : 'ERR_TCPCOMM_DESTROYED';
        await expect(transfer.done).rejects.toMatchObject({ code });
        expect(transfer.state).toBe('failed');
      }
    },
  );
});

it('two clients fetch the same file of a server at once, each whole', async () => {
  await using folder = createTemporaryFolder();
  const bytes = testBytes(5_000_000);
  await writeFile(folder.join('file'), bytes);
  await using server = new TcpCommServer({ files: { root: folder.path } });
  const { port } = await server.start({ port: 0, host: '127.0.0.1' });
  await using one = new TcpCommClient();
  await using other = new TcpCommClient();
  const clients = [one, other];
  for (const client of clients) await client.connect('127.0.0.1', port);
  const targets = clients.map((_, index) => folder.join(`got-${index}`));
  await Promise.all(clients.map((client, index) => client.getFile('file', { to: targets[index]! }).done));
  for (const target of targets) expect(Buffer.compare(await readFile(target), bytes)).toBe(0);
});

describe('files in both directions at once', () => {
  it('arrive whole, forty of them from either end, while messages flow', async () => {
    await using files = await createFilePair('client');
    const { local, remote, localFolder, remoteFolder } = files;
    const names = Array.from({ length: 10 }, (_, index) => `file-${index}`);
    const contents = names.map((_, index) => testBytes(1 + index * 150_000, index + 1));
    for (const folder of [localFolder, remoteFolder]) {
      await mkdir(join(folder, 'in'));
      for (const [index, name] of names.entries()) await writeFile(join(folder, name), contents[index]!);
    }
    const messages = [collectMessages(local, 200), collectMessages(remote, 200)];
    const transfers = names.flatMap((name) => [
      local.getFile(name, { to: join(localFolder, 'in', `${name}-got`) }),
      local.sendFile(join(localFolder, name), { as: `in/${name}-sent` }),
      remote.getFile(name, { to: join(remoteFolder, 'in', `${name}-got`) }),
      remote.sendFile(join(remoteFolder, name), { as: `in/${name}-sent` }),
    ]);
    for (let index = 0; index < 200; index += 1) {
      void local.sendBytes(testBytes(index * 10), 1 + (index % 250));
      void remote.sendBytes(testBytes(index * 10), 1 + (index % 250));
    }
    await Promise.all(messages);
    await Promise.all(transfers.map(({ done }) => done));
    for (const folder of [localFolder, remoteFolder]) {
      for (const [index, name] of names.entries()) {
        for (const way of ['got', 'sent']) {
          const bytes = await readFile(join(folder, 'in', `${name}-${way}`));
          expect(Buffer.compare(bytes, contents[index]!)).toBe(0);
        }
      }
      expect(await filesBelow(join(folder, 'in'))).toHaveLength(20);
    }
  });

  it('let a message pass that is sent while they move', async () => {
    await using files = await createFilePair('client', { server: { bytesPerSecond: 9_000_000 } });
    const { local, remote, remoteFolder } = files;
    await writeFile(join(remoteFolder, 'big'), testBytes(30_000_000));
    const file = local.getFile('big', { to: join(files.localFolder, 'big') });
    await waitUntil('it moves', () => file.progress.transferredBytes > 0);
    local.on('message', () => undefined);
    await remote.sendText('urgent', 1, { confirm: true });
    expect(file.state).toBe('active');
    file.cancel();
    await expect(file.done).rejects.toThrow();
  });
});
