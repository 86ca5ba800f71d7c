import type { CommanderError } from 'commander';
import { expect, it } from 'vitest';
import { createCommandLine } from '../src/command-line.ts';
import type { ServerSettings } from '../src/server-settings.ts';

/** What comes of a command line: the settings that a server would be started with, or what is printed in its place. */
async function parse(...args: string[]) {
  const [printed, errors, started]: [string[], string[], ServerSettings[]] = [[], [], []];
  const commandLine = createCommandLine(async (settings) => {
    started.push(settings);
  }).configureOutput({ writeOut: (text) => printed.push(text), writeErr: (text) => errors.push(text) });
  const ended = await commandLine.parseAsync(args, { from: 'user' }).then(
    () => undefined,
    (error: unknown) => error as CommanderError,
  );
  return { stdout: printed.join(''), stderr: errors.join(''), exitCode: ended?.exitCode, started };
}

it('without anything a server listens on this machine, port 60000, with two workers, each session at 9 MB/s', async () => {
  expect((await parse()).started).toEqual([
    {
      ...{ host: '127.0.0.1', port: 60_000, root: undefined, images: undefined, threads: 2 },
      ...{ bytesPerSecond: 9_000_000, totalBytesPerSecond: Infinity, acceptsPerSecond: 100 },
      ...{ allowDuplicateIds: false, json: false },
    },
  ]);
});

it('--help teaches by examples', async () => {
  const { exitCode, stdout } = await parse('--help');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('(default: 60000)');
  expect(stdout).toMatch(/--rate <rate> +what each session may send and receive, both added up: .*\s.*\(default: 9M\)/);
  expect(stdout).toMatch(
    /--total <rate> +what all sessions together may send and receive, .*\s.*\(default: unlimited\)/,
  );
  expect(stdout).toContain('$ npx --yes pnpm@12 demo:server --root ~/exchange --rate 2M');
  expect(stdout).toMatch(/--images <folder> +folder for the images that clients send \(default: that of --root\)/);
  expect(stdout).toContain('$ npx --yes pnpm@12 demo:server --images ~/Pictures');
});

it.each([
  [['--port', '65536'], 'Expected a whole number from 0 to 65535.'],
  [['--rate', 'fast'], 'Expected bytes a second such as 500000, 500k, 9M, 1.5G, or unlimited.'],
  [['--total', '-1'], 'Expected bytes a second such as 500000, 500k, 9M, 1.5G, or unlimited.'],
  [['--threads', '129'], 'Expected a whole number from 0 to 128.'],
  [['--accepts', '0'], 'Expected a number from 1 on.'],
  [['--prot', '1'], 'Did you mean --port?'],
  [['surplus'], 'too many arguments'],
])('%j is a wrong command line, and starts nothing', async (args, message) => {
  const { exitCode, stdout, stderr, started } = await parse(...args);
  expect({ stdout, started }).toEqual({ stdout: '', started: [] });
  expect(exitCode).toBeGreaterThan(0);
  expect(stderr).toContain(message);
});
