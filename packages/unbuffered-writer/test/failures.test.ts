import { execFileSync } from 'node:child_process';
import { mkdir, readFile, stat, statfs, symlink, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  checkForLeaks,
  createTemporaryFolder,
  mountSmallDisk,
  mountWithoutDirect,
  reasonAgainstMounting,
  runForJson,
  testBytes,
  untyped,
} from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { UnbufferedWriter } from '../src/index.ts';

checkForLeaks();

const SMALL = { bufferBytes: 8_192, bufferCount: 2 };

async function codeOf(attempt: Promise<unknown>): Promise<string | undefined> {
  return attempt.then(
    () => undefined,
    (error: unknown) => (error as NodeJS.ErrnoException).code ?? (error as Error).message,
  );
}

describe('opening', () => {
  it('a file that the disk cannot hold fails before anything of an old one is gone', async () => {
    await using folder = createTemporaryFolder();
    const path = folder.join('file');
    const old = testBytes(5_000);
    await writeFile(path, old);
    const { blocks, bsize } = await statfs(folder.path);
    const error = await UnbufferedWriter.open(path, { expectedBytes: blocks * bsize + 1 }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'ENOSPC' });
    expect((error as Error).message).toMatch(/needs \d+ bytes more, the disk has \d+/);
    expect(Buffer.compare(await readFile(path), old)).toBe(0);
  });

  it('counts what the file has already as room', async () => {
    await using folder = createTemporaryFolder();
    const path = folder.join('file');
    await writeFile(path, testBytes(3_000_000));
    await (await UnbufferedWriter.open(path, { expectedBytes: 3_000_000 })).abort();
  });

  it.each([
    ['a folder', 'EISDIR', (path: string) => mkdir(path)],
    ['a named pipe', 'EINVAL', async (path: string) => execFileSync('mkfifo', [path])],
  ])('%s is refused with %s', async (_what, code, make) => {
    await using folder = createTemporaryFolder();
    await make(folder.join('it'));
    expect(await codeOf(UnbufferedWriter.open(folder.join('it')))).toBe(code);
  });

  it('a place that is not there is refused with ENOENT', async () => {
    await using folder = createTemporaryFolder();
    expect(await codeOf(UnbufferedWriter.open(folder.join('no', 'file')))).toBe('ENOENT');
  });

  it('through a link writes to where it leads, unless told not to', async () => {
    await using folder = createTemporaryFolder();
    await writeFile(folder.join('file'), 'old');
    await symlink(folder.join('file'), folder.join('link'));
    expect(await codeOf(UnbufferedWriter.open(folder.join('link'), { followsLinks: false }))).toBe('ELOOP');
    const writer = await UnbufferedWriter.open(folder.join('link'));
    await writer.write(new TextEncoder().encode('new'));
    await writer.close();
    expect(await readFile(folder.join('file'), 'utf8')).toBe('new');
  });

  it('to go on behind the end is refused, and leaves the file as it is', async () => {
    await using folder = createTemporaryFolder();
    await writeFile(folder.join('file'), testBytes(100));
    const error = await UnbufferedWriter.open(folder.join('file'), { startBytes: 101 }).catch(
      (reason: unknown) => reason,
    );
    expect((error as Error).message).toBe(`EINVAL: ${folder.join('file')} has 100 bytes, cannot go on at byte 101`);
    expect((await stat(folder.join('file'))).size).toBe(100);
  });

  it.each([
    [{ bufferBytes: 4_095 }, 'bufferBytes must be a whole number from 4096 to 1073741824, got 4095'],
    [{ bufferBytes: 4_097 }, 'bufferBytes must be a multiple of 4096, got 4097'],
    [{ bufferCount: 1 }, 'bufferCount must be a whole number from 2 to 1024, got 1'],
    [{ expectedBytes: -1 }, 'expectedBytes must be a whole number from 0 to 9007199254740991, got -1'],
    [{ startBytes: 0.5 }, 'startBytes must be a whole number from 0 to 9007199254740991, got 0.5'],
    [{ syncEachBytes: 0 }, 'syncEachBytes must be a whole number from 1 to 9007199254740991, got 0'],
    [{ syncEachMs: 0.5 }, 'syncEachMs must be a whole number from 1 to 9007199254740991, got 0.5'],
    [{ mode: 'fast' }, 'mode must be auto, direct or buffered, got "fast"'],
    [{ followsLinks: 1 }, 'followsLinks must be true or false, got 1'],
    [{ onWritten: {} }, 'onWritten must be a function, got an object'],
    [null, 'options must be an object, got null'],
  ])('with %j is refused', async (options, message) => {
    const attempt = UnbufferedWriter.open('/nowhere/file', untyped(options));
    await expect(attempt).rejects.toThrow(message);
  });
});

it('anything but bytes is refused, and the writer goes on', async () => {
  await using folder = createTemporaryFolder();
  await using writer = await UnbufferedWriter.open(folder.join('file'));
  await expect(writer.write(untyped('text'))).rejects.toThrow('bytes must be a Uint8Array, got "text"');
  await writer.write(testBytes(10));
  await writer.close();
  expect((await stat(folder.join('file'))).size).toBe(10);
});

describe.skipIf(reasonAgainstMounting())('a disk that is full', () => {
  it('is told to the writes that wait, to those that follow and to close; what is reported as written is', async () => {
    await using disk = mountSmallDisk(1_000_000);
    const errors: unknown[] = [];
    const reported: number[] = [];
    const writer = await UnbufferedWriter.open(disk.join('file'), {
      ...SMALL,
      onError: (error) => errors.push(error),
      onWritten: (bytes) => reported.push(bytes),
    });
    const bytes = testBytes(2_000_000);
    const codes = await Promise.all([codeOf(writer.write(bytes)), codeOf(writer.write(testBytes(10)))]);
    expect(codes).toEqual(['ENOSPC', 'ENOSPC']);
    expect(await codeOf(writer.write(testBytes(10)))).toBe('ENOSPC');
    expect(await codeOf(writer.close())).toBe('ENOSPC');
    expect(await codeOf(writer.close())).toBe('ENOSPC');
    expect(errors).toMatchObject([{ code: 'ENOSPC' }]);
    const found = await readFile(disk.join('file'));
    expect(writer.bytesWritten).toBeGreaterThan(100_000);
    expect(writer.bytesWritten).toBe(reported.at(-1));
    expect(Buffer.compare(found.subarray(0, writer.bytesWritten), bytes.subarray(0, writer.bytesWritten))).toBe(0);
    expect(writer.bytesDurable).toBe(0);
  });
});

it('a file that may not grow any further is told as EFBIG', async () => {
  const program = resolve(import.meta.dirname, 'programs', 'beyond-limit.ts');
  // The limit is in blocks of 512 bytes; without the trap it would end the process.
  const wrapper = ['sh', '-c', 'trap "" XFSZ; ulimit -f 1000; exec "$@"', 'sh'];
  const seen = await runForJson<{ code: string; bytesWritten: number; size: number }>(program, { wrapper });
  expect(seen.code).toBe('EFBIG');
  expect(seen.bytesWritten).toBeLessThanOrEqual(seen.size);
});

describe.skipIf(reasonAgainstMounting())('a file system without O_DIRECT', () => {
  it('is written through the page cache in the mode auto, which says so', async () => {
    await using disk = mountWithoutDirect();
    await using writer = await UnbufferedWriter.open(disk.join('file'), SMALL);
    const bytes = testBytes(100_001);
    await writer.write(bytes);
    await writer.close();
    expect([writer.isDirect, writer.fallbackReason]).toEqual([false, 'the file system refuses O_DIRECT (EINVAL)']);
    expect(Buffer.compare(await readFile(disk.join('file')), bytes)).toBe(0);
  });

  it('is refused in the mode direct', async () => {
    await using disk = mountWithoutDirect();
    const error = await UnbufferedWriter.open(disk.join('file'), { mode: 'direct' }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ERR_UNBUFFERED_WRITER_NO_DIRECT' });
    expect((error as Error).message).toContain('cannot be written directly: the file system refuses O_DIRECT (EINVAL)');
  });

  it('needs no excuse in the mode buffered', async () => {
    await using disk = mountWithoutDirect();
    await using writer = await UnbufferedWriter.open(disk.join('file'), { mode: 'buffered' });
    expect([writer.isDirect, writer.fallbackReason]).toEqual([false, undefined]);
  });
});

describe('abort', () => {
  it('rejects what waits and closes the file as it is', async () => {
    await using folder = createTemporaryFolder();
    const writer = await UnbufferedWriter.open(folder.join('file'), { ...SMALL, expectedBytes: 500_000 });
    const waiting = codeOf(writer.write(testBytes(400_000)));
    await writer.abort();
    expect(await waiting).toBe('the writer was aborted');
    expect(await codeOf(writer.write(testBytes(1)))).toBe('the writer was aborted');
    expect(await codeOf(writer.close())).toBe('the writer was aborted');
    expect(writer.bytesWritten).toBeLessThan(400_000);
  });
});
