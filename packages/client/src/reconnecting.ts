import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionRejectedError, PeerError, TimeoutError, UsageError } from '@tcpcomm/protocol';
import type { ReconnectAttempt } from '@tcpcomm/session';
import { pauseBefore } from './backoff.ts';

export interface ReconnectingOptions {
  /** How long it is tried, from now on. */
  readonly durationMs: number;
  /** Ends it at once; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Tries once, for so long at most. */
  connect(timeoutMs: number): Promise<void>;
  onAttempt(attempt: ReconnectAttempt): void;
}

/** One attempt takes no longer than this: the next one may reach the server where this one does not. */
const MAX_ATTEMPT_MS = 10_000;
/** And is given this long, though the time is over meanwhile. */
const LEAST_ATTEMPT_MS = 100;
const SOON_MS = 100;
/** A timer cannot be set for longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Connects again: tries until it succeeds, the server refuses, or the time is over. Resolves when it has succeeded.
 *
 * @throws why the last attempt failed, or the reason of the signal
 */
export async function reconnect(options: ReconnectingOptions): Promise<void> {
  const { durationMs, signal } = options;
  const beganMs = performance.now();
  let error: Error | undefined;
  let step = 0;
  for (let attempt = 1; ; attempt += 1) {
    // Who is told to come again at once has met a server that is not in trouble: the pauses do not grow by that.
    step = isWantedSoon(error) ? 1 : step + 1;
    const elapsedMs = performance.now() - beganMs;
    const leftMs = durationMs - elapsedMs;
    const atLeastMs = earliestMs(error);
    if (leftMs <= atLeastMs) throw error ?? new TimeoutError(`there is no time to connect again in ${durationMs} ms`);
    // Those whom a server has told the same do not come at the same moment. The last attempt is at the end.
    const pauseMs = Math.min(atLeastMs + pauseBefore(step, Math.random()), leftMs);
    options.onAttempt({ attempt, pauseMs, elapsedMs, error });
    await pause(pauseMs, signal);
    signal.throwIfAborted();
    try {
      await options.connect(Math.min(Math.max(leftMs - pauseMs, LEAST_ATTEMPT_MS), MAX_ATTEMPT_MS));
      return;
    } catch (cause) {
      signal.throwIfAborted();
      error = cause as Error;
      if (isFinal(error)) throw error;
    }
  }
}

/** Waits so long, however long that is, or until the signal aborts. */
async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  for (let leftMs = Math.ceil(durationMs); leftMs > 0 && !signal.aborted; leftMs -= MAX_TIMER_MS) {
    await sleep(Math.min(leftMs, MAX_TIMER_MS), undefined, { signal }).catch(() => undefined);
  }
}

/** How long the server wants to be left alone. */
function earliestMs(error: Error | undefined): number {
  return error instanceof ConnectionRejectedError ? (error.retryAfterMs ?? 0) : 0;
}

/** Whether the server has said a time to come again that is next to none. */
function isWantedSoon(error: Error | undefined): boolean {
  return error instanceof ConnectionRejectedError && error.retryAfterMs !== undefined && error.retryAfterMs < SOON_MS;
}

/** Whether it is of no use, or not wanted, to come again. */
function isFinal(error: Error): boolean {
  if (error instanceof ConnectionRejectedError) return error.retryAfterMs === undefined;
  return error instanceof PeerError || error instanceof UsageError;
}
