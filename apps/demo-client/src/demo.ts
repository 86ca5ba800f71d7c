import { Interruption, printable, Screen } from '@tcpcomm/demo-server';
import { Command, CommanderError } from 'commander';
import { runDemo } from './demo/run-demo.ts';

const WRONG_COMMAND_LINE = 2;

const EXPLANATION = `
It starts a server and two clients as processes of their own on a free port, with files made for the occasion in a temporary
folder. They ask each other what they are; then texts go both ways on several channels while files go both ways, and pictures
that the clients draw as arrays. It tells what arrived, with sizes, rates and hashes. Nothing is left behind.

Exit status: 0 when everything arrived, 1 when not, 130 when Ctrl-C came before the end.
`;

/** Returns the exit status. */
async function demo({ once = false }: { once?: boolean }): Promise<number> {
  const screen = new Screen();
  using interruption = new Interruption(() => process.exit(interruption.exitStatus));
  // Whoever read along is gone.
  process.stdout.on('error', () => interruption.trigger('SIGHUP'));
  try {
    await runDemo({ once, screen, signal: interruption.signal });
    return 0;
  } catch (error) {
    if (!interruption.signal.aborted) {
      console.error(`\ndemo failed: ${printable((error as Error).message)}`);
      return 1;
    }
    screen.print('\nThe demo was interrupted; nothing is left of it.');
    return interruption.exitStatus;
  }
}

try {
  await new Command('demo')
    .description('Shows a tcpcomm server and two clients at work.')
    .option('--once', 'end when everything has arrived, instead of going on until Ctrl-C')
    .helpOption('-h, --help', 'show this')
    .addHelpText('after', EXPLANATION)
    .exitOverride()
    .action(async (options: { once?: boolean }) => {
      process.exitCode = await demo(options);
    })
    .parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : WRONG_COMMAND_LINE;
}
