import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { TransferError } from '@tcpcomm/protocol';
import { describe, expect, it } from 'vitest';
import {
  checkForLeaks,
  createTemporaryFolder,
  mountSmallDisk,
  reasonAgainstMounting,
  testBytes,
  waitUntil,
} from '@tcpcomm/test-support';
import { createFileHash } from '../../../src/io/files/file-hash.ts';
import { Journal } from '../../../src/io/files/journal.ts';
import { PartFile, type PartFileOptions } from '../../../src/io/files/part-file.ts';
import { WRITE_BUFFERS } from '../../../src/io/files/write-buffers.ts';

checkForLeaks();

function openPart(path: string, options: Partial<PartFileOptions> = {}): Promise<PartFile> {
  return PartFile.open({
    path,
    name: 'the name',
    overwrite: 'replace',
    integrity: 'xxh64',
    source: { sizeBytes: 10_000_000, modifiedMs: 0 },
    buffers: WRITE_BUFFERS.client,
    onWritten: () => undefined,
    onFailed: () => undefined,
    ...options,
  });
}

async function hashOf(bytes: Uint8Array): Promise<string> {
  const hash = await createFileHash('xxh64');
  hash.update(bytes);
  return hash.digest();
}

/** Verifies and publishes what was written: these bytes. */
async function publish(part: PartFile, bytes: Uint8Array): Promise<string> {
  await part.verify(await hashOf(bytes));
  return part.publish();
}

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TransferError);
  return (error as TransferError).code;
}

describe('a file that is being received', () => {
  it('grows under NAME.part and gets its name and its time when it is published', async () => {
    await using folder = createTemporaryFolder();
    let written = 0;
    const bytes = testBytes(700_001);
    const source = { sizeBytes: bytes.length, modifiedMs: 1_700_000_000_123.5 };
    const part = await openPart(folder.join('file'), { source, onWritten: (more) => (written += more) });
    for (let at = 0; at < bytes.length; at += 33_333) part.write(bytes.subarray(at, at + 33_333));
    expect(await readdir(folder.path)).toEqual(['file.part', 'file.part.journal']);
    expect(await publish(part, bytes)).toBe(folder.join('file'));
    expect(written).toBe(bytes.length);
    expect(await readdir(folder.path)).toEqual(['file']);
    expect(Buffer.compare(await readFile(folder.join('file')), bytes)).toBe(0);
    expect((await stat(folder.join('file'))).mtimeMs).toBeCloseTo(1_700_000_000_123.5, 1);
  });

  it('takes the bytes of a write at once: their memory may change afterwards', async () => {
    await using folder = createTemporaryFolder();
    const part = await openPart(folder.join('file'));
    const bytes = testBytes(500_000);
    const copy = bytes.slice();
    part.write(bytes);
    bytes.fill(0);
    await publish(part, copy);
    expect(Buffer.compare(await readFile(folder.join('file')), copy)).toBe(0);
  });

  it('leaves nothing when it is discarded, not even with writes under way', async () => {
    await using folder = createTemporaryFolder();
    const part = await openPart(folder.join('file'));
    part.write(testBytes(5_000_000));
    await part.discard();
    expect(await readdir(folder.path)).toEqual([]);
    await (await openPart(folder.join('file'))).discard();
  });

  it('replaces what an earlier attempt left behind', async () => {
    await using folder = createTemporaryFolder();
    await writeFile(folder.join('file.part'), 'x'.repeat(1000));
    const part = await openPart(folder.join('file'));
    expect(part.startBytes).toBe(0);
    part.write(Buffer.from('new'));
    await publish(part, Buffer.from('new'));
    expect(await readFile(folder.join('file'), 'utf8')).toBe('new');
  });
});

it('a part that another process has taken over gets no name, and is left to that one', async () => {
  await using folder = createTemporaryFolder();
  const bytes = testBytes(1000);
  const part = await openPart(folder.join('file'));
  part.write(bytes);
  const journal = folder.join('file.part.journal');
  await rm(journal);
  const other = { generation: 'other', owner: null, sizeBytes: 5, modifiedMs: 0, durableBytes: 0 };
  await (await Journal.create(journal, other)).close();
  await part.verify(await hashOf(bytes));
  expect(await codeOf(part.publish())).toBe('ERR_TCPCOMM_FILE_BUSY');
  await part.discard();
  expect(await readdir(folder.path)).toEqual(['file.part', 'file.part.journal']);
});

it('a part that another process takes over while it is being looked at is not opened', async () => {
  await using folder = createTemporaryFolder();
  const journal = folder.join('file.part.journal');
  // It takes some hundred turns to hash what is there.
  const sizeBytes = 200_000_000;
  const there = { generation: 'before', owner: null, sizeBytes, modifiedMs: 0, durableBytes: sizeBytes };
  await (await Journal.create(journal, there)).close();
  await writeFile(folder.join('file.part'), '');
  await truncate(folder.join('file.part'), sizeBytes);
  const code = codeOf(openPart(folder.join('file'), { source: { sizeBytes, modifiedMs: 0 } }));
  let generation: string | undefined;
  while (generation === undefined || generation === 'before') {
    // While it changes hands there is none.
    const content = await Journal.read(journal).catch(() => undefined);
    generation = typeof content === 'object' ? content.generation : undefined;
  }
  await rm(journal);
  await (await Journal.create(journal, { ...there, generation: 'other' })).close();
  await rm(folder.join('file.part'));
  await writeFile(folder.join('file.part'), 'of the other');
  await truncate(folder.join('file.part'), sizeBytes);
  const before = await stat(folder.join('file.part'));
  expect(await code).toBe('ERR_TCPCOMM_FILE_BUSY');
  const { ino, size, mtimeMs } = await stat(folder.join('file.part'));
  expect([ino, size, mtimeMs]).toEqual([before.ino, sizeBytes, before.mtimeMs]);
  expect(await Journal.read(journal)).toMatchObject({ generation: 'other' });
});

it('who comes while the one before is ending waits, and goes on with what that one leaves', async () => {
  await using folder = createTemporaryFolder();
  const before = await openPart(folder.join('file'));
  for (let count = 0; count < 5; count += 1) before.write(testBytes(1_000_000, count));
  const leaving = before.leave();
  const [one, other] = await Promise.allSettled([openPart(folder.join('file')), openPart(folder.join('file'))]);
  await leaving;
  expect([one.status, other.status].sort()).toEqual(['fulfilled', 'rejected']);
  for (const result of [one, other]) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'ERR_TCPCOMM_FILE_BUSY' });
    else {
      expect(result.value.startBytes).toBe(5_000_000);
      await result.value.discard();
    }
  }
});

describe('no two files are written to one place', () => {
  it.each([
    ['the same name', 'file', 'file'],
    ['the name of the other while it grows', 'file', 'file.part'],
    ['a name that the other is while it grows', 'file.part', 'file'],
    ['the same file by another way', 'file', 'linked/file'],
  ])('%s', async (_what, first, second) => {
    await using folder = createTemporaryFolder();
    await symlink('.', folder.join('linked'));
    const part = await openPart(folder.join(first));
    expect(await codeOf(openPart(folder.join(second)))).toBe('ERR_TCPCOMM_FILE_BUSY');
    await part.discard();
    await (await openPart(folder.join(second))).discard();
  });
});

describe('a place that cannot be written to', () => {
  it.each([
    ['a folder', (path: string) => mkdir(path), 'NOT_A_FILE'],
    ['a named pipe', async (path: string) => execFileSync('mkfifo', [path]), 'NOT_A_FILE'],
    ['a folder in place of the part', (path: string) => mkdir(`${path}.part`), 'NOT_A_FILE'],
    ['a pipe in place of the part', async (path: string) => execFileSync('mkfifo', [`${path}.part`]), 'NOT_A_FILE'],
    [
      'a link in place of the journal',
      (path: string) => symlink('elsewhere', `${path}.part.journal`),
      'PATH_OUTSIDE_ROOT',
    ],
    ['a folder in place of the journal', (path: string) => mkdir(`${path}.part.journal`), 'NOT_A_FILE'],
    ['a link in place of the part', (path: string) => symlink('elsewhere', `${path}.part`), 'PATH_OUTSIDE_ROOT'],
  ])('%s is left alone', async (_what, make, code) => {
    await using folder = createTemporaryFolder();
    await make(folder.join('file'));
    const before = await readdir(folder.path);
    expect(await codeOf(openPart(folder.join('file')))).toBe(`ERR_TCPCOMM_${code}`);
    expect(await readdir(folder.path)).toEqual(before);
  });

  it('a folder that is not there is said to be what is missing', async () => {
    await using folder = createTemporaryFolder();
    expect(await codeOf(openPart(folder.join('no', 'file')))).toBe('ERR_TCPCOMM_FILE_NOT_FOUND');
  });

  it.skipIf(reasonAgainstMounting())(
    'a full disk is told as soon as it is noticed, without another write',
    async () => {
      await using disk = mountSmallDisk(1_048_576);
      const errors: TransferError[] = [];
      // What is said of its size is less than what comes, so it is not found out at once.
      const source = { sizeBytes: 100_000, modifiedMs: 0 };
      const onFailed = (error: TransferError) => errors.push(error);
      const part = await openPart(`${disk.path}/file`, { source, buffers: WRITE_BUFFERS.server, onFailed });
      for (let count = 0; count < 4; count += 1) part.write(testBytes(1_000_000));
      await waitUntil('it is told', () => errors.length > 0);
      expect(errors[0]?.code).toBe('ERR_TCPCOMM_DISK_FULL');
      expect(() => {
        part.write(testBytes(1));
      }).toThrow(TransferError);
      const hash = await hashOf(Buffer.concat(Array.from({ length: 4 }, () => testBytes(1_000_000))));
      expect(await codeOf(part.verify(hash))).toBe('ERR_TCPCOMM_DISK_FULL');
      expect(errors).toHaveLength(1);
      await part.discard();
      expect(await readdir(disk.path)).toEqual([]);
    },
  );
});
