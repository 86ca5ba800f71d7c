import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runSuite, type SuiteRunOptions } from '../src/harness/run-suite.ts';
import { createTemporaryFolder } from '../src/harness/temporary-folder.ts';
import { suite } from './fixtures/misbehaving-suite.ts';

const defaults = { rounds: 2, scale: 1, limitMs: 15_000, signal: new AbortController().signal };

it('a subject that hangs is killed with all it has started, and named', async () => {
  await using folder = await createTemporaryFolder();
  const outcome = await run({ subjects: ['hanging'], limitMs: 1500, folder: folder.path });
  expect(outcome.results).toEqual([]);
  expect(outcome.absences).toMatchObject([
    { case: 'only', subject: 'hanging', kind: 'failed', reason: 'no result within 1500 ms' },
  ]);
  await expectAllEnded(folder.path, 3);
});

it('a subject that fails or crashes is named with the reason, asked no more, and does not stop the others', async () => {
  await using folder = await createTemporaryFolder();
  const measured: string[] = [];
  const outcome = await run({
    subjects: ['failing', 'crashing', 'absent'],
    folder: folder.path,
    onMeasured: ({ subject, round }) => measured.push(`${subject} ${round}`),
  });
  expect(outcome.results).toEqual([]);
  expect(outcome.absences).toMatchObject([
    { subject: 'absent', kind: 'skipped', reason: 'not installed here: no-such-program' },
    { subject: 'failing', kind: 'failed', reason: expect.stringContaining('the client failed: Error: it went wrong') },
    {
      subject: 'crashing',
      kind: 'failed',
      reason: expect.stringMatching(/the client ended with status 3\nclient: no more/),
    },
  ]);
  expect(measured).toEqual(['failing 1', 'crashing 1']);
  await expectAllEnded(folder.path, 6);
});

it('a run whose outcome is refused does not count', async () => {
  await using folder = await createTemporaryFolder();
  const outcome = await run({ subjects: ['deceiving'], folder: folder.path });
  expect(outcome.results).toEqual([]);
  expect(outcome.absences).toMatchObject([
    { subject: 'deceiving', kind: 'failed', reason: expect.stringContaining('nothing has arrived') },
  ]);
  await expectAllEnded(folder.path, 3);
});

it('a subject that does not take part in a case is not asked, and not missed', async () => {
  await using folder = await createTemporaryFolder();
  const outcome = await run({ subjects: ['of another case'], folder: folder.path });
  expect(outcome).toMatchObject({ results: [], absences: [] });
});

it('a signal ends a run and its processes at once', async () => {
  await using folder = await createTemporaryFolder();
  const stop = new AbortController();
  const running = run({ subjects: ['hanging'], folder: folder.path, signal: stop.signal });
  await expect.poll(() => readPids(folder.path).catch(() => []), { timeout: 10_000 }).toHaveLength(3);
  stop.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
  await expectAllEnded(folder.path, 3);
});

function run(options: Partial<SuiteRunOptions> & Pick<SuiteRunOptions, 'folder'>) {
  return runSuite(suite, { ...defaults, ...options });
}

async function expectAllEnded(folder: string, count: number): Promise<void> {
  const pids = await readPids(folder);
  expect(pids).toHaveLength(count);
  await expect.poll(() => pids.filter(isAlive)).toEqual([]);
}

async function readPids(folder: string): Promise<number[]> {
  return (await readFile(join(folder, 'pids'), 'utf8')).trim().split('\n').map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie has ended; an orphan's is collected when the first process of the system gets round to it.
    return process.platform !== 'linux' || !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
