import { execFileSync } from 'node:child_process';
import { chmod, lstat, mkdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FileTransfer } from '@tcpcomm/session';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, createTemporaryFolder, testBytes, waitUntil } from '@tcpcomm/test-support';
import {
  collectMessages,
  connectFilePair,
  type Direction,
  DIRECTIONS,
  ENDS,
  type FilePair,
  filesBelow,
  nextTransfer,
  routeOf,
} from '../src/index.ts';
import { createFilePair, makeFilePairFolders } from './temporary-file-pair.ts';

checkForLeaks();

const WAYS = ENDS.flatMap((end) => DIRECTIONS.map((direction) => ({ end, direction })));

/** Moves the folder `tree` to the other end, under the same name. */
function moveFolder(
  files: FilePair,
  direction: Direction,
  options: { readonly integrity?: 'sha256'; readonly overwrite?: 'refuse' } = {},
): FileTransfer {
  return direction === 'get'
    ? files.local.getFolder('tree', { to: join(files.localFolder, 'tree'), ...options })
    : files.local.sendFolder(join(files.localFolder, 'tree'), options);
}

async function write(root: string, contents: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

/** Everything below a folder: what it is, its permissions, its time, its bytes. */
async function describeTree(root: string): Promise<unknown[]> {
  return Promise.all(
    (await filesBelow(root)).map(async (path) => {
      const stats = await lstat(join(root, path));
      const content = stats.isFile() ? (await readFile(join(root, path))).toString('base64') : 'a folder';
      return { path, mode: stats.mode, modifiedMs: Math.round(stats.mtimeMs), content };
    }),
  );
}

describe.each(WAYS)('a folder that is moved by $direction from a $end', ({ end, direction }) => {
  it('arrives with all that is in it: names, bytes, permissions and times', async () => {
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    const tree = join(source, 'tree');
    await write(tree, {
      'a.txt': 'a',
      'empty file': '',
      'deep/er/still/file.bin': testBytes(3_000_000, 1),
      'deep/border': testBytes(262_144, 2),
      'deep/above the border': testBytes(262_145, 3),
      'naïve — 世界/🚀 "quotes" \\ and: more': 'x',
      'z/run.sh': '#!/bin/sh',
    });
    // Two files here; where the system takes them for one, the second fails and says so.
    await write(tree, { Case: 'upper', case: 'lower' });
    await mkdir(join(tree, 'empty/nested'), { recursive: true });
    await chmod(join(tree, 'z/run.sh'), 0o755);
    await chmod(join(tree, 'empty file'), 0o666);
    await chmod(join(tree, 'deep'), 0o777);
    await chmod(join(tree, 'a.txt'), 0o444);
    await utimes(join(tree, 'a.txt'), 1_000_000_000.25, 1_000_000_000.25);
    await chmod(join(tree, 'z'), 0o500);
    await utimes(join(tree, 'empty'), 1_100_000_000, 1_100_000_000);
    const there = nextTransfer(files.remote);
    const here = moveFolder(files, direction);
    const results = [await here.done, await (await there).done];
    expect(await describeTree(join(target, 'tree'))).toEqual(await describeTree(tree));
    for (const result of results) {
      expect(result).toMatchObject({ name: 'tree', hash: undefined, resumedFromBytes: 0, totalBytes: 3_524_310 });
      expect(result.folder).toEqual({ files: 9, unchangedFiles: 0, folders: 7, failed: [] });
    }
    expect(here.progress).toMatchObject({ percent: 100, transferredBytes: 3_524_310, totalBytes: 3_524_310 });
    expect(here.progress.folder).toMatchObject({ doneFiles: 9, totalFiles: 9, failedFiles: 0 });
    await chmod(join(tree, 'z'), 0o700);
    await chmod(join(target, 'tree/z'), 0o700);
  });

  it('is verified by SHA-256 when that is wanted', async () => {
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    await write(join(source, 'tree'), { small: 'abc', large: testBytes(1_000_000) });
    await moveFolder(files, direction, { integrity: 'sha256' }).done;
    expect(await describeTree(join(target, 'tree'))).toEqual(await describeTree(join(source, 'tree')));
  });

  it('is only sent as far as it is not there', async () => {
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    const tree = join(source, 'tree');
    await write(tree, { one: 'one', two: testBytes(500_000), 'in/three': 'three' });
    await moveFolder(files, direction).done;
    await writeFile(join(tree, 'in/three'), 'other');
    await rm(join(target, 'tree/one'));
    const there = nextTransfer(files.remote);
    const results = [await moveFolder(files, direction).done, await (await there).done];
    for (const result of results) {
      expect(result).toMatchObject({ resumedFromBytes: 500_000, folder: { files: 3, unchangedFiles: 1, failed: [] } });
    }
    expect(await describeTree(join(target, 'tree'))).toEqual(await describeTree(tree));
  });

  it('goes on in the middle of a file after it was cut', async () => {
    await using folder = createTemporaryFolder();
    const folders = await makeFilePairFolders(folder);
    {
      await using files = await connectFilePair(end, folders, { server: { bytesPerSecond: 9_000_000 } });
      await write(join(routeOf(files, direction).source, 'tree'), { a: 'a', large: testBytes(3_000_000), z: 'z' });
      const there = nextTransfer(files.remote);
      const here = moveFolder(files, direction);
      const remote = await there;
      const receiver = direction === 'get' ? here : remote;
      await waitUntil('it moves', () => receiver.progress.transferredBytes > 800_000);
      const { folder: progress } = receiver.progress;
      expect(progress).toMatchObject({ currentFile: 'large', currentFileSizeBytes: 3_000_000 });
      expect(progress?.currentFileBytes).toBeGreaterThan(700_000);
      files.local.destroy();
      await expect(here.done).rejects.toThrow();
      await expect(remote.done).rejects.toThrow();
    }
    await using files = await connectFilePair(end, folders);
    const { source, target } = routeOf(files, direction);
    expect(await filesBelow(join(target, 'tree'))).toEqual(['a', 'large.part', 'large.part.journal']);
    const there = nextTransfer(files.remote);
    const results = [await moveFolder(files, direction).done, await (await there).done];
    for (const { resumedFromBytes, folder: outcome } of results) {
      expect(resumedFromBytes).toBeGreaterThan(800_000);
      expect(outcome).toMatchObject({ files: 3, unchangedFiles: 1, failed: [] });
    }
    expect(await describeTree(join(target, 'tree'))).toEqual(await describeTree(join(source, 'tree')));
  });

  it('goes on from the beginning where what was received is of another file', async () => {
    await using folder = createTemporaryFolder();
    const folders = await makeFilePairFolders(folder);
    {
      await using files = await connectFilePair(end, folders, { server: { bytesPerSecond: 9_000_000 } });
      await write(join(routeOf(files, direction).source, 'tree'), { large: testBytes(3_000_000) });
      const here = moveFolder(files, direction);
      await waitUntil('it moves', () => here.progress.transferredBytes > 800_000);
      files.local.destroy();
      await expect(here.done).rejects.toThrow();
      await files.remote.closed;
    }
    await using files = await connectFilePair(end, folders);
    const { source, target } = routeOf(files, direction);
    const { mtimeMs } = await stat(join(source, 'tree/large'));
    await writeFile(join(source, 'tree/large'), testBytes(3_000_000, 7));
    await utimes(join(source, 'tree/large'), mtimeMs / 1000, mtimeMs / 1000);
    expect((await moveFolder(files, direction).done).resumedFromBytes).toBe(0);
    expect(await describeTree(join(target, 'tree'))).toEqual(await describeTree(join(source, 'tree')));
  });

  it('leaves out what cannot be sent, says why at both ends, and sends the rest', async () => {
    await using outside = createTemporaryFolder();
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    const tree = join(source, 'tree');
    await writeFile(outside.join('secret'), 'secret');
    await write(tree, { file: 'file', 'folder/inside': 'inside' });
    await symlink(outside.join('secret'), join(tree, 'out'));
    await symlink('file', join(tree, 'link to a file'));
    await symlink('folder', join(tree, 'link to a folder'));
    await symlink('nowhere', join(tree, 'broken'));
    execFileSync('mkfifo', [join(tree, 'pipe')]);
    const there = nextTransfer(files.remote);
    const results = [await moveFolder(files, direction).done, await (await there).done];
    for (const { folder } of results) {
      expect(folder?.files).toBe(3);
      expect(Object.fromEntries(folder?.failed.map(({ path, error }) => [path, error.code]) ?? [])).toEqual({
        broken: 'ERR_TCPCOMM_FILE_NOT_FOUND',
        'link to a folder': 'ERR_TCPCOMM_NOT_A_FILE',
        out: 'ERR_TCPCOMM_PATH_OUTSIDE_ROOT',
        pipe: 'ERR_TCPCOMM_NOT_A_FILE',
      });
    }
    expect(await filesBelow(join(target, 'tree'))).toEqual(['file', 'folder', 'folder/inside', 'link to a file']);
    expect(await readFile(join(target, 'tree/link to a file'), 'utf8')).toBe('file');
  });

  it('leaves out what the receiver cannot take, says why at both ends, and sends the rest', async () => {
    await using outside = createTemporaryFolder();
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    await write(join(source, 'tree'), {
      'a folder there': 'x',
      'led out/file': 'x',
      'a file there/file': 'x',
      large: testBytes(400_000),
      last: 'x',
    });
    await write(join(target, 'tree'), { 'a folder there/inside': 'x', 'a file there': 'x' });
    await mkdir(join(target, 'tree/large/inside'), { recursive: true });
    await symlink(outside.path, join(target, 'tree/led out'));
    const there = nextTransfer(files.remote);
    const results = [await moveFolder(files, direction).done, await (await there).done];
    for (const { folder } of results) {
      expect(folder?.files).toBe(1);
      expect(Object.fromEntries(folder?.failed.map(({ path, error }) => [path, error.code]) ?? [])).toEqual({
        'a file there': 'ERR_TCPCOMM_FILE_EXISTS',
        'a file there/file': 'ERR_TCPCOMM_FILE_NOT_FOUND',
        'a folder there': 'ERR_TCPCOMM_NOT_A_FILE',
        large: 'ERR_TCPCOMM_NOT_A_FILE',
        'led out': 'ERR_TCPCOMM_FILE_EXISTS',
        'led out/file': 'ERR_TCPCOMM_PATH_OUTSIDE_ROOT',
      });
    }
    expect(await filesBelow(outside.path)).toEqual([]);
    expect(await readFile(join(target, 'tree/last'), 'utf8')).toBe('x');
  });

  it('replaces files of the same name, or leaves them alone when told so', async () => {
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    await write(join(source, 'tree'), { there: 'new', large: testBytes(400_000), 'not there': 'new' });
    await write(join(target, 'tree'), { there: 'the old one', large: 'old' });
    const { folder } = await moveFolder(files, direction, { overwrite: 'refuse' }).done;
    expect(folder?.failed.map(({ path, error }) => [path, error.code]).sort()).toEqual([
      ['large', 'ERR_TCPCOMM_FILE_EXISTS'],
      ['there', 'ERR_TCPCOMM_FILE_EXISTS'],
    ]);
    expect(await readFile(join(target, 'tree/there'), 'utf8')).toBe('the old one');
    await moveFolder(files, direction).done;
    expect(await describeTree(join(target, 'tree'))).toEqual(await describeTree(join(source, 'tree')));
  });

  it('that is cancelled leaves the files that were whole, and no part', async () => {
    await using files = await createFilePair(end, { server: { bytesPerSecond: 9_000_000 } });
    const { source, target } = routeOf(files, direction);
    await write(join(source, 'tree'), { a: 'a', large: testBytes(5_000_000) });
    const there = nextTransfer(files.remote);
    const here = moveFolder(files, direction);
    const remote = await there;
    const receiver = direction === 'get' ? here : remote;
    await waitUntil('it moves', () => receiver.progress.transferredBytes > 800_000);
    here.cancel();
    for (const file of [here, remote]) {
      await expect(file.done).rejects.toMatchObject({ code: 'ERR_TCPCOMM_TRANSFER_CANCELLED' });
    }
    expect(await filesBelow(join(target, 'tree'))).toEqual(['a']);
  });

  it('that is not there fails at both ends, and makes nothing', async () => {
    await using files = await createFilePair(end);
    const { target } = routeOf(files, direction);
    await expect(moveFolder(files, direction).done).rejects.toMatchObject({ code: 'ERR_TCPCOMM_FILE_NOT_FOUND' });
    expect(await filesBelow(target)).toEqual([]);
  });
});

it('files that are not small give back what they take, however many there are', async () => {
  await using files = await createFilePair('client');
  // More in all than may wait for the disk.
  const names = Array.from({ length: 60 }, (_, index) => `file ${index}`);
  for (const [index, name] of names.entries()) {
    await write(join(files.localFolder, 'tree'), { [name]: testBytes(262_200, index) });
  }
  await files.local.sendFolder(join(files.localFolder, 'tree')).done;
  expect(await describeTree(join(files.remoteFolder, 'tree'))).toEqual(
    await describeTree(join(files.localFolder, 'tree')),
  );
});

it('five thousand files arrive as they are while both ends chat', async () => {
  await using files = await createFilePair('client');
  const tree = join(files.remoteFolder, 'tree');
  for (let folder = 0; folder < 50; folder += 1) {
    await mkdir(join(tree, `folder ${folder}`), { recursive: true });
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        writeFile(join(tree, `folder ${folder}`, `file ${index}`), testBytes(folder * index, index)),
      ),
    );
  }
  const texts = [collectMessages(files.local, 100), collectMessages(files.remote, 100)];
  const transfer = files.local.getFolder('tree', { to: join(files.localFolder, 'tree') });
  for (let count = 0; count < 100; count += 1) {
    await Promise.all([files.local.sendText(`here ${count}`, 1), files.remote.sendText(`there ${count}`, 2)]);
  }
  await Promise.all(texts);
  expect((await transfer.done).folder).toEqual({ files: 5_000, unchangedFiles: 0, folders: 50, failed: [] });
  expect(await describeTree(join(files.localFolder, 'tree'))).toEqual(await describeTree(tree));
});

describe.each(ENDS)('a %s that fetches a folder', (end) => {
  it('gets it into a folder that a link leads to, and into one under another name', async () => {
    await using files = await createFilePair(end);
    await write(join(files.remoteFolder, 'tree'), { file: 'x' });
    await mkdir(join(files.localFolder, 'real'));
    await symlink('real', join(files.localFolder, 'link'));
    for (const name of ['link', 'other']) {
      const { localPath } = await files.local.getFolder('tree', { to: join(files.localFolder, name) }).done;
      expect(await readFile(join(localPath, 'file'), 'utf8')).toBe('x');
    }
    expect(await filesBelow(files.localFolder)).toEqual([
      'link',
      'link/file',
      'other',
      'other/file',
      'real',
      'real/file',
    ]);
  });

  it.each([
    ['a folder that is missing', 'no/such', 'ERR_TCPCOMM_FILE_NOT_FOUND'],
    ['a file', 'file', 'ERR_TCPCOMM_NOT_A_FILE'],
  ])('to the place of %s learns that it cannot', async (_what, place, code) => {
    await using files = await createFilePair(end);
    await write(join(files.remoteFolder, 'tree'), { file: 'x' });
    await writeFile(join(files.localFolder, 'file'), 'x');
    const transfer = files.local.getFolder('tree', { to: join(files.localFolder, place) });
    await expect(transfer.done).rejects.toMatchObject({ code, side: 'local' });
    expect(await filesBelow(files.localFolder)).toEqual(['file']);
  });

  it('gets all that the peer offers when it names nothing', async () => {
    await using files = await createFilePair(end);
    await write(files.remoteFolder, { 'tree/file': 'x' });
    await files.local.getFolder('', { to: join(files.localFolder, 'all') }).done;
    expect(await filesBelow(files.localFolder)).toEqual(['all', 'all/tree', 'all/tree/file']);
  });
});

describe.each(ENDS)('a %s that lists', (end) => {
  it('gets names, sizes and times of a folder, or of all below it', async () => {
    await using files = await createFilePair(end);
    await write(files.remoteFolder, { 'b/c/file': '12345', a: '123' });
    await utimes(join(files.remoteFolder, 'a'), 1_000_000_000.5, 1_000_000_000.5);
    const flat = await files.local.list();
    expect(flat.map(({ path, type, sizeBytes }) => [path, type, sizeBytes])).toEqual([
      ['a', 'file', 3],
      ['b', 'folder', 0],
    ]);
    expect(flat[0]?.modifiedMs).toBe(1_000_000_000_500);
    const deep = await files.local.list('b', { recursive: true });
    expect(deep.map(({ path }) => path)).toEqual(['c', 'c/file']);
    expect(await files.local.list('b/c')).toHaveLength(1);
  });

  it.each([
    ['missing', 'ERR_TCPCOMM_FILE_NOT_FOUND'],
    ['a', 'ERR_TCPCOMM_NOT_A_FILE'],
    ['../remote', 'ERR_TCPCOMM_INVALID_FILE_NAME'],
    ['out', 'ERR_TCPCOMM_PATH_OUTSIDE_ROOT'],
  ])('%s learns that it gets nothing', async (path, code) => {
    await using files = await createFilePair(end);
    await writeFile(join(files.remoteFolder, 'a'), 'a');
    await symlink('/', join(files.remoteFolder, 'out'));
    await symlink('/etc/passwd', join(files.remoteFolder, 'passwords'));
    await expect(files.local.list(path)).rejects.toMatchObject({ name: 'TransferError', code });
    expect(await files.local.list()).toHaveLength(1);
  });
});

it('a list of a hundred thousand entries has them all', async () => {
  await using files = await createFilePair('client');
  execFileSync('sh', ['-c', 'mkdir many && cd many && seq 100000 | xargs touch'], { cwd: files.remoteFolder });
  const entries = await files.local.list('many');
  expect(entries).toHaveLength(100_000);
  expect(new Set(entries.map(({ path }) => path)).size).toBe(100_000);
});
