import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { requireProgram } from '../measure/find-program.ts';

const COMMAND_LIMIT_MS = 5000;

const execute = promisify(execFile);

/**
 * A network of its own on this machine (network_namespaces(7)). It has no name that could be left behind: a process holds it
 * that ends with its input, so also when this process is killed, and with the last process in it the kernel removes it.
 */
export class NetworkNamespace implements AsyncDisposable {
  readonly #holder: ChildProcess & { readonly stdin: Writable };

  private constructor(holder: ChildProcess & { readonly stdin: Writable }) {
    this.#holder = holder;
  }

  /** @throws Error that says what the system refuses: it takes root */
  static async create(): Promise<NetworkNamespace> {
    const holder = spawn(requireProgram('unshare'), ['--net', requireProgram('cat')], {
      detached: true, // not interrupted with the others: it is still needed until they have ended
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let errorOutput = '';
    holder.stderr.setEncoding('utf8').on('data', (text: string) => (errorOutput += text));
    holder.stdin.on('error', () => undefined); // it has ended: that is told below
    const ended = once(holder, 'close').then(() => {
      throw new Error(errorOutput.trim() || 'unshare has ended');
    });
    ended.catch(() => undefined);
    // Its first output proves that it is where it is to be.
    holder.stdin.write('\n');
    await Promise.race([once(holder.stdout, 'data'), ended]);
    return new NetworkNamespace(holder);
  }

  get pid(): number {
    return this.#holder.pid ?? 0;
  }

  /** The command that runs another one in here. */
  get launcher(): readonly string[] {
    return [requireProgram('nsenter'), `--net=/proc/${this.pid}/ns/net`];
  }

  /** Runs a program in here to its end. @throws Error with what it said */
  async run(program: string, ...args: readonly string[]): Promise<void> {
    const [nsenter, ...inside] = this.launcher;
    await execute(nsenter!, [...inside, requireProgram(program), ...args], { timeout: COMMAND_LIMIT_MS });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, signalCode } = this.#holder;
    if (exitCode !== null || signalCode !== null) return;
    const closed = once(this.#holder, 'close');
    this.#holder.stdin.end();
    await closed;
  }
}
