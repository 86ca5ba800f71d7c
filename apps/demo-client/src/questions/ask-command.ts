import { Screen } from '@tcpcomm/demo-server';
import { Argument, type Command } from 'commander';
import type { CommandContext, RunSteps } from '../run-command.ts';
import { askServer, askWho } from './server-questions.ts';

const EXAMPLES = `
Examples:
  $ npx --yes pnpm@12 demo:client ask who
      the sessions that there are, with what each client says that it is

  $ npx --yes pnpm@12 demo:client ask server
      its version of Node.js, its threads, since when it runs and how many sessions it has

The server asks too: what each client that comes in is.
`;

type Subject = 'who' | 'server';

/** Adds `ask`, which is carried out by `run`. */
export function addAskCommand(program: Command, run: RunSteps): void {
  program
    .command('ask')
    .summary('ask who is there, or what the server is')
    .description('Asks the server a question, and shows its answer.')
    .addArgument(new Argument('<what>', 'what to ask').choices(['who', 'server'] satisfies Subject[]))
    .addHelpText('after', EXAMPLES)
    .action((subject: Subject, _options: unknown, command: Command) =>
      run(command, new Screen(), { act: (context) => ask(context, subject) }),
    );
}

async function ask({ client, report, options, interruption }: CommandContext, subject: Subject): Promise<void> {
  const { timeoutMs } = options;
  const { signal } = interruption;
  const startMs = performance.now();
  if (subject === 'who') report.participantsListed(await askWho(client, { timeoutMs, signal }));
  else report.serverPortrayed(await askServer(client, { timeoutMs, signal }), performance.now() - startMs);
}
