import { type ChildProcess, spawn } from 'node:child_process';
import { requireProgram } from './find-program.ts';
import { ProgramUsage } from './program-usage.ts';

/** A program that a subject runs. It belongs to the process group of the process that starts it, and ends with that. */
export class Program {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #usage: ProgramUsage;
  readonly #exited: Promise<string>;
  #errorOutput = '';

  /** @throws Error when it is not installed */
  constructor(name: string, args: readonly string[]) {
    this.#name = name;
    this.#child = spawn(requireProgram(name), args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#usage = new ProgramUsage(this.#child.pid ?? 0);
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errorOutput += text));
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        resolve(error.message);
      });
      this.#child.once('exit', (status, signal) => {
        this.#usage.stop();
        resolve(signal ?? `status ${String(status)}`);
      });
    });
  }

  /** @throws Error when it ends with another status than 0 */
  async succeed(): Promise<void> {
    const how = await this.#exited;
    if (how !== 'status 0') throw new Error(`${this.#name} ended with ${how}: ${this.#errorOutput.trim()}`);
  }

  /** Rejects as soon as it has ended, for a program that must go on. */
  async fail(): Promise<never> {
    const how = await this.#exited;
    throw new Error(`${this.#name} ended with ${how}: ${this.#errorOutput.trim()}`);
  }

  /** What it and its descendants use. */
  get usage(): ProgramUsage {
    return this.#usage;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#exited;
  }
}
