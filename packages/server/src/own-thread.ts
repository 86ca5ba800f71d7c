import type { AddressInfo } from 'node:net';
import { TokenBucket } from '@tcpcomm/throttle';
import { FrontDoor } from './front-door.ts';
import { createHandledSession } from './handled-session.ts';
import { loadHandlers, type ServerHandlers } from './handlers.ts';
import { LocalServerSession } from './local-server-session.ts';
import { limitOf } from './pace.ts';
import type { ServerBackend, ServerSessionEvents } from './server-backend.ts';
import type { ServerInfo } from './server-info.ts';
import type { Workplace, WorkplaceEvents, WorkplaceSetup } from './workplace.ts';

/** All on the thread that made the server. */
export class OwnThread implements Workplace {
  readonly info: ServerInfo;
  readonly isReady = true;
  readonly #setup: WorkplaceSetup;
  readonly #door: FrontDoor;
  readonly #total: TokenBucket;
  #handlers: ServerHandlers | undefined;

  /** @param reason why it is done here */
  constructor(setup: WorkplaceSetup, events: WorkplaceEvents, reason: string) {
    this.info = { threading: 'calling-thread', reason, workers: [] };
    this.#setup = setup;
    this.#door = new FrontDoor(setup, events);
    this.#total = new TokenBucket({ bytesPerSecond: limitOf(setup.totalBytesPerSecond) });
  }

  get address(): AddressInfo | undefined {
    return this.#door.address;
  }

  async open(port: number, host: string | undefined): Promise<AddressInfo> {
    const { handlers, workerTimeoutMs } = this.#setup;
    if (handlers !== undefined) this.#handlers = await loadHandlers(handlers, workerTimeoutMs);
    return this.#door.open({ port, host, isShared: false });
  }

  createBackend(events: ServerSessionEvents): ServerBackend {
    const create = (heard: ServerSessionEvents) => new LocalServerSession(this.#setup, this.#total, heard);
    return this.#handlers ? createHandledSession(this.#handlers, events, create) : create(events);
  }

  setTotal(bytesPerSecond: number): void {
    this.#total.setRate(bytesPerSecond, performance.now());
  }

  closeDoor(): Promise<void> {
    return this.#door.close();
  }

  async close(): Promise<void> {
    await this.#door.close();
  }
}
