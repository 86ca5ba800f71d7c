import type { TokenBucket } from '@tcpcomm/throttle';
import { LocalServerSession, type ServerSessionSetup } from './local-server-session.ts';
import type { ServerInfo } from './server-info.ts';
import type { ServerBackend, ServerSessionEvents } from './server-backend.ts';

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
  /** Behind the last session. */
  close(): Promise<void>;
}

/** The thread of the server. */
export class OwnThread implements Workplace {
  readonly info: ServerInfo;
  readonly isReady = true;
  readonly #setup: ServerSessionSetup;
  readonly #total: TokenBucket;

  /** @param reason why it is done here */
  constructor(setup: ServerSessionSetup, total: TokenBucket, reason: string) {
    this.info = { threading: 'calling-thread', reason, workers: [] };
    this.#setup = setup;
    this.#total = total;
  }

  async start(): Promise<void> {
    // It is there.
  }

  createBackend(events: ServerSessionEvents): ServerBackend {
    return new LocalServerSession(this.#setup, this.#total, events);
  }

  async close(): Promise<void> {
    // It stays.
  }
}
