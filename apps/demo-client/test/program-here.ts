import { TcpCommServer } from '@tcpcomm/server';
import { CommanderError } from 'commander';
import { vi } from 'vitest';
import { createCommandLine } from '../src/command-line.ts';
import type { Finished } from './program.ts';

/** A real server in this process, for tests of which each would else begin a program. */
export async function startServerHere(root: string, port = 0): Promise<{ server: TcpCommServer; port: number }> {
  const server = new TcpCommServer({ files: { root }, bytesPerSecond: Infinity });
  const { port: bound } = await server.start({ port, host: '127.0.0.1' });
  return { server, port: bound };
}

/** Runs a command line of the client in this process, and keeps its outputs. */
export async function runHere(...args: string[]): Promise<Finished> {
  const outputs = (['stdout', 'stderr'] as const).map((name) => {
    const lines: string[] = [];
    const spy = vi.spyOn(process[name], 'write').mockImplementation((text) => lines.push(String(text)) > 0);
    return { lines, spy };
  });
  let status: number | null = null;
  try {
    const commandLine = createCommandLine((exitStatus) => {
      status = exitStatus;
    });
    await commandLine.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    status = error.exitCode === 0 ? 0 : 2;
  } finally {
    for (const { spy } of outputs) spy.mockRestore();
  }
  const [stdout = '', stderr = ''] = outputs.map(({ lines }) => lines.join(''));
  // Without the end of its last line, as `run` gives it.
  return { status, stdout: stdout.replace(/\n$/, ''), stderr };
}
