import { readdirSync } from 'node:fs';
import { readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Notice } from '@tcpcomm/session';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, createTemporaryFolder, testBytes, waitUntil } from '@tcpcomm/test-support';
import {
  connectFilePair,
  DIRECTIONS,
  ENDS,
  type FilePair,
  type FilePairFolders,
  filesBelow,
  move,
  nextTransfer,
  routeOf,
} from '../src/index.ts';
import { makeFilePairFolders } from './temporary-file-pair.ts';

checkForLeaks();

const WAYS = ENDS.flatMap((end) => DIRECTIONS.map((direction) => ({ end, direction })));
const FILE_BYTES = 3_000_000;
const SLOW = { server: { bytesPerSecond: 9_000_000 } };

describe.each(WAYS)('a $direction by a $end that was cut', ({ end, direction }) => {
  /** Begins to move the file, and ends the session in the middle of it; returns how far the receiver had come. */
  async function cut(folders: FilePairFolders, content: Uint8Array): Promise<number> {
    await using files = await connectFilePair(end, folders, SLOW);
    await writeFile(join(routeOf(files, direction).source, 'file'), content);
    const there = nextTransfer(files.remote);
    const here = move(files, direction, 'file');
    const remote = await there;
    const receiver = direction === 'get' ? here : remote;
    await waitUntil('it moves', () => receiver.progress.transferredBytes > 500_000);
    files.local.destroy();
    await expect(here.done).rejects.toThrow();
    await expect(remote.done).rejects.toThrow();
    return receiver.progress.transferredBytes;
  }

  function noticesOf(files: FilePair): Notice[][] {
    return [files.local, files.remote].map((session) => {
      const notices: Notice[] = [];
      session.on('notice', (notice) => notices.push(notice));
      return notices;
    });
  }

  it('goes on where it was, and says so at both ends', async () => {
    await using folder = createTemporaryFolder();
    const folders = await makeFilePairFolders(folder);
    const content = testBytes(FILE_BYTES);
    const cutAtBytes = await cut(folders, content);
    await using files = await connectFilePair(end, folders);
    const { target } = routeOf(files, direction);
    expect(await filesBelow(target)).toEqual(['file.part', 'file.part.journal']);
    const notices = noticesOf(files);
    const there = nextTransfer(files.remote);
    const here = move(files, direction, 'file');
    const results = [await here.done, await (await there).done];
    for (const result of results)
      expect(result).toMatchObject({ resumedFromBytes: cutAtBytes, totalBytes: FILE_BYTES });
    expect(here.progress.transferredBytes).toBe(FILE_BYTES);
    expect(Buffer.compare(await readFile(join(target, 'file')), content)).toBe(0);
    expect(await filesBelow(target)).toEqual(['file']);
    for (const seen of notices) {
      expect(seen.map(({ text }) => text)).toContain(`Resuming file:file from byte ${cutAtBytes}`);
    }
  });

  it.each<
    [
      string,
      (paths: { readonly source: string; readonly part: string; readonly journal: string }) => Promise<unknown>,
      string,
    ]
  >([
    [
      'the source has another time',
      ({ source }) => utimes(source, 1, 1),
      'the file has changed since the earlier attempt',
    ],
    [
      'the source is longer',
      ({ source }) => writeFile(source, testBytes(FILE_BYTES + 1)),
      'the file has changed since the earlier attempt',
    ],
    [
      'the source is another file of the same size and time',
      async ({ source }) => {
        const { mtimeMs } = await stat(source);
        await writeFile(source, testBytes(FILE_BYTES, 99));
        await utimes(source, mtimeMs / 1000, mtimeMs / 1000);
      },
      'what the earlier attempt received is not the beginning of the file',
    ],
    [
      'the journal is damaged',
      ({ journal }) => writeFile(journal, testBytes(2048)),
      'the journal of the earlier attempt is damaged',
    ],
    ['the journal is empty', ({ journal }) => writeFile(journal, ''), 'the journal of the earlier attempt is damaged'],
    [
      'the part is shorter than its journal says',
      ({ part }) => truncate(part, 100_000),
      'the earlier attempt has 100000 bytes, its journal says',
    ],
    [
      'the part is longer than the file',
      ({ part }) => truncate(part, FILE_BYTES + 5),
      `the earlier attempt has ${FILE_BYTES + 5} bytes`,
    ],
    ['the part is gone', ({ part }) => rm(part), 'what the earlier attempt received is gone'],
    [
      'the part has other bytes',
      async ({ part }) => {
        const bytes = await readFile(part);
        bytes[1000] = (bytes[1000] ?? 0) ^ 1;
        await writeFile(part, bytes);
      },
      'what the earlier attempt received is not the beginning of the file',
    ],
  ])('begins anew and says why when %s', async (_what, change, reason) => {
    await using folder = createTemporaryFolder();
    const folders = await makeFilePairFolders(folder);
    await cut(folders, testBytes(FILE_BYTES));
    await using files = await connectFilePair(end, folders);
    const { source, target } = routeOf(files, direction);
    const [part, journal] = [join(target, 'file.part'), join(target, 'file.part.journal')];
    await change({ source: join(source, 'file'), part, journal });
    const notices = noticesOf(files);
    const there = nextTransfer(files.remote);
    const here = move(files, direction, 'file');
    const remote = await there;
    for (const file of [here, remote]) expect(await file.done).toMatchObject({ resumedFromBytes: 0 });
    const receiver = direction === 'get' ? here : remote;
    expect(receiver.restartReason).toContain(reason);
    expect(notices[direction === 'get' ? 0 : 1]!.map(({ text }) => text)).toContainEqual(
      expect.stringContaining(`Restarting file:file, ${reason}`),
    );
    expect(Buffer.compare(await readFile(join(target, 'file')), await readFile(join(source, 'file')))).toBe(0);
    expect(await filesBelow(target)).toEqual(['file']);
  });

  it('leaves nothing when the next attempt is cancelled', async () => {
    await using folder = createTemporaryFolder();
    const folders = await makeFilePairFolders(folder);
    await cut(folders, testBytes(FILE_BYTES));
    await using files = await connectFilePair(end, folders, SLOW);
    const there = nextTransfer(files.remote);
    const here = move(files, direction, 'file');
    await there;
    here.cancel();
    await expect(here.done).rejects.toMatchObject({ code: 'ERR_TCPCOMM_TRANSFER_CANCELLED' });
    const { target } = routeOf(files, direction);
    await waitUntil('nothing is left', () => readdirSync(target).length === 0);
  });
});

describe.each(WAYS)('a $direction by a $end', ({ end, direction }) => {
  it('is verified by SHA-256 when that is wanted', async () => {
    await using folder = createTemporaryFolder();
    await using files = await connectFilePair(end, await makeFilePairFolders(folder));
    await writeFile(join(routeOf(files, direction).source, 'abc'), 'abc');
    const there = nextTransfer(files.remote);
    const result = await move(files, direction, 'abc', { integrity: 'sha256' }).done;
    expect(result.hash).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect((await (await there).done).hash).toBe(result.hash);
  });

  it('told to rename gets the first free name, which both ends learn', async () => {
    await using folder = createTemporaryFolder();
    await using files = await connectFilePair(end, await makeFilePairFolders(folder));
    const { source, target } = routeOf(files, direction);
    await writeFile(join(source, 'report.txt'), 'new');
    for (const name of ['report.txt', 'report (1).txt']) await writeFile(join(target, name), 'old');
    const there = nextTransfer(files.remote);
    const result = await move(files, direction, 'report.txt', { overwrite: 'rename' }).done;
    expect([result.name, (await (await there).done).name]).toEqual(['report (2).txt', 'report (2).txt']);
    expect(await readFile(join(target, 'report (2).txt'), 'utf8')).toBe('new');
    expect(await filesBelow(target)).toEqual(['report (1).txt', 'report (2).txt', 'report.txt']);
    expect(await readFile(join(target, 'report.txt'), 'utf8')).toBe('old');
  });
});
