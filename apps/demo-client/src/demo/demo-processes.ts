import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLIENTS, folderOf } from './demo-plan.ts';
import { JsonProcess } from './json-process.ts';

/** The temporary folder and the processes of a demo. Whatever happens to it, nothing of them is left. */
export class DemoProcesses {
  readonly temporaryFolder: string;
  /** Rejects when a process ends that should not. */
  readonly failed: Promise<never>;
  #reject: (error: Error) => void = () => undefined;
  #server: JsonProcess | undefined;
  #clients: JsonProcess[] = [];

  private constructor(temporaryFolder: string) {
    this.temporaryFolder = temporaryFolder;
    this.failed = new Promise((_resolve, reject) => {
      this.#reject = reject;
    });
    this.failed.catch(() => undefined);
    process.on('exit', this.#abandon);
  }

  static async create(): Promise<DemoProcesses> {
    return new DemoProcesses(await mkdtemp(join(tmpdir(), 'tcpcomm-demo-')));
  }

  /** The real server program, on a free port. */
  startServer(): JsonProcess {
    const root = folderOf(this.temporaryFolder, 'server');
    const script = import.meta.resolve('@tcpcomm/demo-server/main');
    this.#server = this.#start('server', script, ['--port', '0', '--root', root, '--json']);
    return this.#server;
  }

  startClients(port: number): JsonProcess[] {
    // From source it is a .ts file, when built a .js file.
    const script = import.meta.url.replace(/demo-processes\.(ts|js)$/, 'participant.$1');
    this.#clients = CLIENTS.map((name) => this.#start(name, script, [String(port), name, this.temporaryFolder]));
    return this.#clients;
  }

  /** Ends the processes in good order, the clients first, and removes the files. */
  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.stop('end-input')));
    await this.#server?.stop('SIGTERM');
    await rm(this.temporaryFolder, { recursive: true, force: true });
    process.removeListener('exit', this.#abandon);
  }

  #start(name: string, script: string, args: readonly string[]): JsonProcess {
    const started = new JsonProcess(name, script, args);
    started.ended.catch(this.#reject);
    return started;
  }

  /** The program ends by an error that nobody expected. */
  readonly #abandon = (): void => {
    for (const program of [this.#server, ...this.#clients]) program?.kill();
    rmSync(this.temporaryFolder, { recursive: true, force: true });
  };
}
