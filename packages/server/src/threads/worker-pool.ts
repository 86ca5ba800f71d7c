import { SessionClosedError } from '@tcpcomm/protocol';
import { SharedRate } from '@tcpcomm/throttle';
import { limitOf } from '../pace.ts';
import type { LostWorker, WorkerInfo } from '../server-info.ts';
import type { WorkplaceEvents, WorkplaceSetup } from '../workplace.ts';
import { clockOffsetMs } from './common-clock.ts';
import { ServerWorker } from './server-worker.ts';

export interface WorkerPoolEvents extends WorkplaceEvents {
  /** One can be given sessions. */
  onWorkerReady?(worker: ServerWorker): void;
}

/** How often it is looked whether the workers are alive. */
const PULSE_CHECK_MS = 500;
/** Until it is tried again where a worker could not even begin, or was lost at once: the reason may last. */
const REPLACEMENT_PAUSE_MS = 1_000;
const LEAST_LIFE_MS = 1_000;

/** The workers of a server, of which one that is lost is replaced, and the total that their sessions share. */
export class WorkerPool {
  readonly #setup: WorkplaceSetup;
  readonly #size: number;
  readonly #events: WorkerPoolEvents;
  readonly #total: SharedRate;
  readonly #workers = new Set<ServerWorker>();
  readonly #pauses = new Set<NodeJS.Timeout>();
  #pulseTimer: NodeJS.Timeout | undefined;
  #isOpen = false;
  #isClosed = false;

  constructor(setup: WorkplaceSetup, size: number, events: WorkerPoolEvents) {
    this.#setup = setup;
    this.#size = size;
    this.#events = events;
    const bytesPerSecond = limitOf(setup.totalBytesPerSecond);
    this.#total = SharedRate.create({ bytesPerSecond, threads: size }, clockOffsetMs());
  }

  /** Resolves when all of them can be given sessions; throws what keeps one from beginning, and SessionClosedError when it is closed meanwhile. */
  async start(): Promise<void> {
    const workers = Array.from({ length: this.#size }, (_, place) => this.#hire(place));
    await Promise.all(workers.map(({ ready }) => ready));
    if (this.#isClosed) throw new SessionClosedError('the server was closed while it started');
    // One that has gone since it was ready.
    const lost = workers.find(({ isReady }) => !isReady);
    if (lost) throw lost.lossReason;
    this.#isOpen = true;
    this.#watch();
  }

  /** Those that can be given sessions. */
  get ready(): ServerWorker[] {
    return [...this.#workers].filter(({ isReady }) => isReady);
  }

  get info(): WorkerInfo[] {
    return Array.from(this.#workers, ({ info }) => info);
  }

  /** The one with the smallest shares of the sessions, the traffic and the processor time of all. */
  leastBusy(): ServerWorker {
    // One that is busy with one thing does not come to the session for now, and what is known of it is of before.
    const attentive = this.ready.filter(({ isAttentive }) => isAttentive);
    const ready = attentive.length > 0 ? attentive : this.ready;
    const infos = ready.map(({ info }) => info);
    const loads = infos.map((info) => [info.sessions, info.bytesPerSecond, info.cpu?.threadUsage ?? 0] as const);
    const shares = loads.map((load) => load.reduce((sum, part, kind) => sum + shareOf(part, loads, kind), 0));
    const worker = ready[shares.indexOf(Math.min(...shares))];
    if (worker === undefined) throw new Error('there is no worker that could take the session');
    return worker;
  }

  setTotal(bytesPerSecond: number): void {
    this.#total.setRate(bytesPerSecond, performance.now());
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#isClosed = true;
    clearInterval(this.#pulseTimer);
    for (const pause of this.#pauses) clearTimeout(pause);
    await Promise.all(Array.from(this.#workers, (worker) => worker.end()));
    this.#workers.clear();
  }

  /** @param place whose share of the total it has */
  #hire(place: number): ServerWorker {
    const data = { setup: this.#setup, total: this.#total.memory, place };
    const worker: ServerWorker = new ServerWorker(data, {
      ...this.#events,
      onReady: () => this.#events.onWorkerReady?.(worker),
      onWorkerLost: (lost) => {
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
    if (worker.readyForMs >= LEAST_LIFE_MS) this.#hire(place);
    else this.#hireLater(place);
    this.#events.onWorkerLost(lost);
  }

  #hireLater(place: number): void {
    const pause = setTimeout(() => {
      this.#pauses.delete(pause);
      this.#hire(place);
    }, REPLACEMENT_PAUSE_MS);
    this.#pauses.add(pause);
  }

  #watch(): void {
    const { workerTimeoutMs } = this.#setup;
    const maxMissed = Math.ceil(workerTimeoutMs / PULSE_CHECK_MS) + 1;
    this.#pulseTimer = setInterval(() => {
      for (const worker of this.#workers) worker.checkPulse(maxMissed, workerTimeoutMs);
    }, PULSE_CHECK_MS);
    this.#pulseTimer.unref();
  }
}

function shareOf(part: number, loads: readonly (readonly number[])[], kind: number): number {
  const all = loads.reduce((sum, load) => sum + (load[kind] ?? 0), 0);
  return all === 0 ? 0 : part / all;
}
