import {
  requireBoolean,
  requireFunction,
  requireInteger,
  requireNumber,
  requireOneOf,
  requireOptions,
  requireRate,
  requireUrl,
  UsageError,
} from '@tcpcomm/protocol';
import { resolveSessionOptions, type SessionOptions, type SessionSetup } from '@tcpcomm/session';
import type { Threading } from './server-info.ts';
import type { ServerSession } from './server-session.ts';

/** Takes a message; when it returns a promise, the channel's next message waits for that, and so does its sender's credit. */
export type ServerMessageHandler = (bytes: Uint8Array, channel: number, session: ServerSession) => unknown;

/** The classic callback: messages on their channels, notices as UTF-8 text on channel 255. */
export type ServerCallback = (bytes: Uint8Array, sessionId: number, channel: number) => unknown;

/** Who wants to come in, as far as it says. */
export interface AuthorizationRequest {
  /** What the client says; where it takes its session up again, the one that the session has. */
  readonly machineId: string;
  /** What the client was given as `auth`. */
  readonly auth: string | undefined;
  readonly remoteAddress: string | undefined;
  /** Whether it is a client that takes its session up again; that it is the same one is proved. */
  readonly isResuming: boolean;
}

/** `true` or nothing lets the client in; `false`, or the reason as a sentence, does not. May be asynchronous. */
export type Authorize = (
  request: AuthorizationRequest,
) => boolean | string | undefined | Promise<boolean | string | undefined>;

/** What becomes of a client whose machine id is in use: refused, let in in place of the other, or let in beside it. */
export type DuplicatePolicy = 'reject' | 'takeover' | 'allow';

const DUPLICATE_POLICIES = ['reject', 'takeover', 'allow'] satisfies DuplicatePolicy[];

export interface ServerOptions extends SessionOptions {
  /**
   * What each session may send and receive together, bytes a second; 0 or Infinity for no limit. Aligned as
   * `alignBytesPerSecond` says. Default 9,000,000.
   */
  readonly bytesPerSecond?: number;
  /** What all sessions may send and receive together, shared fairly by their weights; 0 or Infinity, the default, for no limit. */
  readonly totalBytesPerSecond?: number;
  /** Whether machine ids matter: blank ones are refused, and those in use are treated by `duplicatePolicy`. Default true. */
  readonly enforceUniqueMachineIds?: boolean;
  /** What becomes of a client whose machine id is in use. Default `reject`. */
  readonly duplicatePolicy?: DuplicatePolicy;
  /** Asked for each client that has introduced itself. Default: all may come in. */
  readonly authorize?: Authorize;
  /** How long `authorize` may take, 1 ms and up; after that the client is told to come back later. Default 5 s. */
  readonly authorizeTimeoutMs?: number;
  /**
   * How long a session waits for its client when the connection was lost, 0 ms and up; with 0 it is over at once. Its place, its number
   * and its machine id stay taken, and what it is sent waits. Default 30 s.
   */
  readonly resumeGraceMs?: number;
  /** How many connections may not have finished their handshake, 1 to 1,000,000; more are told to come back later. Default 1,000. */
  readonly maxPendingHandshakes?: number;
  /**
   * How many clients are let in in a second, 1 and up; the rest waits, and those whose turn would come after `handshakeTimeoutMs` are told to
   * come back later. Default Infinity.
   */
  readonly acceptsPerSecond?: number;
  /** How many sessions there may be at a time, 1 to 1,000,000. Default 10,000. */
  readonly maxSessions?: number;
  /** How long a client may take to introduce itself, 1 ms and up. Default 10 s. */
  readonly handshakeTimeoutMs?: number;
  /**
   * On how many worker threads the sessions' work is done, 0 to 128; with 0, the default, on the thread of the server. What a session tells, and what it is
   * told, is the same either way. Where neither Node.js nor the system can do that it is done on the thread of the server too: `server.info` says so.
   */
  readonly threads?: number;
  /**
   * How connections come to those threads: `moved-sockets`, the default, by the thread of the server, which needs Node.js 24.21 or later; or
   * `reused-port`, where each of them listens, which is used in place of the former too where that cannot be had.
   */
  readonly threading?: Exclude<Threading, 'calling-thread'>;
  /**
   * How long a worker may be busy with one thing before it is given up and replaced, 1,000 ms and up, or Infinity. Its sessions are lost then. Default
   * 10 s.
   */
  readonly workerTimeoutMs?: number;
  /**
   * A module whose exports serve the sessions on the threads where they are, as `ServerHandlers` says: with `threads` their messages cross no
   * thread. The server hears of everything but messages. Loaded by `start`, in each worker; it may take `workerTimeoutMs`. Default: none.
   */
  readonly handlers?: URL;
  /** Takes messages, beside listeners of the event `message`; may be asynchronous. */
  readonly onMessage?: ServerMessageHandler;
}

/** Options with all defaults filled in. */
export interface ServerSetup {
  readonly session: SessionSetup;
  readonly bytesPerSecond: number;
  readonly totalBytesPerSecond: number;
  readonly enforceUniqueMachineIds: boolean;
  readonly duplicatePolicy: DuplicatePolicy;
  readonly authorize: Authorize | undefined;
  readonly authorizeTimeoutMs: number;
  readonly resumeGraceMs: number;
  readonly maxPendingHandshakes: number;
  readonly acceptsPerSecond: number;
  readonly maxSessions: number;
  readonly handshakeTimeoutMs: number;
  readonly threads: number;
  readonly threading: Threading;
  readonly workerTimeoutMs: number;
  readonly handlers: string | undefined;
  readonly onMessage: ServerMessageHandler | undefined;
}

const MAX_SESSIONS = 1_000_000;
const MAX_THREADS = 128;
const MIN_WORKER_TIMEOUT_MS = 1_000;
const MAX_DURATION_MS = 2 ** 31 - 1;

/** @throws UsageError that names the option, its range and what came */
export function resolveServerOptions(options: ServerOptions): ServerSetup {
  requireOptions('options', options);
  const {
    bytesPerSecond = 9_000_000,
    totalBytesPerSecond = Infinity,
    enforceUniqueMachineIds = true,
    duplicatePolicy = 'reject',
    authorize,
    authorizeTimeoutMs = 5_000,
    resumeGraceMs = 30_000,
    maxPendingHandshakes = 1_000,
    acceptsPerSecond = Infinity,
    maxSessions = 10_000,
    handshakeTimeoutMs = 10_000,
    threads = 0,
    threading = 'moved-sockets',
    workerTimeoutMs = 10_000,
    handlers,
    onMessage,
  } = options;
  requireRate('bytesPerSecond', bytesPerSecond);
  requireRate('totalBytesPerSecond', totalBytesPerSecond);
  requireBoolean('enforceUniqueMachineIds', enforceUniqueMachineIds);
  requireOneOf('duplicatePolicy', duplicatePolicy, DUPLICATE_POLICIES);
  if (authorize !== undefined) requireFunction('authorize', authorize);
  requireInteger('authorizeTimeoutMs', authorizeTimeoutMs, 1, MAX_DURATION_MS);
  requireInteger('resumeGraceMs', resumeGraceMs, 0, MAX_DURATION_MS);
  requireInteger('maxPendingHandshakes', maxPendingHandshakes, 1, MAX_SESSIONS);
  requireNumber('acceptsPerSecond', acceptsPerSecond, 1, Infinity);
  requireInteger('maxSessions', maxSessions, 1, MAX_SESSIONS);
  requireInteger('handshakeTimeoutMs', handshakeTimeoutMs, 1, MAX_DURATION_MS);
  requireInteger('threads', threads, 0, MAX_THREADS);
  requireOneOf('threading', threading, ['moved-sockets', 'reused-port']);
  if (workerTimeoutMs !== Infinity) {
    requireInteger('workerTimeoutMs', workerTimeoutMs, MIN_WORKER_TIMEOUT_MS, MAX_DURATION_MS);
  }
  if (handlers !== undefined) requireHandlers(handlers, onMessage);
  if (onMessage !== undefined) requireFunction('onMessage', onMessage);
  const session = resolveSessionOptions(options);
  return {
    session,
    bytesPerSecond,
    totalBytesPerSecond,
    enforceUniqueMachineIds,
    duplicatePolicy,
    authorize,
    authorizeTimeoutMs,
    resumeGraceMs,
    maxPendingHandshakes,
    acceptsPerSecond,
    maxSessions,
    handshakeTimeoutMs,

    threads,
    threading,
    workerTimeoutMs,
    handlers: handlers?.href,
    onMessage,
  };
}

function requireHandlers(handlers: unknown, onMessage: unknown): void {
  requireUrl('handlers', handlers);
  if (onMessage !== undefined) throw new UsageError('handlers take the messages: leave out onMessage, or the handlers');
}
