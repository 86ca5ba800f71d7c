import { parseArgs } from 'node:util';
import { missingPrograms } from './measure/find-program.ts';
import type { Suite } from './harness/suite.ts';

export interface BenchOptions {
  readonly action: 'run' | 'help' | 'list';
  readonly suites: readonly Suite[];
  readonly cases: readonly string[] | undefined;
  readonly subjects: readonly string[] | undefined;
  readonly rounds: number;
  readonly scale: number;
  readonly jsonPath: string | undefined;
  readonly format: 'text' | 'markdown';
  readonly profileFolder: string | undefined;
}

/** The command line makes no sense; the message says what would. Exit status 2. */
export class CommandLineError extends Error {
  override readonly name = 'CommandLineError';
}

const DEFAULT_ROUNDS = 5;
const QUICK = { rounds: 1, scale: 0.02 };

const OPTIONS = {
  json: { type: 'string' },
  markdown: { type: 'boolean' },
  rounds: { type: 'string' },
  scale: { type: 'string' },
  quick: { type: 'boolean' },
  case: { type: 'string', multiple: true },
  subject: { type: 'string', multiple: true },
  profile: { type: 'string' },
  list: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws CommandLineError */
export function parseCommandLine(args: readonly string[], known: readonly Suite[]): BenchOptions {
  const { values, positionals } = parse(args);
  const suites = positionals.length === 0 ? known : positionals.map((name) => find('suite', name, known));
  const defaults = values.quick ? QUICK : { rounds: DEFAULT_ROUNDS, scale: 1 };
  for (const name of values.case ?? [])
    find(
      'case',
      name,
      suites.flatMap((suite) => suite.cases),
    );
  const subjects = suites.flatMap((suite) => Object.keys(suite.subjects));
  for (const name of values.subject ?? [])
    find(
      'subject',
      name,
      [...new Set(subjects)].map((subject) => ({ name: subject })),
    );
  return {
    action: values.help ? 'help' : values.list ? 'list' : 'run',
    suites: [...new Set(suites)],
    cases: values.case,
    subjects: values.subject,
    rounds: numberOf('rounds', values.rounds, defaults.rounds, (value) => Number.isInteger(value) && value >= 1),
    scale: numberOf('scale', values.scale, defaults.scale, (value) => value > 0 && value <= 1000),
    jsonPath: values.json,
    format: values.markdown ? 'markdown' : 'text',
    profileFolder: values.profile,
  };
}

export function helpText(known: readonly Suite[]): string {
  return `Measures tcpcomm beside its peers, each in processes of its own, on this machine.

  pnpm bench [SUITE...] [OPTION...]

Without a name all suites run:
${known.map(({ name, summary }) => `  ${name.padEnd(18)}${summary}`).join('\n')}

Options:
  --rounds N        rounds, in each of which every subject runs once; medians are reported (default ${DEFAULT_ROUNDS})
  --quick           a smoke run: one round, ${QUICK.scale * 100} % of the load; its figures mean nothing
  --scale F         multiplies the loads: --scale 2 moves a file of 6 GB in the suite files,
                    and measures five times as long in latency and throttle
  --case NAME       only this case; may be repeated
  --subject NAME    only this subject; may be repeated
  --json FILE       writes the medians: of one suite { suite, machine, results }, of several an array
  --markdown        prints the tables as markdown
  --profile FOLDER  writes a CPU profile of every process there; the figures suffer
  --list            names the suites with their cases and subjects
  --help            this text

Tables go to stdout, the progress to stderr. Ratios are given to tcpcomm and to the suite's baseline: "÷ net" of 0.80
means 0.80 times the figure of net. A subject whose programs are not installed is skipped, and named.
For figures that mean something the machine must be quiet.

Exit status: 0, 1 when a subject failed, 2 for a command line that makes no sense, 130 when interrupted.

Examples:
  pnpm bench                                 everything, well over an hour
  pnpm bench bulk messages --json bulk.json
  pnpm bench latency throttle --rounds 1     ten minutes; latency wants root and iproute2, else a relay stands in
  pnpm bench sessions --rounds 1             four minutes, and 10,000 sockets in a process
  pnpm bench files --scale 2 --subject tcpcomm --subject rsync
  pnpm bench messages --case one-way --subject tcpcomm --rounds 1 --profile profiles
`;
}

export function listText(known: readonly Suite[]): string {
  return known
    .map(({ name, summary, cases, subjects, programs }) => {
      const names = Object.keys(subjects).map((subject) => {
        const missing = missingPrograms(programs?.[subject] ?? []);
        return missing.length > 0 ? `${subject} (not installed: ${missing.join(', ')})` : subject;
      });
      const caseNames = cases.map((benchmarkCase) => benchmarkCase.name);
      return `${name}: ${summary}\n  cases     ${caseNames.join(', ')}\n  subjects  ${names.join(', ')}\n`;
    })
    .join('\n');
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new CommandLineError((error as Error).message);
  }
}

function find<T extends { readonly name: string }>(what: string, name: string, known: readonly T[]): T {
  const found = known.find((candidate) => candidate.name === name);
  if (found) return found;
  throw new CommandLineError(
    `there is no ${what} ${name}; the ${what}s are ${known.map((one) => one.name).join(', ')}`,
  );
}

function numberOf(
  name: string,
  text: string | undefined,
  defaultValue: number,
  isAllowed: (value: number) => boolean,
): number {
  if (text === undefined) return defaultValue;
  const value = Number(text);
  if (text.trim() !== '' && isAllowed(value)) return value;
  throw new CommandLineError(
    `--${name} must be a ${name === 'rounds' ? 'whole number from 1' : 'number above 0'}, got ${text}`,
  );
}
