import { Screen } from '@tcpcomm/demo-server';
import type { Overwrite } from '@tcpcomm/session';
import { type Command, Option } from 'commander';
import { listFolder } from './list-command.ts';
import { parseAttempts } from './option-parsers.ts';
import { DEFAULT_MAX_ATTEMPTS, RetryPlan } from './retry-plan.ts';
import type { RunSteps } from './run-command.ts';
import {
  completion,
  requireSource,
  requireTarget,
  startGet,
  startSend,
  type TransferSettings,
} from './transfer-commands.ts';

const LS_EXAMPLES = `
Examples:
  $ npx --yes pnpm@12 demo:client ls
      what is in the server's --root

  $ npx --yes pnpm@12 demo:client ls photos/2024 -r
      that folder and all below it
`;

const GET_EXAMPLES = `
Examples:
  $ npx --yes pnpm@12 demo:client get report.pdf
      into the working directory

  $ npx --yes pnpm@12 demo:client get report.pdf --to may.pdf --overwrite rename
      as may.pdf, or as "may (1).pdf" if there is one

  $ npx --yes pnpm@12 demo:client get -r photos
      the folder with all that is in it; files that are here with the same size and time are not sent again

  $ npx --yes pnpm@12 demo:client get -r photos --to backup/photos-2024 --sha256
      what is in it into that folder, each file verified by its SHA-256

When the connection is lost it connects again and goes on where it was cut. After Ctrl-C the same command goes on, too: what has
come of a file is in NAME.part until then.
`;

const SEND_EXAMPLES = `
Examples:
  $ npx --yes pnpm@12 demo:client send "my notes.txt"
      below the server's --root, under its own name

  $ npx --yes pnpm@12 demo:client send "my notes.txt" --as notes/may.txt --overwrite refuse
      the folder notes must be there, may.txt must not

  $ npx --yes pnpm@12 demo:client send -r photos --as backup/
      the folder with all that is in it, as backup/photos; what the server has with the same size and time is not sent again

When the connection is lost it connects again and goes on where it was cut. After Ctrl-C the same command goes on, too.
`;

interface TransferOptions {
  readonly recursive?: boolean;
  readonly overwrite: Overwrite;
  readonly sha256?: boolean;
  readonly attempts: number;
  /** What else LOCAL and REMOTE may be given as. */
  readonly to?: string;
  readonly as?: string;
}

/** Adds `ls`, `get` and `send`; each is carried out by `run`. */
export function addFileCommands(program: Command, run: RunSteps): void {
  program
    .command('ls')
    .summary('show what files there are')
    .description("Shows what is in a folder of the server's: when it was changed, size, name. Folders end in a slash.")
    .argument('[path]', "folder below the server's --root", '')
    .option('-r, --recursive', 'all below it, too')
    .addHelpText('after', LS_EXAMPLES)
    .action((path: string, { recursive = false }: { recursive?: boolean }, command: Command) =>
      run(command, new Screen(), { act: (context) => listFolder(context, path, recursive) }),
    );

  const get = program
    .command('get')
    .summary('fetch a file or a folder')
    .description("Fetches a file or a folder from below the server's --root.")
    .argument('<remote>', 'path at the server, with / between folders')
    .argument('[local]', 'where to put it: a path or an existing folder; of a folder its path (default: its name)')
    .option('--to <local>', 'the same as [local]');
  addTransferOptions(get)
    .addHelpText('after', GET_EXAMPLES)
    .action((remote: string, argument: string | undefined, options: TransferOptions, command: Command) => {
      const local = oneOf(command, 'local', argument, '--to', options.to);
      return run(command, new Screen(), {
        check: () => requireTarget(local),
        lasts: true,
        act: (context) => completion(startGet(context, remote, local, settingsOf(options))),
        retries: new RetryPlan(options.attempts),
      });
    });

  const send = program
    .command('send')
    .summary('send a file or a folder')
    .description("Sends a file or a folder to below the server's --root.")
    .argument('<local>', 'the file or the folder')
    .argument('[remote]', 'path at the server, or an existing folder if it ends in / (default: the name)')
    .option('--as <remote>', 'the same as [remote]');
  addTransferOptions(send)
    .addHelpText('after', SEND_EXAMPLES)
    .action((local: string, argument: string | undefined, options: TransferOptions, command: Command) => {
      const remote = oneOf(command, 'remote', argument, '--as', options.as);
      const settings = settingsOf(options);
      return run(command, new Screen(), {
        check: () => requireSource(local, settings.isRecursive),
        lasts: true,
        act: (context) => completion(startSend(context, local, remote, settings)),
        retries: new RetryPlan(options.attempts),
      });
    });
}

function addTransferOptions(command: Command): Command {
  return command
    .option('-r, --recursive', 'a folder, with all that is in it')
    .addOption(
      new Option('--overwrite <how>', 'what to do with a file that is there already')
        .choices(['replace', 'refuse', 'rename'] satisfies Overwrite[])
        .default('replace'),
    )
    .option('--sha256', 'verify each file by SHA-256, which finds forgers too, instead of XXH64')
    .option(
      '--attempts <number>',
      'how many attempts in a row may get no further, when the connection is lost',
      parseAttempts,
      DEFAULT_MAX_ATTEMPTS,
    );
}

function settingsOf({ recursive = false, overwrite, sha256 = false }: TransferOptions): TransferSettings {
  return { isRecursive: recursive, overwrite, integrity: sha256 ? 'sha256' : 'xxh64' };
}

/** What was given as an argument or as an option. Not both: that is a wrong command line. */
function oneOf(
  command: Command,
  argumentName: string,
  argument: string | undefined,
  optionName: string,
  option: string | undefined,
): string | undefined {
  if (argument !== undefined && option !== undefined)
    command.error(`error: [${argumentName}] and ${optionName} say the same, give one of them`);
  return argument ?? option;
}
