import { requireDurationMs, requireOptions, requireSignal } from '@tcpcomm/protocol';
import type { Session } from '../session.ts';

export interface RequestOptions {
  /** How long the reply may take, or the next item of one, 0 to Infinity. Default 30,000. */
  readonly timeoutMs?: number;
  /** No longer wants a reply; the peer's handler is told by its own signal. */
  readonly signal?: AbortSignal;
}

/** What there is to know of a request that is handled. */
export interface RequestContext {
  readonly channel: number;
  /** Which it has come over. */
  readonly session: Session;
  /** Aborts when the reply is no longer wanted: who asked has cancelled, or waits no longer, or the session has ended. */
  readonly signal: AbortSignal;
}

/** Nothing is an empty reply; what is iterated is a reply in items, which are produced as fast as they are consumed. */
export type Reply<Value = Uint8Array> = Value | undefined | AsyncIterable<Value>;

/**
 * Answers requests, many at the same time. A `ReplyError` tells who asked why there is no reply; of another error it is only told that
 * there was one.
 */
export type RequestHandler<Request = Uint8Array, Answer = Request> = (
  request: Request,
  context: RequestContext,
) => Reply<Answer> | PromiseLike<Reply<Answer>>;

/** A reply in items, to be iterated once. */
export type ReplyItems = AsyncIterableIterator<Uint8Array, undefined>;

const DEFAULT_TIMEOUT_MS = 30_000;
const NO_OPTIONS: RequestOptions = {};

/** Options with the default filled in: how long a reply is waited for. */
export interface WaitingOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws UsageError that names the option and what it must be */
export function resolveRequestOptions(options: RequestOptions = NO_OPTIONS): WaitingOptions {
  requireOptions('options', options);
  const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
  requireDurationMs('timeoutMs', timeoutMs);
  requireSignal('signal', signal);
  return { timeoutMs, signal };
}
