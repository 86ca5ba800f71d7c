import { TokenBucket } from '@tcpcomm/throttle';
import { createHandledSession } from './handled-session.ts';
import { loadHandlers, type ServerHandlers } from './handlers.ts';
import { LocalServerSession, type ServerSessionSetup } from './local-server-session.ts';
import type { ServerInfo } from './server-info.ts';
import type { ServerSetup } from './server-options.ts';
import type { ServerBackend, ServerSessionEvents } from './server-backend.ts';

/** What of a server's options it takes to do the work of its sessions. */
export type WorkplaceSetup = ServerSessionSetup & Pick<ServerSetup, 'handlers' | 'workerTimeoutMs'>;

/** Where the work of a server's sessions is done. */
export interface Workplace {
  /** How it is done, and why so. */
  readonly info: ServerInfo;
  /** Before the first session. */
  start(): Promise<void>;
  /** Whether a session can be begun now. */
  readonly isReady: boolean;
  /** For a session that begins. */
  createBackend(events: ServerSessionEvents): ServerBackend;
  /** What all sessions may send and receive together; Infinity for no limit. They are to reconsider what they send. */
  setTotal(bytesPerSecond: number): void;
  /** Behind the last session. */
  close(): Promise<void>;
}

/** The thread of the server. */
export class OwnThread implements Workplace {
  readonly info: ServerInfo;
  readonly isReady = true;
  readonly #setup: WorkplaceSetup;
  readonly #total: TokenBucket;
  #handlers: ServerHandlers | undefined;

  /** @param reason why it is done here */
  constructor(setup: WorkplaceSetup, totalBytesPerSecond: number, reason: string) {
    this.info = { threading: 'calling-thread', reason, workers: [] };
    this.#setup = setup;
    this.#total = new TokenBucket({ bytesPerSecond: totalBytesPerSecond });
  }

  async start(): Promise<void> {
    const { handlers, workerTimeoutMs } = this.#setup;
    if (handlers !== undefined) this.#handlers = await loadHandlers(handlers, workerTimeoutMs);
  }

  createBackend(events: ServerSessionEvents): ServerBackend {
    const create = (heard: ServerSessionEvents) => new LocalServerSession(this.#setup, this.#total, heard);
    return this.#handlers ? createHandledSession(this.#handlers, events, create) : create(events);
  }

  setTotal(bytesPerSecond: number): void {
    this.#total.setRate(bytesPerSecond, performance.now());
  }

  async close(): Promise<void> {
    // It stays.
  }
}
