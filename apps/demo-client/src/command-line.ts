import { hostname } from 'node:os';
import { printJsonLine, Screen } from '@tcpcomm/demo-server';
import { Command, Option } from 'commander';
import { chat } from './chat/chat.ts';
import type { ClientReport } from './client-report.ts';
import type { CommonOptions } from './common-options.ts';
import { addFileCommands } from './file-commands.ts';
import { addImageCommand } from './image/image-command.ts';
import { JsonReport } from './json-report.ts';
import { parseChannel, parseMachineId, parsePort, parseSeconds } from './option-parsers.ts';
import { addAskCommand } from './questions/ask-command.ts';
import { runCommand, type RunSteps } from './run-command.ts';
import { sendText } from './text-command.ts';
import { TextReport } from './text-report.ts';

const EXAMPLES = `
Examples:
  $ npx --yes pnpm@12 demo:client ls
      show what is in the server's --root

  $ npx --yes pnpm@12 demo:client get report.pdf
      fetch the file into the working directory

  $ npx --yes pnpm@12 demo:client send "my notes.txt" notes/may.txt --host 192.168.1.20
      send a file; the folder notes must exist below the server's --root

  $ npx --yes pnpm@12 demo:client get -r photos
      fetch a folder; what is here already is not sent again

  $ npx --yes pnpm@12 demo:client image --seed 8
      draw an image and send it as an array; the server keeps it as a PNG file

  $ npx --yes pnpm@12 demo:client ask who
      show who is there, and what they are; ask server tells what the server is

  $ npx --yes pnpm@12 demo:client text "hello, everybody" --channel 7
      say something on channel 7, where each other client hears it

  $ npx --yes pnpm@12 demo:client chat --id anna
      talk; /ls, /get and /send look for files and move them meanwhile

  $ npx --yes pnpm@12 --silent demo:client get report.pdf --json
      one JSON object a line: progress, then result or error

demo:client get --help and the like tell more of each.

Start a server first: npx --yes pnpm@12 demo:server --root FOLDER

Exit status: 0 when it was done, 1 when it failed, 2 for a wrong command line, 130 after Ctrl-C.
`;

interface RawCommonOptions {
  readonly host: string;
  readonly port: number;
  readonly id: string;
  readonly timeout: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** The command line; `exit` gets the status when a command has run. Throws a CommanderError after help and for what it does not understand. */
export function createCommandLine(exit: (status: number) => void): Command {
  const program = new Command('demo:client')
    .description('A tcpcomm client to try things with: fetches and sends files, folders and images, asks, and talks.')
    .option('--host <host>', 'name or address of the server', '127.0.0.1')
    .option('-p, --port <port>', "the server's port", parsePort, 60_000)
    .option('--id <machine id>', 'what the server is to know this client by', parseMachineId, defaultMachineId())
    .addOption(
      new Option('--timeout <seconds>', 'for connecting, and for the answer to a text or a question')
        .argParser(parseSeconds)
        .default(10_000, '10'),
    )
    .option('--json', 'print one JSON object a line, for programs')
    .option('-q, --quiet', 'print what went wrong, nothing else')
    .helpOption('-h, --help', 'show this')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES)
    .configureHelp({ helpWidth: 110, showGlobalOptions: true })
    .showSuggestionAfterError()
    .showHelpAfterError('Add --help to see what there is.')
    .configureOutput({ outputError: printUsageError })
    .exitOverride();

  const run: RunSteps = async (command, screen, steps) => {
    const options = commonOptionsOf(command);
    exit(await runCommand(options, createReport(options, screen), steps));
  };

  addFileCommands(program, run);
  addImageCommand(program, run);

  program
    .command('text')
    .summary('say something')
    .description('Sends a text, and waits until the server has taken it.')
    .argument('<message>')
    .option('-c, --channel <number>', 'channel to say it on, 1 to 250', parseChannel, 1)
    .action((message: string, { channel }: { channel: number }, command: Command) =>
      run(command, new Screen(), {
        act: async (context) => {
          const startMs = performance.now();
          await sendText(context, message, channel);
          context.report.textTaken(message, channel, performance.now() - startMs);
        },
      }),
    );

  addAskCommand(program, run);

  program
    .command('chat')
    .summary('talk, and move files meanwhile')
    .description('Sends each line that you type and shows what others say; /help tells what else there is.')
    .option('-c, --channel <number>', 'channel to talk on, 1 to 250', parseChannel, 1)
    .action((options: { channel: number }, command: Command) => {
      const screen = new Screen();
      const isInteractive = process.stdin.isTTY && screen.isLive && !commonOptionsOf(command).json;
      return run(command, screen, {
        lasts: true,
        act: (context) => chat(context, { ...options, screen: isInteractive ? screen : undefined }),
      });
    });

  return program;
}

function commonOptionsOf(command: Command): CommonOptions {
  const { host, port, id, timeout, json = false, quiet = false } = command.optsWithGlobals<RawCommonOptions>();
  return { host, port, machineId: id, timeoutMs: timeout, json, quiet };
}

function createReport({ json, quiet }: CommonOptions, screen: Screen): ClientReport {
  return json ? new JsonReport(quiet) : new TextReport(screen, quiet);
}

/** A program that reads JSON gets this error as JSON too; which options there are is not known yet. */
function printUsageError(text: string, write: (text: string) => void): void {
  if (!process.argv.includes('--json')) write(text);
  else printJsonLine({ event: 'error', code: 'ERR_TCPCOMM_USAGE', message: text.trim().replace(/^error: /, '') });
}

/** Several clients of one machine do not get into each other's way. */
function defaultMachineId(): string {
  return `${hostname()}-${process.pid}`;
}
