import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, createTemporaryFolder, letEventsRun } from '@tcpcomm/test-support';
import { Journal, type JournalEntry } from '../../../src/io/files/journal.ts';
import { PartClaim } from '../../../src/io/files/part-claim.ts';

checkForLeaks();

const SOURCE = { sizeBytes: 1_000, modifiedMs: 5 };
const PROGRAM = new URL('../../programs/hold-part.ts', import.meta.url).pathname;

interface Holder extends AsyncDisposable {
  readonly answer: string;
  /** Whether it still has the claim that it had. */
  askAgain(): Promise<string>;
  kill(): Promise<void>;
}

/** Another process that takes the claim; it has answered when this resolves. */
async function startHolder(path: string, durableBytes = 0): Promise<Holder> {
  const child = spawn(process.execPath, ['--conditions=@tcpcomm/source', PROGRAM, path, String(durableBytes)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answer = await answerOf(child);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const askAgain = () => {
    child.stdin.write('?');
    return answerOf(child);
  };
  return { answer, askAgain, kill, [Symbol.asyncDispose]: kill };
}

async function answerOf(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8');
  while (!text.endsWith('\n')) text += String((await once(child.stdout!, 'data'))[0]);
  return text.trim();
}

async function codeOf(attempt: Promise<unknown>): Promise<string | undefined> {
  return attempt.then(
    () => undefined,
    (error: unknown) => (error as { code?: string }).code,
  );
}

it('a claim whose transfer is over is waited for, from the first moment on, and one that goes on is not', async () => {
  await using folder = createTemporaryFolder();
  const path = folder.join('file');
  const over = new AbortController();
  const taking = PartClaim.take(path, 'the name', SOURCE, over.signal);
  await letEventsRun(1);
  expect(await codeOf(PartClaim.take(path, 'the name', SOURCE))).toBe('ERR_TCPCOMM_FILE_BUSY');
  const first = await taking;
  over.abort();
  const next = PartClaim.take(path, 'the name', SOURCE);
  await first.end();
  await (await next).end();
});

describe('a part of another process', () => {
  it('is left to it while it lives, and gone on with when it was killed', async () => {
    await using folder = createTemporaryFolder();
    const path = folder.join('file');
    await writeFile(folder.join('file.part'), 'x'.repeat(600));
    // There is no journal beside it, so what is there cannot be gone on with.
    await using holder = await startHolder(path, 500);
    expect(holder.answer).toBe('held 0');
    await writeFile(folder.join('file.part'), 'x'.repeat(600));
    expect(await codeOf(PartClaim.take(path, 'the name', SOURCE))).toBe('ERR_TCPCOMM_FILE_BUSY');
    await holder.kill();
    const claim = await PartClaim.take(path, 'the name', SOURCE);
    expect(claim.leftover).toEqual({ durableBytes: 500, restartReason: undefined });
    await claim.end();
    expect(await readdir(folder.path)).toEqual(['file.part']);
  });

  it('that is gone is taken over by one of many who try', async () => {
    await using folder = createTemporaryFolder();
    const path = folder.join('file');
    await using before = await startHolder(path);
    await before.kill();
    const holders = await Promise.all(Array.from({ length: 5 }, () => startHolder(path)));
    try {
      // More than one may have had it for a moment, and all but one of those find out that they have lost it.
      const answers = await Promise.all(
        holders.map(async ({ answer, askAgain }) => (answer === 'held 0' ? askAgain() : answer)),
      );
      expect(answers.sort()).toEqual([...Array.from({ length: 4 }, () => 'ERR_TCPCOMM_FILE_BUSY'), 'still held']);
      expect(await readdir(folder.path)).toEqual(['file.part.journal']);
    } finally {
      for (const holder of holders) await holder.kill();
    }
  });

  it('that was a thread of this very process is noticed to be gone', async () => {
    await using folder = createTemporaryFolder();
    const path = folder.join('file');
    const thread = new Worker(new URL('../../programs/hold-part-thread.ts', import.meta.url), { workerData: path });
    await once(thread, 'message');
    expect(await codeOf(PartClaim.take(path, 'the name', SOURCE))).toBe('ERR_TCPCOMM_FILE_BUSY');
    await thread.terminate();
    const claim = await PartClaim.take(path, 'the name', SOURCE);
    await claim.end();
  });

  it('of another machine is begun anew, for nobody can tell whether that one still writes', async () => {
    await using folder = createTemporaryFolder();
    const owner = { host: 'elsewhere', pid: process.pid, startTicks: 1, thread: 'x' };
    await writeFile(folder.join('file.part'), 'x'.repeat(600));
    const before = await Journal.create(folder.join('file.part.journal'), { ...entry(), owner, durableBytes: 500 });
    await before.close();
    const claim = await PartClaim.take(folder.join('file'), 'the name', SOURCE);
    expect(claim.leftover.restartReason).toBe('the earlier attempt was made by another machine');
    expect(await readdir(folder.path)).toEqual(['file.part.journal']);
    await claim.end();
  });

  it.each([
    ['another process has its number now', { startTicks: 1 }],
    ['it was another thread of a process that is gone', { pid: 2 ** 22 + 1, thread: 'x' }],
  ])('is gone on with when %s', async (_what, change) => {
    await using folder = createTemporaryFolder();
    const owner = { host: hostname(), pid: process.pid, startTicks: 1, thread: 'x', ...change };
    await writeFile(folder.join('file.part'), 'x'.repeat(600));
    await (await Journal.create(folder.join('file.part.journal'), { ...entry(), owner, durableBytes: 500 })).close();
    const claim = await PartClaim.take(folder.join('file'), 'the name', SOURCE);
    expect(claim.leftover.durableBytes).toBe(500);
    await claim.end();
  });
});

it('whoever has lost the part finds that out, and touches neither the journal nor the part of the other', async () => {
  await using folder = createTemporaryFolder();
  const journal = folder.join('file.part.journal');
  const claim = await PartClaim.take(folder.join('file'), 'the name', SOURCE);
  await rm(journal);
  await (await Journal.create(journal, { ...entry(), durableBytes: 7 })).close();
  expect(await codeOf(claim.requireHeld())).toBe('ERR_TCPCOMM_FILE_BUSY');
  expect(await codeOf(claim.advance(100))).toBe('ERR_TCPCOMM_FILE_BUSY');
  await claim.end();
  expect(await Journal.read(journal)).toMatchObject({ durableBytes: 7 });
});

describe('a journal', () => {
  it('keeps the entry before when the last one is torn', async () => {
    await using folder = createTemporaryFolder();
    const path = folder.join('journal');
    const journal = await Journal.create(path, entry());
    await journal.update({ durableBytes: 100 });
    await journal.update({ durableBytes: 200 });
    expect(await Journal.read(path)).toMatchObject({ durableBytes: 200 });
    const bytes = await readFile(path);
    const slot = journal.entry.sequence % 2;
    bytes.fill('#', slot * 1024 + 100, slot * 1024 + 110);
    await writeFile(path, bytes);
    expect(await Journal.read(path)).toMatchObject({ durableBytes: 100 });
    await truncate(path, 10);
    expect(await Journal.read(path)).toBe('damaged');
    await journal.close();
  });

  it('of a later version is not read', async () => {
    await using folder = createTemporaryFolder();
    const journal = await Journal.create(folder.join('journal'), { ...entry(), ...{ version: 2 } });
    expect(await Journal.read(folder.join('journal'))).toBe('unknown-version');
    await journal.close();
  });

  it.each([{ durableBytes: -1 }, { durableBytes: 1_001 }, { sizeBytes: 0.5 }, { durableBytes: '5' }])(
    'that says %j is not trusted',
    async (change) => {
      await using folder = createTemporaryFolder();
      const journal = await Journal.create(folder.join('journal'), Object.assign(entry(), change));
      expect(await Journal.read(folder.join('journal'))).toBe('damaged');
      await journal.close();
    },
  );
});

function entry(): Omit<JournalEntry, 'sequence'> {
  return { generation: 'g', owner: null, durableBytes: 0, ...SOURCE };
}
