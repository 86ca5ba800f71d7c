import { execFileSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { checkForLeaks, createTemporaryFolder, testBytes } from '@tcpcomm/test-support';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnbufferedWriter, type UnbufferedWriterOptions } from '../src/index.ts';

checkForLeaks();

const PAGE_BYTES = 4_096;
/** Small buffers, so that little data has many of them. */
const SMALL = { bufferBytes: 2 * PAGE_BYTES, bufferCount: 2 } satisfies UnbufferedWriterOptions;

/** Gives the bytes away in pieces, each of which is overwritten as soon as that is allowed. */
async function writeInPieces(writer: UnbufferedWriter, bytes: Uint8Array, pieces: readonly number[]): Promise<void> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const piece = bytes.slice(at, at + Math.max(1, pieces[turn % pieces.length]!));
    at += piece.length;
    await writer.write(piece);
    piece.fill(0xee);
  }
}

describe.each(['auto', 'buffered'] as const)('a file written in the mode %s', (mode) => {
  it('has exactly the bytes that were given, whatever their sizes, the buffers, the size expected and where it goes on', async () => {
    await using folder = createTemporaryFolder();
    const sizes = fc.oneof(fc.nat(200_000), fc.constantFrom(0, 1, 4095, 4096, 4097, 8192, 65_536));
    const options = fc.record({
      bufferPages: fc.integer({ min: 1, max: 8 }),
      bufferCount: fc.integer({ min: 2, max: 16 }),
      expected: fc.option(fc.oneof(fc.constant(0), fc.nat(250_000), fc.constant('exact' as const))),
      startBytes: fc.oneof(fc.constant(0), fc.nat(20_000), fc.constantFrom(4096, 8192)),
      syncEachBytes: fc.constantFrom(Infinity, 1, 50_000),
    });
    const pieces = fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 6 });
    let turn = 0;
    await fc.assert(
      fc.asyncProperty(sizes, options, pieces, async (size, chosen, pieceBytes) => {
        const path = folder.join(`file-${(turn += 1)}`);
        const { bufferPages, bufferCount, expected, startBytes, syncEachBytes } = chosen;
        const before = testBytes(startBytes + 5_000, 99);
        if (startBytes > 0) await writeFile(path, before);
        const bytes = testBytes(size, turn);
        const fileBytes = startBytes + size;
        const expectedBytes = expected === 'exact' ? fileBytes : (expected ?? undefined);
        const writer = await UnbufferedWriter.open(path, {
          ...{ mode, bufferCount, startBytes, syncEachBytes, bufferBytes: bufferPages * PAGE_BYTES },
          ...(expectedBytes !== undefined && { expectedBytes }),
        });
        await writeInPieces(writer, bytes, pieceBytes);
        await writer.close();
        expect([writer.bytesWritten, writer.bytesDurable]).toEqual([fileBytes, fileBytes]);
        const found = await readFile(path);
        expect(found.length).toBe(fileBytes);
        expect(Buffer.compare(found, Buffer.concat([before.subarray(0, startBytes), bytes]))).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the memory of the machine', () => {
  it('does not fill with a file that is written directly', async () => {
    await using folder = createTemporaryFolder();
    const path = folder.join('file');
    const fileBytes = 50_000_000;
    await using writer = await UnbufferedWriter.open(path, { expectedBytes: fileBytes });
    const piece = testBytes(1_000_000);
    for (let written = 0; written < fileBytes; written += piece.length) await writer.write(piece);
    await writer.close();
    if (!writer.isDirect) expect(writer.fallbackReason).toMatch(/O_DIRECT/);
    else expect(cachedBytesOf(path)).toBeLessThan(fileBytes * 0.02);
  });

  /** How much of a file is in the page cache (fincore, util-linux). */
  function cachedBytesOf(path: string): number {
    return Number(execFileSync('fincore', ['--bytes', '--noheadings', '--output', 'RES', path]).toString().trim());
  }
});

describe('write', () => {
  it('shares one promise while there is room, and waits when there is none', async () => {
    await using folder = createTemporaryFolder();
    await using writer = await UnbufferedWriter.open(folder.join('file'), SMALL);
    expect(writer.capacityBytes).toBe(4 * PAGE_BYTES);
    const [first, second] = [writer.write(testBytes(100)), writer.write(testBytes(100))];
    expect(first).toBe(second);
    // No write of the system can be done before this turn of the event loop is.
    const third = writer.write(testBytes(4 * PAGE_BYTES));
    expect(third).not.toBe(first);
    await third;
  });

  it('keeps the order of calls that nobody waited for', async () => {
    await using folder = createTemporaryFolder();
    await using writer = await UnbufferedWriter.open(folder.join('file'), SMALL);
    const parts = Array.from({ length: 50 }, (_, index) => testBytes(1 + ((index * 997) % 9_000), index));
    const order: number[] = [];
    await Promise.all(parts.map((part, index) => writer.write(part).then(() => order.push(index))));
    await writer.close();
    expect(order).toEqual(parts.map((_, index) => index));
    expect(Buffer.compare(await readFile(folder.join('file')), Buffer.concat(parts))).toBe(0);
  });

  it('is not waited for by close alone: what was given before it is written', async () => {
    await using folder = createTemporaryFolder();
    const writer = await UnbufferedWriter.open(folder.join('file'), SMALL);
    const bytes = testBytes(100_000);
    void writer.write(bytes);
    await writer.close();
    expect(Buffer.compare(await readFile(folder.join('file')), bytes)).toBe(0);
  });
});

describe('what is reported', () => {
  it('comes in few writes: while one is under way, the next gathers half of the buffers', async () => {
    await using folder = createTemporaryFolder();
    const pagesWritten: number[] = [];
    const writer = await UnbufferedWriter.open(folder.join('file'), {
      ...{ bufferBytes: PAGE_BYTES, bufferCount: 16 },
      onWritten: (bytes) => pagesWritten.push(bytes / PAGE_BYTES),
    });
    await writer.write(testBytes(16 * PAGE_BYTES));
    await writer.close();
    // The second may be done before the first, and is told of with it then.
    expect([1, 9, 16]).toEqual(expect.arrayContaining(pagesWritten));
    expect(pagesWritten.at(-1)).toBe(16);
  });

  it('never runs ahead: what is durable is written, and both only grow, up to the size of the file', async () => {
    await using folder = createTemporaryFolder();
    const path = folder.join('file');
    const written: number[] = [];
    const durable: number[] = [];
    const writer = await UnbufferedWriter.open(path, {
      ...SMALL,
      syncEachBytes: 30_000,
      onWritten: (bytes) => written.push(bytes),
      onDurable: (bytes) => {
        expect(bytes).toBeLessThanOrEqual(written.at(-1)!);
        durable.push(bytes);
      },
    });
    await writeInPieces(writer, testBytes(500_001), [10_000]);
    await writer.close();
    for (const values of [written, durable]) {
      expect(values.toSorted((one, other) => one - other)).toEqual(values);
      expect(values.at(-1)).toBe(500_001);
    }
    // Not only when closing.
    expect(durable.length).toBeGreaterThan(2);
    expect(writer.activeMs).toBeGreaterThan(0);
  });

  it('is durable now and then when that is wanted by the clock', async () => {
    await using folder = createTemporaryFolder();
    const durable: number[] = [];
    const written = new EventEmitter();
    const writer = await UnbufferedWriter.open(folder.join('file'), {
      ...SMALL,
      syncEachMs: 1,
      onWritten: () => written.emit('more'),
      onDurable: (bytes) => durable.push(bytes),
    });
    for (let count = 0; count < 5_000 && durable.length < 3; count += 1) {
      const more = once(written, 'more');
      await writer.write(testBytes(SMALL.bufferBytes));
      await more;
    }
    expect(durable.length).toBeGreaterThanOrEqual(3);
    await writer.close();
  });

  it('a file is as long as expected from the beginning, and as what was given at the end', async () => {
    await using folder = createTemporaryFolder();
    const path = folder.join('file');
    await using writer = await UnbufferedWriter.open(path, { expectedBytes: 1_000_000 });
    expect((await stat(path)).size).toBe(1_000_000);
    await writer.write(testBytes(10));
    await writer.close();
    expect((await stat(path)).size).toBe(10);
  });
});

describe('close', () => {
  it('ends a file to which nothing was written: it is empty, or as long as what stays of it', async () => {
    await using folder = createTemporaryFolder();
    const [fresh, old] = [folder.join('fresh'), folder.join('old')];
    await writeFile(old, testBytes(10_000));
    await (await UnbufferedWriter.open(fresh)).close();
    await (await UnbufferedWriter.open(old, { startBytes: 5_000, expectedBytes: 90_000 })).close();
    expect((await stat(fresh)).size).toBe(0);
    expect(Buffer.compare(await readFile(old), testBytes(10_000).subarray(0, 5_000))).toBe(0);
  });

  it('twice is closing once; a write after it is refused', async () => {
    await using folder = createTemporaryFolder();
    const writer = await UnbufferedWriter.open(folder.join('file'));
    const closing = writer.close();
    expect(writer.close()).toBe(closing);
    await expect(writer.write(testBytes(1))).rejects.toThrow('the writer is closed');
    await closing;
    await expect(writer.write(testBytes(1))).rejects.toThrow('the writer is closed');
    await writer.abort();
  });
});
