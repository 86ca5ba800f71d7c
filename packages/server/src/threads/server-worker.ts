import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CpuMonitor } from '@tcpcomm/cpu-monitor';
import { TcpCommError } from '@tcpcomm/protocol';
import { fromCloneable } from '@tcpcomm/session';
import type { ServerSessionEvents } from '../server-backend.ts';
import type { WorkerInfo } from '../server-info.ts';
import { handlesOf, RemoteServerSession } from './remote-server-session.ts';
import type { WorkplaceEvents } from '../workplace.ts';
import { WorkerDoor } from './worker-door.ts';
import type { FromWorker, OpenOrder, ToWorker, WorkerData } from './worker-messages.ts';

export interface ServerWorkerEvents extends WorkplaceEvents {
  /** It can be given sessions. */
  onReady(): void;
}

/** From source it is TypeScript, as this file is; installed it is not. */
const WORKER_URL = new URL(`./worker-main${extname(import.meta.url)}`, import.meta.url);

/** How long one that is to end may take for what is under way. */
const END_MS = 1_000;

/** One of a server's workers, as the server has it: sessions are given to it, until it is lost or ended. */
export class ServerWorker {
  /** Resolves when it can be given sessions; rejects if it ends before. */
  readonly ready: Promise<unknown>;
  readonly threadId: number;
  /** Of use where it listens itself. */
  readonly door: WorkerDoor;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #cpu: CpuMonitor;
  readonly #pulse = new Int32Array(new SharedArrayBuffer(4));
  readonly #maxQueuedBytes: number;
  readonly #sessions = new Set<RemoteServerSession>();
  #isReady = false;
  #readyMs = Infinity;
  #bytesPerSecond = 0;
  #lastPulse = 0;
  #missedPulses = 0;
  readonly #startTimer: NodeJS.Timeout | undefined;
  /** Why it ends, if that is this end's doing. */
  #endReason: Error | undefined;
  #isEnding = false;

  constructor(data: Omit<WorkerData, 'pulse'>, events: ServerWorkerEvents) {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const workerData: WorkerData = { ...data, pulse: this.#pulse };
    this.#maxQueuedBytes = data.setup.session.engine.maxQueuedBytes;
    this.#worker = new Worker(WORKER_URL, { workerData, name: 'tcpcomm server' });
    this.threadId = this.#worker.threadId;
    this.door = new WorkerDoor(this.threadId, this.#post.bind(this), events);
    this.#cpu = new CpuMonitor(this.#worker);
    this.#cpu.start();
    const { workerTimeoutMs } = data.setup;
    if (workerTimeoutMs < Infinity) {
      this.#startTimer = setTimeout(() => {
        this.#giveUp(new Error(`it has not begun within ${workerTimeoutMs} ms`));
      }, workerTimeoutMs);
    }
    this.ready = promise;
    // It is told as lost, too.
    promise.catch(() => undefined);
    this.#worker.on('message', (message: FromWorker) => {
      if (message.kind === 'load') this.#bytesPerSecond = message.bytesPerSecond;
      else if (message.kind === 'failed') this.#giveUp(fromCloneable(message.error) as Error);
      else if (message.kind !== 'ready') this.door.handle(message);
      else {
        clearTimeout(this.#startTimer);
        this.#isReady = true;
        this.#readyMs = performance.now();
        resolve(undefined);
        events.onReady();
      }
    });
    this.#worker.on('error', (error) => {
      this.#endReason ??= error instanceof Error ? error : new Error(String(error));
    });
    this.#exited = new Promise((exited) => {
      this.#worker.on('exit', (code) => {
        clearTimeout(this.#startTimer);
        this.#isReady = false;
        const cause = this.#endReason ?? new Error(`it has ended with code ${code}`);
        const error =
          cause instanceof TcpCommError
            ? cause
            : new TcpCommError('ERR_TCPCOMM_THREAD_LOST', `a worker was lost: ${cause.message}`, { cause });
        reject(error);
        this.door.handleLost(error);
        const sessions = [...this.#sessions];
        for (const session of sessions) session.handleThreadLost(cause);
        if (!this.#isEnding) events.onWorkerLost({ threadId: this.threadId, sessions: sessions.length, error });
        exited();
      });
    });
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** How long ago it became so; below 0 if it never did. */
  get readyForMs(): number {
    return performance.now() - this.#readyMs;
  }

  /** Whether it came to its event loop of late. */
  get isAttentive(): boolean {
    return this.#missedPulses === 0;
  }

  /** Why it is not there any more. */
  get lossReason(): Error {
    return this.#endReason ?? new Error('the worker has ended');
  }

  get info(): WorkerInfo {
    return {
      threadId: this.threadId,
      isReady: this.#isReady,
      sessions: this.#sessions.size,
      bytesPerSecond: this.#bytesPerSecond,
      cpu: this.#cpu.sample,
    };
  }

  createSession(events: ServerSessionEvents): RemoteServerSession {
    const handleClosed = events.onClosed.bind(events);
    const session = new RemoteServerSession(
      { maxQueuedBytes: this.#maxQueuedBytes, threadId: this.threadId, begin: this.#begin.bind(this) },
      Object.assign(events, {
        onClosed: (...details: Parameters<typeof handleClosed>) => {
          this.#sessions.delete(session);
          handleClosed(...details);
        },
      }),
    );
    this.#sessions.add(session);
    return session;
  }

  /**
   * To be called at equal intervals: ends it when it has not come to its event loop in so many of them. They are counted, not timed: a machine that
   * slept has not been waited for.
   */
  checkPulse(maxMissed: number, waitedMs: number): void {
    const pulse = Atomics.load(this.#pulse, 0);
    this.#missedPulses = this.#isReady && pulse === this.#lastPulse ? this.#missedPulses + 1 : 0;
    this.#lastPulse = pulse;
    if (this.#missedPulses < maxMissed) return;
    this.#giveUp(new Error(`it was busy with one thing for ${waitedMs} ms`));
  }

  /** Ends it when it has done what is under way, or after a while: files that its last sessions had open are closed by then. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#cpu.stop();
    const timer = setTimeout(() => void this.#worker.terminate(), this.#isReady ? END_MS : 0);
    this.#post({ kind: 'end' });
    await this.#exited;
    clearTimeout(timer);
  }

  #giveUp(reason: Error): void {
    this.#endReason ??= reason;
    void this.#worker.terminate();
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #begin(order: OpenOrder): void {
    this.#worker.postMessage(order, [order.port, ...handlesOf(order.applicant)]);
  }
}
