import { readdirSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, createTemporaryFolder, testBytes, waitUntil } from '@tcpcomm/test-support';
import { DIRECTIONS, ENDS, filesBelow, move, nextTransfer, routeOf } from '../src/index.ts';
import { createFilePair } from './temporary-file-pair.ts';

checkForLeaks();

const WAYS = ENDS.flatMap((end) => DIRECTIONS.map((direction) => ({ end, direction })));

describe.each(WAYS)('a $direction by a $end', ({ end, direction }) => {
  it('replaces a file that is there, when the new one is whole', async () => {
    await using files = await createFilePair(end, { server: { bytesPerSecond: 9_000_000 } });
    const { source, target } = routeOf(files, direction);
    const bytes = testBytes(1_500_000);
    await writeFile(join(source, 'file'), bytes);
    await writeFile(join(target, 'file'), 'the old one');
    const file = move(files, direction, 'file');
    await waitUntil('it moves', () => file.progress.transferredBytes > 0);
    expect(await readFile(join(target, 'file'), 'utf8')).toBe('the old one');
    expect(await filesBelow(target)).toEqual(['file', 'file.part', 'file.part.journal']);
    await file.done;
    expect(Buffer.compare(await readFile(join(target, 'file')), bytes)).toBe(0);
    expect(await filesBelow(target)).toEqual(['file']);
  });

  it('leaves a file that is there alone when told to refuse, and says so at both ends', async () => {
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    await writeFile(join(source, 'file'), 'new');
    await writeFile(join(target, 'file'), 'old');
    const file = move(files, direction, 'file', { overwrite: 'refuse' });
    await expect(file.done).rejects.toMatchObject({
      name: 'TransferError',
      code: 'ERR_TCPCOMM_FILE_EXISTS',
      number: 70,
    });
    expect(await readFile(join(target, 'file'), 'utf8')).toBe('old');
    expect(await filesBelow(target)).toEqual(['file']);
    await writeFile(join(source, 'other'), 'new');
    await move(files, direction, 'other', { overwrite: 'refuse' }).done;
    expect(await filesBelow(target)).toEqual(['file', 'other']);
  });

  it('told to refuse also leaves alone a file that appears meanwhile', async () => {
    await using files = await createFilePair(end, { server: { bytesPerSecond: 9_000_000 } });
    const { source, target } = routeOf(files, direction);
    await writeFile(join(source, 'file'), testBytes(1_000_000));
    const file = move(files, direction, 'file', { overwrite: 'refuse' });
    await waitUntil('it moves', () => file.progress.transferredBytes > 0);
    await writeFile(join(target, 'file'), 'somebody else was faster');
    await expect(file.done).rejects.toMatchObject({ code: 'ERR_TCPCOMM_FILE_EXISTS' });
    expect(await readFile(join(target, 'file'), 'utf8')).toBe('somebody else was faster');
    await waitUntil('nothing else is left', () => readdirSync(target).join() === 'file');
  });

  it('to a name that another transfer is writing is refused, and that one goes on', async () => {
    await using files = await createFilePair(end, { server: { bytesPerSecond: 9_000_000 } });
    const { source, target } = routeOf(files, direction);
    const bytes = testBytes(1_500_000);
    await writeFile(join(source, 'file'), bytes);
    const first = move(files, direction, 'file');
    await waitUntil('it moves', () => first.progress.transferredBytes > 0);
    await expect(move(files, direction, 'file').done).rejects.toMatchObject({
      code: 'ERR_TCPCOMM_FILE_BUSY',
      number: 71,
    });
    await first.done;
    expect(Buffer.compare(await readFile(join(target, 'file')), bytes)).toBe(0);
    await move(files, direction, 'file').done;
    expect(await filesBelow(target)).toEqual(['file']);
  });

  it('never mixes two files of which one is named as the other is while it grows', async () => {
    await using files = await createFilePair(end, { server: { bytesPerSecond: 9_000_000 } });
    const { source, target } = routeOf(files, direction);
    const contents = { file: testBytes(700_000, 1), 'file.part': testBytes(500_000, 2) };
    for (const [name, bytes] of Object.entries(contents)) await writeFile(join(source, name), bytes);
    await Promise.allSettled(Object.keys(contents).map((name) => move(files, direction, name).done));
    for (const name of await filesBelow(target)) {
      expect(Buffer.compare(await readFile(join(target, name)), contents[name as keyof typeof contents])).toBe(0);
    }
    expect((await filesBelow(target)).length).toBeGreaterThan(0);
  });

  it('replaces a link by the file, and does not write through it', async () => {
    await using outside = createTemporaryFolder();
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    await writeFile(outside.join('precious'), 'precious');
    await symlink(outside.join('precious'), join(target, 'file'));
    await writeFile(join(source, 'file'), 'new');
    await move(files, direction, 'file').done;
    expect(await readFile(outside.join('precious'), 'utf8')).toBe('precious');
    expect(await readFile(join(target, 'file'), 'utf8')).toBe('new');
  });

  it('does not write through a link that waits under the name of the growing file', async () => {
    await using outside = createTemporaryFolder();
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    await writeFile(outside.join('precious'), 'precious');
    await symlink(outside.join('precious'), join(target, 'file.part'));
    await writeFile(join(source, 'file'), 'new');
    await expect(move(files, direction, 'file').done).rejects.toMatchObject({ name: 'TransferError' });
    expect(await readFile(outside.join('precious'), 'utf8')).toBe('precious');
  });

  it('into a folder that is removed meanwhile fails at both ends, and the session goes on', async () => {
    await using files = await createFilePair(end, { server: { bytesPerSecond: 9_000_000 } });
    const { source, target } = routeOf(files, direction);
    for (const folder of [source, target]) await mkdir(join(folder, 'inner'));
    await writeFile(join(source, 'inner/file'), testBytes(2_000_000));
    const there = nextTransfer(files.remote);
    const here = move(files, direction, 'inner/file');
    const remote = await there;
    await waitUntil('it moves', () => here.progress.transferredBytes > 0);
    await rm(join(target, 'inner'), { recursive: true });
    for (const { done } of [here, remote]) {
      await expect(done).rejects.toMatchObject({ name: 'TransferError', code: 'ERR_TCPCOMM_FILE_NOT_FOUND' });
    }
    await mkdir(join(target, 'inner'));
    await move(files, direction, 'inner/file').done;
    expect(await filesBelow(target)).toEqual(['inner', 'inner/file']);
  });

  it('to a folder of that name is refused', async () => {
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    await writeFile(join(source, 'name'), 'new');
    await mkdir(join(target, 'name'));
    await writeFile(join(target, 'name', 'inside'), 'inside');
    const there = direction === 'send' ? undefined : files.local.getFile('name', { to: join(target, 'name') });
    if (there) {
      // For whoever fetches, a folder means: into it.
      expect((await there.done).localPath).toBe(join(target, 'name', 'name'));
    } else {
      await expect(move(files, direction, 'name').done).rejects.toMatchObject({ code: 'ERR_TCPCOMM_NOT_A_FILE' });
    }
    expect(await readFile(join(target, 'name', 'inside'), 'utf8')).toBe('inside');
  });
});

describe.each(ENDS)('a %s that fetches', (end) => {
  it('into a folder gets the file under its own name', async () => {
    await using files = await createFilePair(end);
    await mkdir(join(files.remoteFolder, 'deep/er'), { recursive: true });
    await writeFile(join(files.remoteFolder, 'deep/er/file.txt'), 'content');
    const { localPath } = await files.local.getFile('deep/er/file.txt', { to: files.localFolder }).done;
    expect(localPath).toBe(join(files.localFolder, 'file.txt'));
    expect(await readFile(localPath, 'utf8')).toBe('content');
  });

  it('to a path without a folder fails and says so at both ends', async () => {
    await using files = await createFilePair(end);
    await writeFile(join(files.remoteFolder, 'file'), 'content');
    const file = files.local.getFile('file', { to: join(files.localFolder, 'no such folder/file') });
    await expect(file.done).rejects.toMatchObject({ code: 'ERR_TCPCOMM_FILE_NOT_FOUND', side: 'local' });
  });

  it('without a place to put it gets the file into the working directory', async () => {
    await using files = await createFilePair(end);
    await using work = createTemporaryFolder();
    await writeFile(join(files.remoteFolder, 'here.txt'), 'content');
    const before = process.cwd();
    process.chdir(work.path);
    try {
      await files.local.getFile('here.txt').done;
    } finally {
      process.chdir(before);
    }
    expect(await filesBelow(work.path)).toEqual(['here.txt']);
  });
});

describe.each(ENDS)('a %s that sends', (end) => {
  it('uses the name of the file unless told another', async () => {
    await using files = await createFilePair(end);
    await writeFile(join(files.localFolder, 'own name'), 'content');
    const there = nextTransfer(files.remote);
    await files.local.sendFile(join(files.localFolder, 'own name')).done;
    expect((await there).name).toBe('own name');
    expect(await filesBelow(files.remoteFolder)).toEqual(['own name']);
  });

  it('into a folder that is not there fails at both ends', async () => {
    await using files = await createFilePair(end);
    await writeFile(join(files.localFolder, 'file'), 'content');
    const file = files.local.sendFile(join(files.localFolder, 'file'), { as: 'no such folder/file' });
    await expect(file.done).rejects.toMatchObject({ code: 'ERR_TCPCOMM_FILE_NOT_FOUND', side: 'remote' });
    expect(await filesBelow(files.remoteFolder)).toEqual([]);
  });
});
