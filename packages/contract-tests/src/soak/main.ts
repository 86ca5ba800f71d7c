import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { runCrashSoak } from './crash-soak.ts';

const HELP = `Long runs that try to break what the tests promise.

Usage: pnpm soak crash [options]

  crash   Fetches a file again and again while one of the two processes is killed (SIGKILL) at random moments. The file
          must always arrive identical, and each attempt must go on at the last durable byte of the one before.

Options:
  --seed N     what the random moments follow from (default: the time); printed, so that a run can be repeated
  --kills N    how often each of the two is killed (default: 50)
  --bytes N    size of the file (default: 1000000000)
  --help       this page

Ends with status 0 if nothing was wrong, with 1 if something was, with 2 for wrong arguments.
`;

const WRONG_ARGUMENTS = 2;
/** What a transfer of a gigabyte takes, or a little less. */
const MAX_KILL_DELAY_MS = 1_500;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      kills: { type: 'string', default: '50' },
      bytes: { type: 'string', default: '1000000000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [seed, kills, fileBytes] = [values.seed, values.kills, values.bytes].map(Number) as [number, number, number];
  const isSensible =
    [seed, kills, fileBytes].every((value) => Number.isSafeInteger(value) && value >= 0) && fileBytes > 0;
  if (positionals.join() !== 'crash' || !isSensible) {
    process.stderr.write(`Expected "crash" and whole numbers for --seed, --kills and --bytes.\n\n${HELP}`);
    return WRONG_ARGUMENTS;
  }
  const folder = await mkdtemp(join(tmpdir(), 'tcpcomm-soak-'));
  const startedMs = performance.now();
  const report = (line: string) => {
    process.stdout.write(`${((performance.now() - startedMs) / 1000).toFixed(1).padStart(7)} s  ${line}\n`);
  };
  try {
    const { violations } = await runCrashSoak({
      seed,
      receiverKills: kills,
      senderKills: kills,
      fileBytes,
      maxKillDelayMs: MAX_KILL_DELAY_MS,
      folder,
      report,
    });
    for (const violation of violations) report(`WRONG: ${violation}`);
    return violations.length === 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = WRONG_ARGUMENTS;
}
