import { writeFile } from 'node:fs/promises';
import { type BenchOptions, CommandLineError, helpText, listText, parseCommandLine } from './command-line.ts';
import { type Begun, type Measured, runSuite, type SuiteOutcome } from './harness/run-suite.ts';
import type { Suite } from './harness/suite.ts';
import { createTemporaryFolder } from './harness/temporary-folder.ts';
import { describeMachine } from './report/machine.ts';
import { renderHeading, renderSuite } from './report/report.ts';
import { toResultFile } from './report/result-file.ts';
import { formatNumber } from './report/suite-tables.ts';

/** Long enough for every measurement that is worth waiting for, several times over. */
const LIMIT_MS = 60_000;

export interface BenchEnvironment {
  readonly suites: readonly Suite[];
  /** Ends the run; what is under way is ended and removed first. */
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
  readonly printProgress: (text: string) => void;
}

/** `pnpm bench`; returns the exit status. Rejects with the signal's reason when that ends the run. */
export async function bench(args: readonly string[], environment: BenchEnvironment): Promise<number> {
  try {
    const options = parseCommandLine(args, environment.suites);
    if (options.action === 'run') return await run(options, environment);
    environment.print(options.action === 'help' ? helpText(environment.suites) : listText(environment.suites));
    return 0;
  } catch (error) {
    if (!(error instanceof CommandLineError)) throw error;
    environment.printProgress(`${error.message}\nSee pnpm bench --help.`);
    return 2;
  }
}

async function run(options: BenchOptions, { signal, print, printProgress }: BenchEnvironment): Promise<number> {
  const { rounds, scale, format, jsonPath } = options;
  const machine = describeMachine();
  print(renderHeading({ machine, rounds, scale }));
  const outcomes: SuiteOutcome[] = [];
  for (const suite of options.suites) {
    await using folder = await createTemporaryFolder({ isOnDisk: suite.isOnDisk ?? false });
    const outcome = await runSuite(suite, {
      ...options,
      folder: folder.path,
      limitMs: LIMIT_MS * Math.max(1, scale),
      signal,
      onLink: (name, description) => printProgress(`${suite.name} ${name}: ${description}`),
      onBegun: (begun) => printProgress(`${measurementText(suite, begun, rounds)}, about ${begun.seconds} s ...`),
      onMeasured: (measured) => printProgress(progressText(suite, measured, rounds)),
    });
    outcomes.push(outcome);
    print(`\n${renderSuite(outcome, format)}`);
  }
  if (jsonPath !== undefined)
    await writeFile(jsonPath, `${JSON.stringify(toResultFile(outcomes, machine), null, 2)}\n`);
  return outcomes.some(({ absences }) => absences.some(({ kind }) => kind === 'failed')) ? 1 : 0;
}

function measurementText(suite: Suite, { case: name, subject, round }: Begun | Measured, rounds: number): string {
  return `${suite.name} ${name}, round ${round} of ${rounds}: ${subject}`;
}

function progressText(suite: Suite, measured: Measured, rounds: number): string {
  const { outcome } = measured;
  const where = measurementText(suite, measured, rounds);
  if (outcome instanceof Error) return `${where} failed: ${outcome.message}`;
  const headline = suite.cases.find((benchmarkCase) => benchmarkCase.name === measured.case)?.headline;
  return headline === undefined ? where : `${where} ${formatNumber(outcome[headline])} ${headline}`;
}
