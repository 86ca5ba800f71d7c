import { CommanderError } from 'commander';
import { createCommandLine } from './command-line.ts';

const WRONG_COMMAND_LINE = 2;

// When nobody reads along any more, as after `| head`, the work goes on.
process.stdout.on('error', () => undefined);

try {
  await createCommandLine((status) => {
    process.exitCode = status;
  }).parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : WRONG_COMMAND_LINE;
}
