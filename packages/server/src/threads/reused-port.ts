import type { AddressInfo } from 'node:net';
import { SessionClosedError } from '@tcpcomm/protocol';
import type { Applicant } from '../applicant.ts';
import type { ServerBackend, ServerSessionEvents } from '../server-backend.ts';
import type { ServerInfo } from '../server-info.ts';
import type { Workplace, WorkplaceEvents, WorkplaceSetup } from '../workplace.ts';
import { RemoteApplicant } from './remote-applicant.ts';
import type { ServerWorker } from './server-worker.ts';
import { WorkerPool } from './worker-pool.ts';

const RETRY_MS = 1_000;

/**
 * Each worker listens at the same port, and the system deals the connections out; who may come in is asked of the thread of the server. A client that
 * comes back to a session comes again until it has come to the worker that has it.
 */
export class ReusedPort implements Workplace {
  readonly #pool: WorkerPool;
  readonly #events: WorkplaceEvents;
  readonly #reason: string;
  readonly #pauses = new Set<NodeJS.Timeout>();
  #isClosed = false;
  #host: string | undefined;
  #address: AddressInfo | undefined;

  constructor(setup: WorkplaceSetup, threads: number, events: WorkplaceEvents, reason: string) {
    this.#events = events;
    this.#reason = reason;
    const maxPendingHandshakes = Math.ceil(setup.maxPendingHandshakes / threads);
    this.#pool = new WorkerPool({ ...setup, maxPendingHandshakes }, threads, {
      ...events,
      onWorkerReady: (worker) => void this.#letListen(worker),
    });
  }

  get info(): ServerInfo {
    return { threading: 'reused-port', reason: this.#reason, workers: this.#pool.info };
  }

  get isReady(): boolean {
    return this.#pool.ready.length > 0;
  }

  get address(): AddressInfo | undefined {
    return this.#address;
  }

  async open(port: number, host: string | undefined): Promise<AddressInfo> {
    this.#host = host;
    await this.#pool.start();
    const [first] = this.#pool.ready;
    if (first === undefined) throw new Error('there is no worker that could listen');
    const address = await first.door.open(port, host);
    if (this.#isClosed) throw new SessionClosedError('the server was closed while it started');
    // From here on whoever takes the place of a lost one listens too.
    this.#address = address;
    const others = this.#pool.ready.filter((worker) => worker !== first);
    await Promise.all(others.map((worker) => this.#letListen(worker)));
    return address;
  }

  createBackend(events: ServerSessionEvents, applicant: Applicant): ServerBackend {
    const there = this.#pool.ready.find(
      ({ threadId }) => applicant instanceof RemoteApplicant && threadId === applicant.threadId,
    );
    if (there === undefined) throw new Error('the worker is lost to which the client has come');
    return there.createSession(events);
  }

  setTotal(bytesPerSecond: number): void {
    this.#pool.setTotal(bytesPerSecond);
  }

  async closeDoor(): Promise<void> {
    this.#isClosed = true;
    this.#address = undefined;
    for (const pause of this.#pauses) clearTimeout(pause);
    for (const { door } of this.#pool.ready) door.close();
  }

  async close(): Promise<void> {
    await this.closeDoor();
    await this.#pool.close();
  }

  /** Where the others do. If it cannot, it is tried again: the reason may pass. */
  async #letListen(worker: ServerWorker): Promise<void> {
    if (this.#address === undefined || !this.#pool.ready.includes(worker)) return;
    try {
      await worker.door.open(this.#address.port, this.#host);
    } catch (error) {
      // Another one takes the place of one that is lost, and is asked too.
      if (!this.#pool.ready.includes(worker)) return;
      this.#events.onAcceptFailed(error as Error);
      const pause = setTimeout(() => {
        this.#pauses.delete(pause);
        void this.#letListen(worker);
      }, RETRY_MS);
      this.#pauses.add(pause);
    }
  }
}
