/** How long the first pause may be at most, and any. */
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;

/**
 * How long to wait before an attempt to connect again: exponential backoff with full jitter, so that the clients of a server that was
 * away do not all come back at once. (M. Brooker, "Exponential Backoff and Jitter", 2015.)
 *
 * @param attempt 1 for the first one
 * @param random from 0 to 1
 */
export function pauseBefore(attempt: number, random: number): number {
  return random * Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
}
