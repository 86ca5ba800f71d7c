import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** A line of JSON that a process has printed. */
export interface ProcessEvent {
  readonly event: string;
  readonly [fact: string]: unknown;
}

const KILL_AFTER_MS = 6_000;
const ERROR_OUTPUT_CHARACTERS = 2_000;

/** A program of this workspace in a process of its own, which tells what it does by lines of JSON. */
export class JsonProcess {
  readonly name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ended: Promise<void>;
  readonly #listeners = new Set<(event: ProcessEvent) => void>();
  #errorOutput = '';
  #isStopping = false;

  /**
   * @param script URL of the program, which is run as this one is: with the same conditions and loaders
   */
  constructor(name: string, script: string, args: readonly string[]) {
    this.name = name;
    this.#child = spawn(process.execPath, [...process.execArgv, fileURLToPath(script), ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // A process that is gone takes no more orders.
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errorOutput = (this.#errorOutput + text).slice(-ERROR_OUTPUT_CHARACTERS);
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as ProcessEvent;
      for (const listener of this.#listeners) listener(event);
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (status, signal) => {
        if (this.#isStopping) resolve();
        else
          reject(
            new Error(`${name} ended early, with ${signal ?? `status ${String(status)}`}: ${this.#errorOutput.trim()}`),
          );
      });
    });
    this.#ended.catch(() => undefined);
  }

  /** Of a process that has been started; 0 if that failed. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when it has ended as asked; rejects when it ended before. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  onEvent(listener: (event: ProcessEvent) => void): void {
    this.#listeners.add(listener);
  }

  /** Resolves with the first event of that name, and with these facts, from now on; rejects when the signal aborts before. */
  waitFor(name: string, signal: AbortSignal, facts: Readonly<Record<string, unknown>> = {}): Promise<ProcessEvent> {
    const isMeant = (event: ProcessEvent) =>
      event.event === name && Object.entries(facts).every(([fact, value]) => event[fact] === value);
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason as Error);
      const listener = (event: ProcessEvent) => {
        if (!isMeant(event)) return;
        this.#listeners.delete(listener);
        signal.removeEventListener('abort', abort);
        resolve(event);
      };
      this.#listeners.add(listener);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
    });
  }

  /** Gives an order: a line on its standard input. */
  tell(order: string): void {
    this.#child.stdin.write(`${order}\n`);
  }

  /** Asks it to end and waits until it has; one that does not is killed. */
  async stop(how: 'end-input' | NodeJS.Signals): Promise<void> {
    this.#isStopping = true;
    if (how === 'end-input') this.#child.stdin.end();
    else this.#child.kill(how);
    const timer = setTimeout(() => this.kill(), KILL_AFTER_MS);
    await this.#ended.catch(() => undefined);
    clearTimeout(timer);
  }

  /** Ends it now, without waiting. */
  kill(): void {
    this.#isStopping = true;
    this.#child.kill('SIGKILL');
  }
}
