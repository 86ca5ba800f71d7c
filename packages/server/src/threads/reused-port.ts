import type { AddressInfo } from 'node:net';
import type { Applicant } from '../applicant.ts';
import type { ServerBackend, ServerSessionEvents } from '../server-backend.ts';
import type { ServerInfo } from '../server-info.ts';
import type { Workplace, WorkplaceEvents, WorkplaceSetup } from '../workplace.ts';
import { RemoteApplicant } from './remote-applicant.ts';
import type { ServerWorker } from './server-worker.ts';
import { WorkerPool } from './worker-pool.ts';

/**
 * Each worker listens at the same port, and the system deals the connections out; who may come in is asked of the thread of the server. A client that
 * comes back to a session comes again until it has come to the worker that has it.
 */
export class ReusedPort implements Workplace {
  readonly #pool: WorkerPool;
  readonly #events: WorkplaceEvents;
  readonly #reason: string;
  #host: string | undefined;
  #address: AddressInfo | undefined;

  constructor(setup: WorkplaceSetup, threads: number, events: WorkplaceEvents, reason: string) {
    this.#events = events;
    this.#reason = reason;
    const maxPendingHandshakes = Math.ceil(setup.maxPendingHandshakes / threads);
    this.#pool = new WorkerPool({ ...setup, maxPendingHandshakes }, threads, {
      ...events,
      onWorkerReady: this.#letListen.bind(this),
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
    const [first, ...others] = this.#pool.ready;
    if (first === undefined) throw new Error('there is no worker that could listen');
    const address = await first.door.open(port, host);
    await Promise.all(others.map(({ door }) => door.open(address.port, host)));
    this.#address = address;
    return address;
  }

  createBackend(events: ServerSessionEvents, applicant: Applicant): ServerBackend {
    const there = this.#pool.ready.find(
      ({ threadId }) => applicant instanceof RemoteApplicant && threadId === applicant.threadId,
    );
    return (there ?? this.#pool.leastBusy()).createSession(events);
  }

  setTotal(bytesPerSecond: number): void {
    this.#pool.setTotal(bytesPerSecond);
  }

  async closeDoor(): Promise<void> {
    this.#address = undefined;
    for (const { door } of this.#pool.ready) door.close();
  }

  async close(): Promise<void> {
    this.#address = undefined;
    await this.#pool.close();
  }

  /** One that takes the place of a lost one. */
  #letListen({ door }: ServerWorker): void {
    if (this.#address === undefined) return;
    door.open(this.#address.port, this.#host).catch((error: unknown) => {
      this.#events.onAcceptFailed(error as Error);
    });
  }
}
