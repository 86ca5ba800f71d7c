import { CommanderError } from 'commander';
import { createCommandLine } from './command-line.ts';
import { runServer } from './run-server.ts';

const WRONG_COMMAND_LINE = 2;

try {
  await createCommandLine(async (settings) => {
    process.exitCode = await runServer(settings);
  }).parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : WRONG_COMMAND_LINE;
}
