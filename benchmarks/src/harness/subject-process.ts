import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Answer, AnswerByKind, Question, Role } from './role-messages.ts';

const RUNNER_PATH = fileURLToPath(new URL(`subject-runner${extname(import.meta.url)}`, import.meta.url));
/** Of what a process writes to stderr, its last characters are kept for the report. */
const MAX_ERROR_OUTPUT = 4000;
/** How long a process may take to close what it has open, and to write its profile. */
const STOP_LIMIT_MS = 5000;

/** One end of a subject, in a process and process group of its own: what that process starts can be ended with it. */
export class SubjectProcess {
  readonly role: Role;
  /** Rejects when the process ends before it is told to; otherwise stays as it is. */
  readonly failed: Promise<never>;

  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #answered: ((answer: Answer) => void) | undefined;
  #errorOutput = '';
  #isStopping = false;

  /** @param launcher a program with arguments that starts the process, such as in another network; empty for none */
  constructor(role: Role, nodeArguments: readonly string[], launcher: readonly string[]) {
    this.role = role;
    const [program, ...args] = [...launcher, process.execPath, ...nodeArguments];
    this.#child = fork(RUNNER_PATH, [], {
      execPath: program,
      execArgv: args,
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errorOutput = (this.#errorOutput + text).slice(-MAX_ERROR_OUTPUT);
    });
    this.#child.on('message', (answer: Answer) => {
      this.#answered?.(answer);
    });
    const failed = Promise.withResolvers<never>();
    this.failed = failed.promise;
    this.failed.catch(() => undefined);
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        failed.reject(error);
        resolve();
      });
      this.#child.once('close', (status, signal) => {
        if (!this.#isStopping)
          failed.reject(new Error(`the ${role} ended with ${signal ?? `status ${String(status)}`}`));
        resolve();
      });
    });
  }

  /** What it last wrote to stderr. */
  get errorOutput(): string {
    return this.#errorOutput.trim();
  }

  /** @throws Error with what went wrong there, or when the process ends instead of answering */
  async ask<K extends Question['kind']>(question: Question & { readonly kind: K }): Promise<AnswerByKind[K]> {
    const answered = new Promise<Answer>((resolve) => {
      this.#answered = resolve;
    });
    this.#child.send(question);
    const answer = await Promise.race([answered, this.failed]);
    if ('error' in answer) throw new Error(`the ${this.role} failed: ${answer.error}`);
    return answer.value as AnswerByKind[K];
  }

  /** Lets it close what it has open; kills it when that takes too long. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const timer = setTimeout(() => {
      this.#kill();
    }, STOP_LIMIT_MS);
    // It exits right after the answer, so the answer itself need not come.
    if (this.#child.connected) this.#child.send({ kind: 'stop' } satisfies Question, () => undefined);
    await this.#exited;
    clearTimeout(timer);
  }

  /** Ends it at once, with everything it has started. */
  async kill(): Promise<void> {
    this.#isStopping = true;
    this.#kill();
    await this.#exited;
  }

  #kill(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    if (process.platform === 'win32') {
      this.#child.kill('SIGKILL');
      return;
    }
    try {
      process.kill(-pid, 'SIGKILL'); // the group, which is still there when only its leader has crashed
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
