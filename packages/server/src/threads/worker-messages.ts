import type { AddressInfo } from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import type { Hello, Reject } from '@tcpcomm/protocol';
import type { SocketHandle } from '@tcpcomm/session';
import type { Opening } from '../server-backend.ts';
import type { WorkplaceSetup } from '../workplace.ts';

/** What a worker is given when it begins. */
export interface WorkerData {
  readonly setup: WorkplaceSetup;
  /** What all sessions may send and receive together: the memory of a `SharedRate`, in which it has the bucket of that number. */
  readonly total: SharedArrayBuffer;
  readonly place: number;
  /** A number that it counts up for as long as it comes to its event loop. */
  readonly pulse: Int32Array<SharedArrayBuffer>;
}

/** An applicant that a worker gets with its connection, or the one of that number, which has come in there. */
export type MovedApplicant =
  { readonly handle: SocketHandle; readonly hello: Hello } | { readonly handle: undefined; readonly id: number };

/** A session begins, of which the rest goes over the port. */
export interface OpenOrder {
  readonly kind: 'open';
  readonly port: MessagePort;
  readonly applicant: MovedApplicant;
  readonly opening: Opening;
}

/** What the server tells a worker. */
export type ToWorker =
  | OpenOrder
  | ToDoor
  /** There will be nothing more: it ends when it has done what is under way. */
  | { readonly kind: 'end' };

/** What a worker tells. */
export type FromWorker =
  /** It can be given sessions. */
  | { readonly kind: 'ready' }
  /** It cannot: its handlers do not load. @see toCloneable */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** What its connections have moved in the last interval. */
  | { readonly kind: 'load'; readonly bytesPerSecond: number }
  | FromDoor;

/** What the server tells a worker that listens itself. */
export type ToDoor =
  | { readonly kind: 'listen'; readonly port: number; readonly host: string | undefined }
  | { readonly kind: 'close-door' }
  | { readonly kind: 'reject'; readonly id: number; readonly reject: Reject };

/** What such a worker tells. */
export type FromDoor =
  | { readonly kind: 'listening'; readonly address: AddressInfo }
  /** @see toCloneable */
  | { readonly kind: 'listen-failed'; readonly error: unknown }
  | ({ readonly kind: 'applicant' } & ToldApplicant)
  | { readonly kind: 'applicant-gone'; readonly id: number }
  /** @see toCloneable */
  | { readonly kind: 'rejected'; readonly rejected: unknown }
  | { readonly kind: 'accept-failed'; readonly error: unknown };

/** An applicant whose connection is on a worker. */
export interface ToldApplicant {
  readonly id: number;
  readonly hello: Hello;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** Until its handshake has taken too long. */
  readonly remainingMs: number;
}
