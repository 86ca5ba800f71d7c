import { Command, InvalidArgumentError, Option } from 'commander';
import { BYTE_RATE_FORMS, parseByteRate } from './byte-rate.ts';
import { parsePort } from './port.ts';
import type { ServerSettings } from './server-settings.ts';

interface Options {
  readonly port: number;
  readonly host: string;
  readonly root?: string;
  readonly images?: string;
  readonly rate: number;
  readonly total: number;
  readonly accepts: number;
  readonly threads: number;
  readonly allowDuplicateIds?: boolean;
  readonly json?: boolean;
}

/** What a server takes. */
const MAX_THREADS = 128;

const EXAMPLES = `
Examples:
  $ npx --yes pnpm@12 demo:server
      a chat room on 127.0.0.1, port 60000, without files

  $ npx --yes pnpm@12 demo:server --root ~/exchange --rate 2M
      clients may fetch and leave files in the folder, at 2 MB/s each

  $ npx --yes pnpm@12 demo:server --images ~/Pictures
      keeps the images that clients send as PNG files; clients cannot fetch them

  $ npx --yes pnpm@12 demo:server --host 0.0.0.0 --port 7000 --rate unlimited
      for everybody in the network; there is no encryption and no password

Each of the 250 channels is a chat room: a text that a client sends on a channel goes to all other clients, on the same
channel, with the sender's machine id in front. Other messages are reported and go nowhere.

Arrays of the shape [height, width, 1, 3 or 4] on channel 100 are images, up to 268.4 MB: it tells of their colours, and
keeps them as PNG files. On channel 200 it answers who is there and what it is, and asks each client what that is.

Then, in another terminal:
  $ npx --yes pnpm@12 demo:client chat
  $ npx --yes pnpm@12 demo:client get report.pdf
  $ npx --yes pnpm@12 demo:client image
  $ npx --yes pnpm@12 demo:client ask who
  $ npx --yes pnpm@12 demo:client --help

Ctrl-C lets running transfers end for up to 3 seconds and says goodbye to the clients; a second one stops at once.
`;

/** The command line; `run` is called with what it says. Throws a CommanderError after help and for what it does not understand. */
export function createCommandLine(run: (settings: ServerSettings) => Promise<void>): Command {
  return new Command('demo:server')
    .description('A tcpcomm server to try things with: a chat room, and a folder of files if you like.')
    .option('-p, --port <port>', 'port to listen on, 0 for a free one', parsePort, 60_000)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('-r, --root <folder>', 'folder in which clients may read and write files (default: none, no files)')
    .option('--images <folder>', 'folder for the images that clients send (default: that of --root)')
    .addOption(
      new Option('--rate <rate>', `what each session may send and receive, both added up: ${BYTE_RATE_FORMS}`)
        .argParser(parseRate)
        .default(9_000_000, '9M'),
    )
    .addOption(
      new Option('--total <rate>', 'what all sessions together may send and receive, shared fairly: a rate as above')
        .argParser(parseRate)
        .default(Infinity, 'unlimited'),
    )
    .addOption(
      new Option('--accepts <number>', 'connections taken in a second; the rest waits')
        .argParser(parseAccepts)
        .default(100),
    )
    .addOption(
      new Option('--threads <number>', 'worker threads for the sessions, 0 for none; a terminal shows how busy each is')
        .argParser(parseThreads)
        .default(2),
    )
    .option('--allow-duplicate-ids', 'let clients in whose machine id is blank or in use')
    .option('--json', 'print one JSON object a line, for programs')
    .helpOption('-h, --help', 'show this')
    .addHelpText('after', EXAMPLES)
    .configureHelp({ helpWidth: 110 })
    .showSuggestionAfterError()
    .showHelpAfterError('Add --help to see what there is.')
    .exitOverride()
    .action(async ({ rate, total, accepts, allowDuplicateIds = false, json = false, ...where }: Options) => {
      const rates = { bytesPerSecond: rate, totalBytesPerSecond: total, acceptsPerSecond: accepts };
      const { host, port, root, images, threads } = where;
      await run({ host, port, root, images, threads, ...rates, allowDuplicateIds, json });
    });
}

function parseThreads(text: string): number {
  const threads = text === '' ? NaN : Number(text);
  if (Number.isInteger(threads) && threads >= 0 && threads <= MAX_THREADS) return threads;
  throw new InvalidArgumentError(`Expected a whole number from 0 to ${MAX_THREADS}.`);
}

function parseAccepts(text: string): number {
  const accepts = Number(text);
  if (!(accepts >= 1)) throw new InvalidArgumentError('Expected a number from 1 on.');
  return accepts;
}

function parseRate(text: string): number {
  const bytesPerSecond = parseByteRate(text);
  if (bytesPerSecond === undefined) throw new InvalidArgumentError(`Expected ${BYTE_RATE_FORMS}.`);
  return bytesPerSecond;
}
