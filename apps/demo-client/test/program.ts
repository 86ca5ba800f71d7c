import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Json = Readonly<Record<string, unknown>>;

const running = new Set<Program>();

/** A program of the workspace as a real process, its outputs kept. */
export class Program {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly finished: Promise<Finished>;
  readonly #lines: string[] = [];
  readonly #onLine = new Set<(line: string) => void>();
  #stderr = '';

  /** @param script path below apps/ */
  constructor(script: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
    const path = new URL(`../../${script}`, import.meta.url).pathname;
    this.child = spawn(process.execPath, [...process.execArgv, path, ...args], {
      ...options,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    running.add(this);
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.#lines.push(line);
      for (const listener of this.#onLine) listener(line);
    });
    this.finished = once(this.child, 'close').then(([status]) => {
      running.delete(this);
      return { status: status as number | null, stdout: this.#lines.join('\n'), stderr: this.#stderr };
    });
  }

  /** The first line, printed already or yet to come, that fulfils the condition. */
  line(condition: (line: string) => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      const listener = (line: string) => {
        if (!condition(line)) return;
        this.#onLine.delete(listener);
        resolve(line);
      };
      this.#onLine.add(listener);
      this.#lines.forEach(listener);
      void this.finished.then(({ stderr }) => reject(new Error(`it ended without that line; ${stderr}`)));
    });
  }

  /** The first line of JSON with these facts in it. */
  async event(facts: Json): Promise<Json> {
    return JSON.parse(await this.line((line) => hasFacts(JSON.parse(line) as Json, facts))) as Json;
  }

  /** The lines of JSON with these facts in them that have been printed. */
  eventsSoFar(facts: Json): Json[] {
    return this.#lines.map((line) => JSON.parse(line) as Json).filter((event) => hasFacts(event, facts));
  }
}

export function run(script: string, args: readonly string[], options?: { cwd?: string }): Promise<Finished> {
  const program = new Program(script, args, options);
  program.child.stdin.end();
  return program.finished;
}

/** Ends what a test has left running. */
export async function killPrograms(): Promise<void> {
  for (const program of running) program.child.kill('SIGKILL');
  await Promise.all(Array.from(running, (program) => program.finished));
}

/** The lines of a program that was told to print JSON. */
export function jsonLines(stdout: string): Json[] {
  return stdout.split('\n').map((line) => JSON.parse(line) as Json);
}

function hasFacts(event: Json, facts: Json): boolean {
  return Object.entries(facts).every(([name, value]) => event[name] === value);
}
