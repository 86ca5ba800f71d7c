import { spawn } from 'node:child_process';
import process from 'node:process';
import { text } from 'node:stream/consumers';

export interface ChildOptions {
  readonly args?: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  /** A command and its arguments to run the program with, such as `['sh', '-c', 'ulimit -n 50; exec "$@"', 'sh']`. */
  readonly wrapper?: readonly string[];
}

export interface ChildResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a TypeScript file as a program of its own, from source, and waits for its end. */
export async function runProgram(path: string, options: ChildOptions = {}): Promise<ChildResult> {
  const { args = [], uid, gid, wrapper = [] } = options;
  const node = [process.execPath, '--conditions=@tcpcomm/source', '--disable-warning=ExperimentalWarning'];
  const [command = '', ...rest] = [...wrapper, ...node, path, ...args];
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { status, stdout, stderr };
}

/** As `runProgram`, and reads the JSON that the program prints. */
export async function runForJson<Result>(path: string, options: ChildOptions = {}): Promise<Result> {
  const { status, stdout, stderr } = await runProgram(path, options);
  if (status !== 0) throw new Error(`${path} ended with status ${String(status)}: ${stderr || stdout}`);
  return JSON.parse(stdout) as Result;
}
