import type { AddressInfo } from 'node:net';
import type { Applicant } from '../applicant.ts';
import { FrontDoor } from '../front-door.ts';
import type { ServerBackend, ServerSessionEvents } from '../server-backend.ts';
import type { ServerInfo } from '../server-info.ts';
import type { Workplace, WorkplaceEvents, WorkplaceSetup } from '../workplace.ts';
import { WorkerPool } from './worker-pool.ts';

/** Clients come in on the thread of the server; with its session the connection of one moves to the worker that has least to do, or to the one that has it. */
export class MovedSockets implements Workplace {
  readonly #pool: WorkerPool;
  readonly #door: FrontDoor;
  readonly #reason: string;

  constructor(setup: WorkplaceSetup, threads: number, events: WorkplaceEvents, reason: string) {
    this.#reason = reason;
    this.#pool = new WorkerPool(setup, threads, events);
    this.#door = new FrontDoor(setup, events);
  }

  get info(): ServerInfo {
    return { threading: 'moved-sockets', reason: this.#reason, workers: this.#pool.info };
  }

  get isReady(): boolean {
    return this.#pool.ready.length > 0;
  }

  get address(): AddressInfo | undefined {
    return this.#door.address;
  }

  async open(port: number, host: string | undefined): Promise<AddressInfo> {
    await this.#pool.start();
    return this.#door.open({ port, host, isShared: false });
  }

  createBackend(events: ServerSessionEvents, _applicant: Applicant): ServerBackend {
    return this.#pool.leastBusy().createSession(events);
  }

  setTotal(bytesPerSecond: number): void {
    this.#pool.setTotal(bytesPerSecond);
  }

  closeDoor(): Promise<void> {
    return this.#door.close();
  }

  async close(): Promise<void> {
    await this.#door.close();
    await this.#pool.close();
  }
}
