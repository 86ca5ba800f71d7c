import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { runArraySoak } from './array-soak.ts';
import { runCrashSoak } from './crash-soak.ts';
import { runResumeSoak } from './resume-soak.ts';

const HELP = `Long runs that try to break what the tests promise.

Usage: pnpm soak crash|resume|array [options]

  crash   Fetches a file again and again while one of the two processes is killed (SIGKILL) at random moments. The file
          must always arrive identical, and each attempt must go on at the last durable byte of the one before.
  resume  Two ends talk on twenty channels, ask each other, and send each other arrays and a file, while their connection
          breaks at random bytes. Nothing may be lost, come twice, out of order or changed, and in the end nothing may
          be left over.
  array   An array of 2 GB goes from one end to the other. It must arrive identical, and cost less than 64 MB of memory
          beside itself. Takes 6 GB of memory.

Options:
  --seed N      what the random moments follow from (default: the time); printed, so that a run can be repeated
  --bytes N     size of a file (default: 1000000000), or of the array (default: 2000000000)
  --kills N     crash: how often each of the two is killed (default: 50)
  --cuts N      resume: how often the connection breaks (default: 1000)
  --messages N  resume: how many messages each end sends (default: 100000)
  --requests N  resume: how many requests each end asks (default: 6000)
  --arrays N    resume: how many arrays each end sends (default: 1400)
  --help        this page

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
      cuts: { type: 'string', default: '1000' },
      messages: { type: 'string', default: '100000' },
      requests: { type: 'string', default: '6000' },
      arrays: { type: 'string', default: '1400' },
      bytes: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [kind] = positionals;
  const bytes = values.bytes ?? (kind === 'array' ? '2000000000' : '1000000000');
  const texts = [values.seed, values.kills, values.cuts, values.messages, values.requests, values.arrays, bytes];
  const numbers = texts.map(Number);
  const [seed = 0, kills = 0, cuts = 0, messages = 0, requests = 0, arrays = 0, fileBytes = 0] = numbers;
  const isSensible = numbers.every((value) => Number.isSafeInteger(value) && value >= 0) && fileBytes > 0;
  if ((kind !== 'crash' && kind !== 'resume' && kind !== 'array') || positionals.length > 1 || !isSensible) {
    process.stderr.write(`Expected "crash", "resume" or "array", and whole numbers for the options.\n\n${HELP}`);
    return WRONG_ARGUMENTS;
  }
  const folder = await mkdtemp(join(tmpdir(), 'tcpcomm-soak-'));
  const startedMs = performance.now();
  const report = (line: string) => {
    process.stdout.write(`${((performance.now() - startedMs) / 1000).toFixed(1).padStart(7)} s  ${line}\n`);
  };
  try {
    const common = { seed, fileBytes, folder, report };
    const soaks = {
      resume: () => runResumeSoak({ ...common, cuts, messages, requests, arrays }),
      crash: () =>
        runCrashSoak({ ...common, receiverKills: kills, senderKills: kills, maxKillDelayMs: MAX_KILL_DELAY_MS }),
      array: () => runArraySoak({ arrayBytes: fileBytes - (fileBytes % 8), report }),
    };
    const { violations } = await soaks[kind]();
    for (const violation of violations) report(`WRONG: ${violation}`);
    return violations.length === 0 ? 0 : 1;
  } catch (error) {
    report(`WRONG: ${(error as Error).message}`);
    return 1;
  } finally {
    // What was cut off may still be put in order.
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = WRONG_ARGUMENTS;
}
