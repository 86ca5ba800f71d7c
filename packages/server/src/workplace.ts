import type { AddressInfo } from 'node:net';
import type { Applicant } from './applicant.ts';
import type { ServerSessionSetup } from './local-server-session.ts';
import type { ReceptionSetup, RejectedConnection } from './reception.ts';
import type { LostWorker, ServerInfo } from './server-info.ts';
import type { ServerSetup } from './server-options.ts';
import type { ServerBackend, ServerSessionEvents } from './server-backend.ts';

/** What of a server's options it takes to do the work of its sessions. */
export type WorkplaceSetup = ServerSessionSetup &
  ReceptionSetup &
  Pick<ServerSetup, 'handlers' | 'workerTimeoutMs' | 'totalBytesPerSecond'>;

/** What a workplace tells. */
export interface WorkplaceEvents {
  onApplicant(applicant: Applicant): void;
  onRejected(rejected: RejectedConnection): void;
  /** A connection could not be taken; the next one may. */
  onAcceptFailed(error: Error): void;
  onWorkerLost(lost: LostWorker): void;
}

/** Where a server's clients come in, and the work of their sessions is done. */
export interface Workplace {
  /** How it is done, and why so. */
  readonly info: ServerInfo;
  /** Where it listens; undefined while it does not. */
  readonly address: AddressInfo | undefined;
  /**
   * Everything is made ready, and clients come from now on. Throws as `Listener.open`, and what keeps a worker from beginning; what has been made
   * ready is to be closed in any case.
   */
  open(port: number, host: string | undefined): Promise<AddressInfo>;
  /** Whether a session can be begun now. */
  readonly isReady: boolean;
  /** For the session of that applicant. */
  createBackend(events: ServerSessionEvents, applicant: Applicant): ServerBackend;
  /** What all sessions may send and receive together; Infinity for no limit. They are to reconsider what they send. */
  setTotal(bytesPerSecond: number): void;
  /** Nobody comes in any more. */
  closeDoor(): Promise<void>;
  /** Behind the last session. */
  close(): Promise<void>;
}
