import { SharedRate } from '@tcpcomm/throttle';
import type { ServerSessionSetup } from '../local-server-session.ts';
import type { ServerBackend, ServerSessionEvents } from '../server-backend.ts';
import type { LostWorker, ServerInfo } from '../server-info.ts';
import type { Workplace } from '../workplace.ts';
import { clockOffsetMs } from './common-clock.ts';
import { ServerWorker } from './server-worker.ts';

export interface WorkerPoolOptions {
  readonly size: number;
  readonly setup: ServerSessionSetup;
  readonly handlers: string | undefined;
  /** Infinity for no limit. */
  readonly totalBytesPerSecond: number;
  /** How long a worker may be busy with one thing, in milliseconds; Infinity for any time. */
  readonly workerTimeoutMs: number;
  /** One is lost, and is being replaced. */
  readonly onLost: (lost: LostWorker) => void;
}

/** How often it is looked whether the workers are alive. */
const PULSE_CHECK_MS = 500;
/** Until it is tried again where a worker could not even begin. */
const REPLACEMENT_PAUSE_MS = 1_000;

/** The workers of a server. One that is lost is replaced; a session is given to the one that has least to do. */
export class WorkerPool implements Workplace {
  readonly #options: WorkerPoolOptions;
  readonly #total: SharedRate;
  readonly #workers = new Set<ServerWorker>();
  readonly #pauses = new Set<NodeJS.Timeout>();
  #pulseTimer: NodeJS.Timeout | undefined;
  #isOpen = false;

  constructor(options: WorkerPoolOptions) {
    const { totalBytesPerSecond: bytesPerSecond, size: threads } = options;
    this.#options = options;
    this.#total = SharedRate.create({ bytesPerSecond, threads }, clockOffsetMs());
  }

  async start(): Promise<void> {
    const workers = Array.from({ length: this.#options.size }, (_, place) => this.#hire(place));
    try {
      await Promise.all(workers.map(({ ready }) => ready));
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#isOpen = true;
    this.#watch();
  }

  get isReady(): boolean {
    return this.#ready.length > 0;
  }

  get info(): ServerInfo {
    return {
      threading: 'moved-sockets',
      reason: 'this Node.js can move sockets to other threads',
      workers: Array.from(this.#workers, ({ info }) => info),
    };
  }

  createBackend(events: ServerSessionEvents): ServerBackend {
    return this.#leastBusy().createSession(events);
  }

  setTotal(bytesPerSecond: number): void {
    this.#total.setRate(bytesPerSecond, performance.now());
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    clearInterval(this.#pulseTimer);
    for (const pause of this.#pauses) clearTimeout(pause);
    await Promise.all(Array.from(this.#workers, (worker) => worker.end()));
    this.#workers.clear();
  }

  get #ready(): ServerWorker[] {
    return [...this.#workers].filter(({ isReady }) => isReady);
  }

  /** @param place whose share of the total it has */
  #hire(place: number): ServerWorker {
    const { setup, handlers, workerTimeoutMs } = this.#options;
    const data = { setup, handlers, workerTimeoutMs, total: this.#total.memory, place };
    const worker: ServerWorker = new ServerWorker(data, {
      onLost: (lost) => {
        this.#total.release(place);
        this.#workers.delete(worker);
        this.#handleLost(worker, place, lost);
      },
    });
    this.#workers.add(worker);
    return worker;
  }

  #handleLost(worker: ServerWorker, place: number, lost: LostWorker): void {
    // One that is lost at the very beginning fails the start.
    if (!this.#isOpen) return;
    if (worker.wasReady) this.#hire(place);
    else this.#hireLater(place);
    this.#options.onLost(lost);
  }

  /** What kept one from beginning may last: a new one is not made again and again. */
  #hireLater(place: number): void {
    const pause = setTimeout(() => {
      this.#pauses.delete(pause);
      this.#hire(place);
    }, REPLACEMENT_PAUSE_MS);
    this.#pauses.add(pause);
  }

  #watch(): void {
    const { workerTimeoutMs } = this.#options;
    if (workerTimeoutMs === Infinity) return;
    const maxMissed = Math.ceil(workerTimeoutMs / PULSE_CHECK_MS) + 1;
    this.#pulseTimer = setInterval(() => {
      for (const worker of this.#workers) worker.checkPulse(maxMissed, workerTimeoutMs);
    }, PULSE_CHECK_MS);
    this.#pulseTimer.unref();
  }

  /** The one with the smallest shares of the sessions, the traffic and the processor time of all. */
  #leastBusy(): ServerWorker {
    const ready = this.#ready;
    const infos = ready.map(({ info }) => info);
    const loads = infos.map((info) => [info.sessions, info.bytesPerSecond, info.cpu?.threadUsage ?? 0] as const);
    const shares = loads.map((load) => load.reduce((sum, part, kind) => sum + shareOf(part, loads, kind), 0));
    const least = shares.indexOf(Math.min(...shares));
    const worker = ready[least];
    if (worker === undefined) throw new Error('there is no worker that could take the session');
    return worker;
  }
}

function shareOf(part: number, loads: readonly (readonly number[])[], kind: number): number {
  const all = loads.reduce((sum, load) => sum + (load[kind] ?? 0), 0);
  return all === 0 ? 0 : part / all;
}
