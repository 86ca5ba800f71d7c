import { execFileSync } from 'node:child_process';
import { appendFile, chmod, mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { TransferError } from '@tcpcomm/protocol';
import type { FileTransfer, Session } from '@tcpcomm/session';
import { describe, expect, it } from 'vitest';
import {
  checkForLeaks,
  createTemporaryFolder,
  letEventsRun,
  mountSmallDisk,
  reasonAgainstMounting,
  runForJson,
  testBytes,
  waitUntil,
} from '@tcpcomm/test-support';
import {
  connectPair,
  DIRECTIONS,
  ENDS,
  endsOf,
  filesBelow,
  move,
  type MoveOptions,
  nextTransfer,
  routeOf,
} from '../src/index.ts';
import { createFilePair } from './temporary-file-pair.ts';

checkForLeaks();

const WAYS = ENDS.flatMap((end) => DIRECTIONS.map((direction) => ({ end, direction })));

/** The error of a transfer that must fail, as typed as every error of one. */
async function failureOf(file: FileTransfer): Promise<TransferError> {
  const error = await file.done.then(
    () => new Error('it was done'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TransferError);
  return error as TransferError;
}

/** The next transfer of a session that fails, also one that never began. */
function nextFailure(session: Session): Promise<FileTransfer> {
  return new Promise((resolve) => {
    session.on('notice', ({ kind, transfer }) => {
      if (kind === 'error' && transfer) resolve(transfer);
    });
  });
}

/** Names that a peer may ask for or offer, and what is said of them. */
const BAD_NAMES = [
  ['..', 'ERR_TCPCOMM_INVALID_FILE_NAME'],
  ['../secret', 'ERR_TCPCOMM_INVALID_FILE_NAME'],
  ['folder/../../secret', 'ERR_TCPCOMM_INVALID_FILE_NAME'],
  ['folder/../file', 'ERR_TCPCOMM_INVALID_FILE_NAME'],
  ['/etc/passwd', 'ERR_TCPCOMM_INVALID_FILE_NAME'],
  ['/', 'ERR_TCPCOMM_INVALID_FILE_NAME'],
  ['', 'ERR_TCPCOMM_INVALID_FILE_NAME'],
  ['.', 'ERR_TCPCOMM_INVALID_FILE_NAME'],
  ['./file', 'ERR_TCPCOMM_INVALID_FILE_NAME'],
  ['folder//file', 'ERR_TCPCOMM_INVALID_FILE_NAME'],
  ['folder/', 'ERR_TCPCOMM_INVALID_FILE_NAME'],
  ['file\0.txt', 'ERR_TCPCOMM_INVALID_FILE_NAME'],
  ['x'.repeat(300), 'ERR_TCPCOMM_INVALID_FILE_NAME'],
  ['out-file', 'ERR_TCPCOMM_PATH_OUTSIDE_ROOT'],
  ['out-folder/secret', 'ERR_TCPCOMM_PATH_OUTSIDE_ROOT'],
  ['out-folder/folder/deep', 'ERR_TCPCOMM_PATH_OUTSIDE_ROOT'],
  ['loop', 'ERR_TCPCOMM_PATH_OUTSIDE_ROOT'],
  ['folder', 'ERR_TCPCOMM_NOT_A_FILE'],
  ['missing', 'ERR_TCPCOMM_FILE_NOT_FOUND'],
  ['missing/file', 'ERR_TCPCOMM_FILE_NOT_FOUND'],
  ['file/below', 'ERR_TCPCOMM_FILE_NOT_FOUND'],
] as const;

/** Fills a root with what the names above lead to, and a folder beside it with what they must not reach. */
async function furnish(root: string, outside: string): Promise<void> {
  await mkdir(join(root, 'folder'));
  await writeFile(join(root, 'file'), 'a file');
  await mkdir(join(outside, 'folder'));
  await writeFile(join(outside, 'secret'), 'secret');
  await writeFile(join(outside, 'folder/deep'), 'secret');
  await symlink(join(outside, 'secret'), join(root, 'out-file'));
  await symlink(outside, join(root, 'out-folder'));
  await symlink('loop', join(root, 'loop'));
}

describe.each(ENDS)('what the peer of a %s must not reach', (end) => {
  it.each(BAD_NAMES)('is not read by asking for %j', async (name, code) => {
    await using outside = createTemporaryFolder();
    await using files = await createFilePair(end);
    await furnish(files.remoteFolder, outside.path);
    const file = files.local.getFile(name, { to: files.localFolder });
    expect(await failureOf(file)).toMatchObject({ code, side: 'remote' });
    expect(await filesBelow(files.localFolder)).toEqual([]);
    expect(files.local.isOpen).toBe(true);
  });

  // What a link is replaced by, and what is new, is written rather than refused; elsewhere there are tests of that.
  it.each(BAD_NAMES.filter(([name]) => !['out-file', 'loop', 'missing'].includes(name)))(
    'is not written by sending as %j',
    async (name, code) => {
      await using outside = createTemporaryFolder();
      await using files = await createFilePair(end);
      await furnish(files.remoteFolder, outside.path);
      await writeFile(join(files.localFolder, 'mine'), 'mine');
      const before = await filesBelow(files.remoteFolder);
      const file = files.local.sendFile(join(files.localFolder, 'mine'), { as: name });
      expect(await failureOf(file)).toMatchObject({ code, side: 'remote' });
      expect(await filesBelow(files.remoteFolder)).toEqual(before);
      expect(await filesBelow(outside.path)).toEqual(['folder', 'folder/deep', 'secret']);
      expect(await readFile(outside.join('secret'), 'utf8')).toBe('secret');
    },
  );

  it('is not told in the error: it names the file as the peer did, and no path of this machine', async () => {
    await using files = await createFilePair(end);
    const error = await failureOf(files.local.getFile('missing', { to: files.localFolder }));
    expect(error.message).toBe('"missing": there is no such file');
    expect(error.message).not.toContain(files.remoteFolder);
  });

  it('does not include what links inside the root lead to', async () => {
    await using files = await createFilePair(end);
    await mkdir(join(files.remoteFolder, 'folder'));
    await writeFile(join(files.remoteFolder, 'folder/file'), 'inside');
    await symlink('folder/file', join(files.remoteFolder, 'link'));
    await symlink('folder', join(files.remoteFolder, 'linked-folder'));
    for (const name of ['link', 'linked-folder/file']) {
      const { localPath } = await files.local.getFile(name, { to: files.localFolder }).done;
      expect(await readFile(localPath, 'utf8')).toBe('inside');
    }
    await files.local.sendFile(join(files.localFolder, 'link'), { as: 'linked-folder/new' }).done;
    expect(await readFile(join(files.remoteFolder, 'folder/new'), 'utf8')).toBe('inside');
  });

  it('may lie below a root that is itself a link', async () => {
    await using folder = createTemporaryFolder();
    await mkdir(folder.join('real'));
    await symlink('real', folder.join('root'));
    await writeFile(folder.join('real', 'file'), 'content');
    await using pair = await connectPair({ session: { files: { root: folder.join('root') } } });
    const { local } = endsOf(pair, end);
    await local.getFile('file', { to: folder.join('got') }).done;
    await local.sendFile(folder.join('got'), { as: 'sent' }).done;
    expect((await filesBelow(folder.path)).filter((name) => !name.startsWith('root'))).toEqual([
      'got',
      'real',
      'real/file',
      'real/sent',
    ]);
  });
});

describe.each(WAYS)('a $direction by a $end', ({ end, direction }) => {
  it.each(['a named pipe', 'a device', 'a folder'])('of %s fails at both ends: it is not a file', async (what) => {
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    const path = join(source, 'thing');
    if (what === 'a named pipe') execFileSync('mkfifo', [path]);
    else if (what === 'a folder') await mkdir(path);
    else execFileSync('mknod', [path, 'c', '1', '3']);
    expect(await failureOf(move(files, direction, 'thing'))).toMatchObject({ code: 'ERR_TCPCOMM_NOT_A_FILE' });
    expect(await filesBelow(target)).toEqual([]);
  });

  it.each(['shrinks', 'grows', 'is written to'])(
    'of a file that %s meanwhile fails at both ends and leaves nothing',
    async (how) => {
      await using files = await createFilePair(end, { server: { bytesPerSecond: 9_000_000 } });
      const { source, target } = routeOf(files, direction);
      const path = join(source, 'file');
      // More than is read ahead: what has been read does not change any more.
      await writeFile(path, testBytes(8_000_000));
      const there = nextTransfer(files.remote);
      const here = move(files, direction, 'file');
      const remote = await there;
      await waitUntil('it moves', () => here.progress.transferredBytes > 0);
      if (how === 'shrinks') await truncate(path, 1000);
      else if (how === 'grows') await appendFile(path, 'more');
      else await writeFile(path, testBytes(8_000_000, 2));
      for (const file of [here, remote]) {
        expect(await failureOf(file)).toMatchObject({ code: 'ERR_TCPCOMM_SOURCE_CHANGED', number: 74 });
      }
      expect([(await failureOf(here)).side, (await failureOf(remote)).side].sort()).toEqual(['local', 'remote']);
      expect(await filesBelow(target)).toEqual([]);
    },
  );

  it('is refused when the peer offers no folder, and when it does not allow that direction', async () => {
    await using folder = createTemporaryFolder();
    await writeFile(folder.join('file'), 'content');
    const other = end === 'client' ? 'server' : 'client';
    const forbidden = direction === 'get' ? { read: false } : { write: false };
    for (const files of [undefined, { root: folder.path, ...forbidden }]) {
      await using pair = await connectPair({ [other]: files ? { files } : {} });
      const { local } = endsOf(pair, end);
      const start = () =>
        direction === 'get' ? local.getFile('file', { to: folder.join('got') }) : local.sendFile(folder.join('file'));
      const error = await failureOf(start());
      expect(error).toMatchObject({ code: 'ERR_TCPCOMM_FILES_NOT_OFFERED', number: 64, side: 'remote' });
      expect(error.message).toContain(files ? 'does not allow that' : 'has no folder');
    }
    const allowed = direction === 'get' ? { write: false } : { read: false };
    await using pair = await connectPair({ [other]: { files: { root: folder.path, ...allowed } } });
    const { local } = endsOf(pair, end);
    if (direction === 'get') await local.getFile('file', { to: folder.join('got') }).done;
    else await local.sendFile(folder.join('file'), { as: 'sent' }).done;
  });

  it('more than sixteen at a time wait for their turn, in the order of their beginning, and all arrive', async () => {
    // So slow that none of the first has ended when the sixteenth begins.
    await using files = await createFilePair(end, { server: { bytesPerSecond: 1_600_000 } });
    const { source, target } = routeOf(files, direction);
    await writeFile(join(source, 'file'), testBytes(20_000));
    const start = (index: number, options: MoveOptions = {}) =>
      direction === 'get'
        ? files.local.getFile('file', { to: join(files.localFolder, `moved-${index}`), ...options })
        : files.local.sendFile(join(files.localFolder, 'file'), { as: `moved-${index}`, ...options });
    const transfers = Array.from({ length: 60 }, (_, index) => start(index));
    await waitUntil('sixteen have their turn', () => transfers.findIndex(({ id }) => id === 0) === 16);
    const cancelled = start(60);
    cancelled.cancel();
    const later = new AbortController();
    const aborted = start(61, { signal: later.signal });
    later.abort();
    for (const file of [cancelled, aborted]) {
      await expect(file.done).rejects.toMatchObject({ code: 'ERR_TCPCOMM_TRANSFER_CANCELLED', side: 'local' });
    }
    await Promise.all(transfers.map(({ done }) => done));
    expect(transfers.every(({ id }) => id > 0)).toBe(true);
    expect((await filesBelow(target)).filter((name) => name.startsWith('moved-'))).toHaveLength(60);
  });

  it('those that wait fail when the session ends', async () => {
    await using files = await createFilePair(end, { server: { bytesPerSecond: 1_000_000 } });
    const { source } = routeOf(files, direction);
    await writeFile(join(source, 'file'), testBytes(1_000_000));
    const start = (index: number) =>
      direction === 'get'
        ? files.local.getFile('file', { to: join(files.localFolder, `moved-${index}`) })
        : files.local.sendFile(join(files.localFolder, 'file'), { as: `moved-${index}` });
    const transfers = Array.from({ length: 20 }, (_, index) => start(index));
    files.local.destroy();
    for (const { done } of transfers) await expect(done).rejects.toMatchObject({ code: 'ERR_TCPCOMM_SESSION_CLOSED' });
  });

  it.each(['here', 'there'])(
    'stands still while it is paused %s, which both ends know, and then goes on',
    async (where) => {
      await using files = await createFilePair(end, { server: { bytesPerSecond: 9_000_000 } });
      const { source, target } = routeOf(files, direction);
      const bytes = testBytes(2_000_000);
      await writeFile(join(source, 'file'), bytes);
      const there = nextTransfer(files.remote);
      const here = move(files, direction, 'file');
      const remote = await there;
      const receiver = direction === 'get' ? here : remote;
      await waitUntil('it moves', () => receiver.progress.transferredBytes > 100_000);
      (where === 'here' ? here : remote).pause();
      await waitUntil('both know', () => here.isPaused && remote.isPaused);
      // A message there and back, twice: what was on its way has come.
      files.local.on('message', () => undefined);
      files.remote.on('message', () => undefined);
      const echo = async () => {
        await files.remote.sendText('', 1, { confirm: true });
        await files.local.sendText('', 1, { confirm: true });
      };
      await echo();
      await letEventsRun();
      const stoodAtBytes = receiver.progress.transferredBytes;
      await echo();
      await echo();
      expect(receiver.progress.transferredBytes).toBe(stoodAtBytes);
      expect(stoodAtBytes).toBeLessThan(bytes.length);
      (where === 'here' ? here : remote).resume();
      await here.done;
      expect([here.isPaused, remote.isPaused]).toEqual([false, false]);
      expect(Buffer.compare(await readFile(join(target, 'file')), bytes)).toBe(0);
    },
  );
});

describe('a disk that is full', () => {
  const reason = reasonAgainstMounting();

  it
    .skipIf(reason)
    .each(WAYS.flatMap((way) => [1_500_000, 4_000_000, 8_000_000, 30_000_000].map((bytes) => ({ ...way, bytes }))))(
    'ends a $direction of $bytes bytes by a $end, at both ends, and leaves nothing',
    async ({ end, direction, bytes }) => {
      await using disk = mountSmallDisk(1_048_576);
      await using folder = createTemporaryFolder();
      await writeFile(folder.join('file'), testBytes(bytes));
      const receiver = (end === 'client') === (direction === 'get') ? 'client' : 'server';
      const roots = (name: string) => ({ files: { root: name === receiver ? disk.path : folder.path } });
      await using pair = await connectPair({ client: roots('client'), server: roots('server') });
      const { local, remote } = endsOf(pair, end);
      const there = nextFailure(remote);
      const here = direction === 'get' ? local.getFile('file', { to: disk.path }) : local.sendFile(folder.join('file'));
      for (const file of [here, await there]) {
        expect(await failureOf(file)).toMatchObject({ code: 'ERR_TCPCOMM_DISK_FULL', number: 72 });
      }
      expect(await filesBelow(disk.path)).toEqual([]);
      // There is room again for what fits.
      await writeFile(folder.join('small'), testBytes(500_000));
      await (direction === 'get' ? local.getFile('small', { to: disk.path }) : local.sendFile(folder.join('small')))
        .done;
      expect(await filesBelow(disk.path)).toEqual(['small']);
    },
  );
});

describe('a disk that fills up midway', () => {
  const reason = reasonAgainstMounting();

  it.skipIf(reason).each(WAYS)(
    'ends a $direction by a $end, and the next one succeeds when there is room',
    async (way) => {
      const { end, direction } = way;
      await using disk = mountSmallDisk(10_000_000);
      await using folder = createTemporaryFolder();
      const bytes = testBytes(8_000_000);
      await writeFile(folder.join('file'), bytes);
      const receiver = (end === 'client') === (direction === 'get') ? 'client' : 'server';
      const roots = (name: string) => ({ files: { root: name === receiver ? disk.path : folder.path } });
      await using pair = await connectPair({
        client: roots('client'),
        server: { ...roots('server'), bytesPerSecond: 9e6 },
      });
      const { local, remote } = endsOf(pair, end);
      const start = () =>
        direction === 'get' ? local.getFile('file', { to: disk.path }) : local.sendFile(folder.join('file'));
      const there = nextTransfer(remote);
      const here = start();
      await waitUntil('it moves', () => here.progress.transferredBytes > 100_000);
      await writeFile(disk.join('filler'), testBytes(9_500_000)).catch(() => undefined);
      for (const file of [here, await there])
        expect(await failureOf(file)).toMatchObject({ code: 'ERR_TCPCOMM_DISK_FULL' });
      expect(await filesBelow(disk.path)).not.toContain('file');
      await rm(disk.join('filler'));
      await start().done;
      expect(Buffer.compare(await readFile(disk.join('file')), bytes)).toBe(0);
      expect(await filesBelow(disk.path)).toEqual(['file']);
    },
  );
});

describe('without permission', () => {
  it('neither reading nor writing gets anywhere, and the error says at which side access is denied', async () => {
    await using folder = createTemporaryFolder();
    await chmod(folder.path, 0o755);
    // A program of its own, because it gives up what root may do.
    const program = resolve(import.meta.dirname, 'programs/without-permission.ts');
    const outcomes = await runForJson<Record<string, string>>(program, { args: [folder.path] });
    expect(outcomes).toEqual({
      'get a file that may not be read': 'remote ERR_TCPCOMM_FILE_ACCESS_DENIED',
      'get into a folder that may not be written to': 'local ERR_TCPCOMM_FILE_ACCESS_DENIED',
      'send a file that may not be read': 'local ERR_TCPCOMM_FILE_ACCESS_DENIED',
      'send into a folder that may not be written to': 'remote ERR_TCPCOMM_FILE_ACCESS_DENIED',
      'get into a folder that is made read-only meanwhile': 'local ERR_TCPCOMM_FILE_ACCESS_DENIED',
      'send into a folder that is made read-only meanwhile': 'remote ERR_TCPCOMM_FILE_ACCESS_DENIED',
      'get below a folder that may not be entered': 'remote ERR_TCPCOMM_FILE_ACCESS_DENIED',
    });
  });
});

describe('a transfer that nobody waits for', () => {
  it('may fail without harm to the process', async () => {
    await using files = await createFilePair('client');
    files.local.getFile('missing', { to: files.localFolder });
    files.local.on('message', () => undefined);
    await files.remote.sendText('goes on', 1, { confirm: true });
    await letEventsRun();
    expect(files.local.isOpen).toBe(true);
  });
});
