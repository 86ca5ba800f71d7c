import type { Reject, Settings } from '@tcpcomm/protocol';
import type { SessionBackend, SessionBackendEvents } from '@tcpcomm/session';
import type { Applicant } from './applicant.ts';

/** What the server has settled for a session that begins. */
export interface Opening {
  readonly sessionId: number;
  readonly pace: Settings;
}

/** What does the work of a `ServerSession`. */
export interface ServerBackend extends SessionBackend {
  /** Lets the client in: the session begins. */
  open(applicant: Applicant, opening: Opening): void;
  /** Whether that proves that a client is the one that has the session. */
  isOwnedBy(key: string): Promise<boolean>;
  /** Whether the connection of the applicant can carry it on: one that has come to another worker, and stays there, cannot. */
  isReachedBy(applicant: Applicant): boolean;
  /**
   * The session's client has come back: the connection so far is left, and this one carries the session on, if the client can still prove
   * that it is its own. Resolves with whether the applicant has its answer, or is gone; otherwise the session has ended meanwhile.
   */
  bringBack(applicant: Applicant): Promise<boolean>;
  /** Resolves when what is told of it here is how it stands. */
  refresh(): Promise<void>;
  /** Whether it waits for a client that may never have heard that it was let in. */
  readonly isOrphan: boolean;
  /** How long a lost session still waits for its client; undefined while there is a connection. */
  expiresInMs(nowMs: number): number | undefined;
  /** Its bytes leave at this rate from now on, and the client is told. */
  setPace(pace: Settings): void;
  /** Its share of the server's total. */
  setShare(weight: number): void;
  /** The server's total has changed: what that held back may go now. */
  reconsider(): void;
}

/** How a lost session stands. */
export interface Suspension {
  /** See `ServerBackend`. */
  readonly isOrphan: boolean;
  readonly expiresInMs: number;
}

/** What a server's session tells besides what every session does. */
export interface ServerSessionEvents extends SessionBackendEvents {
  /** The connection is lost; it waits for its client. */
  onSuspended(suspension: Suspension): void;
  /** Its client has come back. */
  onResumed(): void;
  /** The client wants another machine id. @param settle to be called once: the session has it then, or is told why not */
  onIdentify(machineId: string, settle: (refusal: Reject | undefined) => void): void;
}
