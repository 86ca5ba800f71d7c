import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { mkdir, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { SeededRandom } from './seeded-random.ts';

export interface CrashSoakOptions {
  readonly seed: number;
  /** How often the receiver is killed, and how often the sender. */
  readonly receiverKills: number;
  readonly senderKills: number;
  readonly fileBytes: number;
  /** A kill comes at most so long after a transfer has begun, unless it has ended before. */
  readonly maxKillDelayMs: number;
  /** An empty folder; what is in it afterwards is the caller's to remove. */
  readonly folder: string;
  readonly report: (line: string) => void;
}

export interface CrashSoakResult {
  readonly kills: Readonly<Record<Victim, number>>;
  /** Files that arrived whole. */
  readonly arrivals: number;
  /** Attempts that went on where an earlier one was. */
  readonly resumes: number;
  /** What was not as it must be; empty if all was. */
  readonly violations: readonly string[];
}

type Victim = 'receiver' | 'sender';

interface ClientLine {
  readonly event: 'begun' | 'done' | 'failed';
  readonly resumedFromBytes?: number;
  readonly restartReason?: string;
  readonly message?: string;
}

const FILL_BYTES = 1_048_576;
const MAX_ATTEMPTS_PER_KILL = 20;

/**
 * Fetches a file again and again, and kills one of the two processes (SIGKILL) at a random moment, until both have been killed
 * as often as wanted. After each kill what is left must be as its journal says, and the next attempt must go on there.
 */
export async function runCrashSoak(options: CrashSoakOptions): Promise<CrashSoakResult> {
  return new CrashSoak(options).run();
}

class CrashSoak {
  readonly #options: CrashSoakOptions;
  readonly #random: SeededRandom;
  readonly #source: string;
  readonly #target: string;
  readonly #kills = { receiver: 0, sender: 0 };
  readonly #violations: string[] = [];
  #arrivals = 0;
  #resumes = 0;
  #sourceHash = '';

  constructor(options: CrashSoakOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#source = join(options.folder, 'source', 'file');
    this.#target = join(options.folder, 'target', 'file');
  }

  async run(): Promise<CrashSoakResult> {
    await this.#prepare();
    const { receiverKills, senderKills } = this.#options;
    let server = await this.#startServer();
    try {
      for (let attempt = 0; !this.#isEnough(); attempt += 1) {
        if (attempt > MAX_ATTEMPTS_PER_KILL * (receiverKills + senderKills)) {
          this.#violations.push('the transfers end too soon to be killed');
          break;
        }
        const victim = this.#chooseVictim();
        const wasKilled = await this.#attempt(server, victim);
        if (wasKilled && victim === 'sender') server = await this.#startServer();
      }
      // The last one is left alone.
      await this.#attempt(server, undefined);
    } finally {
      await kill(server.child);
    }
    const { length } = this.#violations;
    this.#options.report(`${this.#arrivals} arrived whole, ${this.#resumes} went on, ${length} violations`);
    return { kills: this.#kills, arrivals: this.#arrivals, resumes: this.#resumes, violations: this.#violations };
  }

  #isEnough(): boolean {
    const { receiverKills, senderKills } = this.#options;
    return this.#kills.receiver >= receiverKills && this.#kills.sender >= senderKills;
  }

  #chooseVictim(): Victim {
    const { receiverKills, senderKills } = this.#options;
    if (this.#kills.receiver >= receiverKills) return 'sender';
    if (this.#kills.sender >= senderKills) return 'receiver';
    return this.#random.next() < 0.5 ? 'receiver' : 'sender';
  }

  /** One transfer, to its end or until the victim is killed; returns whether it was. */
  async #attempt(server: Server, victim: Victim | undefined): Promise<boolean> {
    const expectedBytes = durableBytesOf(this.#target);
    const child = run('programs/fetch-file.ts', String(server.port), 'file', this.#target);
    const lines: ClientLine[] = [];
    const outcome = { isKilled: false };
    const killer = new AbortController();
    for await (const line of createInterface({ input: child.stdout! })) {
      const said = JSON.parse(line) as ClientLine;
      lines.push(said);
      if (said.event === 'begun') {
        this.#checkResume(said, expectedBytes);
        if (victim) {
          const delayMs = this.#random.next() * this.#options.maxKillDelayMs;
          void setTimeout(delayMs, undefined, { signal: killer.signal }).then(
            () => {
              outcome.isKilled = (victim === 'receiver' ? child : server.child).kill('SIGKILL');
            },
            () => undefined,
          );
        }
      } else killer.abort();
    }
    killer.abort();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const last = lines.at(-1);
    if (last?.event === 'done') await this.#checkArrival();
    else if (outcome.isKilled) await this.#checkLeftover(victim);
    else this.#violations.push(`an attempt that nobody disturbed failed: ${last?.message ?? 'it said nothing'}`);
    const counts = outcome.isKilled && victim !== undefined;
    if (counts) {
      this.#kills[victim] += 1;
      const { receiver, sender } = this.#kills;
      this.#options.report(
        `${victim} killed (${receiver} + ${sender}), ${durableBytesOf(this.#target)} bytes are durable`,
      );
    }
    return counts;
  }

  #checkResume({ resumedFromBytes = 0, restartReason }: ClientLine, expectedBytes: number): void {
    if (resumedFromBytes > 0) this.#resumes += 1;
    // A receiver that is killed when the file has just got its name leaves the journal without the part.
    const isRestartAllowed = expectedBytes === 0;
    if (resumedFromBytes === expectedBytes && (restartReason === undefined || isRestartAllowed)) return;
    this.#violations.push(
      `${expectedBytes} bytes were durable, it went on from ${resumedFromBytes}${restartReason ? `: ${restartReason}` : ''}`,
    );
  }

  /** The file is there, identical, and nothing else. */
  async #checkArrival(): Promise<void> {
    this.#arrivals += 1;
    const hash = await hashOf(this.#target);
    if (hash !== this.#sourceHash) this.#violations.push('the file that arrived is another');
    const names = await readdir(join(this.#options.folder, 'target'));
    if (names.join() !== 'file') this.#violations.push(`beside the file there is ${names.join(', ')}`);
    // The next one is new: the time of the source tells.
    const handle = await open(this.#source, 'r+');
    await handle.utimes(this.#arrivals, this.#arrivals);
    await handle.close();
  }

  /** No file under the final name but the one before, and a part that has what its journal says. */
  async #checkLeftover(victim: Victim | undefined): Promise<void> {
    if (existsSync(this.#target) && (await hashOf(this.#target)) !== this.#sourceHash) {
      this.#violations.push('a file that is not whole has the final name');
    }
    const durableBytes = durableBytesOf(this.#target);
    if (durableBytes === 0) return;
    const part = `${this.#target}.part`;
    const [one, other] = [await hashOf(part, durableBytes), await hashOf(this.#source, durableBytes)];
    if (one !== other)
      this.#violations.push(`after the ${String(victim)} was killed the part has other bytes than its journal says`);
  }

  async #prepare(): Promise<void> {
    for (const name of ['source', 'target']) await mkdir(join(this.#options.folder, name));
    const handle = await open(this.#source, 'w');
    const block = Buffer.alloc(FILL_BYTES);
    for (let at = 0; at < this.#options.fileBytes; at += FILL_BYTES) {
      for (let word = 0; word < FILL_BYTES; word += 4) block.writeUInt32LE(this.#random.nextUint32(), word);
      await handle.write(block, 0, Math.min(FILL_BYTES, this.#options.fileBytes - at), at);
    }
    await handle.close();
    this.#sourceHash = await hashOf(this.#source);
    this.#options.report(`a file of ${(await stat(this.#source)).size} bytes, seed ${this.#options.seed}`);
  }

  async #startServer(): Promise<Server> {
    const child = run('programs/offer-folder.ts', join(this.#options.folder, 'source'));
    const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
    return { child, port: Number(line) };
  }
}

interface Server {
  readonly child: ChildProcess;
  readonly port: number;
}

function run(program: string, ...args: string[]): ChildProcess {
  const path = new URL(program, import.meta.url).pathname;
  const flags = ['--conditions=@tcpcomm/source', '--disable-warning=ExperimentalWarning'];
  return spawn(process.execPath, [...flags, path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** What can be gone on with, read as a stranger would: the larger of the journal's two entries, while there is a part. */
function durableBytesOf(target: string): number {
  const path = `${target}.part.journal`;
  if (!existsSync(path) || !existsSync(`${target}.part`)) return 0;
  const counts = [...readFileSync(path, 'utf8').matchAll(/"durableBytes":(\d+)/g)].map(([, count]) => Number(count));
  return Math.max(0, ...counts);
}

async function hashOf(path: string, byteLength = Infinity): Promise<string> {
  const hash = createHash('sha256');
  const end = byteLength === Infinity ? {} : { end: byteLength - 1 };
  for await (const chunk of createReadStream(path, { highWaterMark: FILL_BYTES, ...end })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
