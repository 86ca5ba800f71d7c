import type { MessagePort } from 'node:worker_threads';
import type { Hello } from '@tcpcomm/protocol';
import type { SocketHandle } from '@tcpcomm/session';
import type { ServerSessionSetup } from '../local-server-session.ts';
import type { Opening } from '../server-backend.ts';

/** What a worker is given when it begins. */
export interface WorkerData {
  readonly setup: ServerSessionSetup;
  /** What all sessions may send and receive together: the memory of a `SharedRate`, in which it has the bucket of that number. */
  readonly total: SharedArrayBuffer;
  readonly place: number;
  /** Whose handlers serve the sessions, if it is not the server's thread that does. */
  readonly handlers: string | undefined;
  readonly workerTimeoutMs: number;
  /** A number that it counts up for as long as it comes to its event loop. */
  readonly pulse: Int32Array<SharedArrayBuffer>;
}

/** A client that another thread has let in or brought back, and its connection. */
export interface MovedApplicant {
  readonly handle: SocketHandle;
  readonly hello: Hello;
}

/** What the server tells a worker: a session begins, of which the rest goes over the port. */
export interface OpenOrder {
  readonly port: MessagePort;
  readonly applicant: MovedApplicant;
  readonly opening: Opening;
}

/** What a worker tells. */
export type FromWorker =
  /** It can be given sessions. */
  | { readonly kind: 'ready' }
  /** It cannot: its handlers do not load. @see toCloneable */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** What its connections have moved in the last interval. */
  | { readonly kind: 'load'; readonly bytesPerSecond: number };
