import { type Reject, WireError } from '@tcpcomm/protocol';
import { TokenBucket } from '@tcpcomm/throttle';
import type { Applicant } from './applicant.ts';

/** What the rate allows in this time may come at once: no timer is more exact than that. */
const BURST_MS = 20;

/**
 * Lets clients in at a rate: those that come faster wait, so that a crowd that comes back at once does not take all of the processor. They
 * wait when they have introduced themselves: a connection is read by then, so who has left is seen to have left, and takes no turn.
 */
export class AcceptQueue {
  readonly #acceptsPerSecond: number;
  readonly #bucket: TokenBucket;
  readonly #letIn: (applicant: Applicant) => void;
  readonly #waiting = new Set<Applicant>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param acceptsPerSecond Infinity for no limit */
  constructor(acceptsPerSecond: number, letIn: (applicant: Applicant) => void) {
    const burst = Math.max(1, (acceptsPerSecond * BURST_MS) / 1000);
    this.#acceptsPerSecond = acceptsPerSecond;
    this.#bucket = new TokenBucket({
      bytesPerSecond: acceptsPerSecond,
      burstBytes: Math.min(burst, Number.MAX_SAFE_INTEGER),
    });
    this.#letIn = letIn;
  }

  /** Takes a client: now, in its turn, or not at all if that would come too late. */
  enter(applicant: Applicant): void {
    if (this.#isClosed) return;
    const waitMs = (this.#waiting.size / this.#acceptsPerSecond) * 1000;
    if (performance.now() + waitMs >= applicant.deadlineMs) {
      applicant.reject(tooMany(Math.ceil(waitMs)));
      return;
    }
    this.#waiting.add(applicant);
    applicant.gone.addEventListener('abort', () => this.#waiting.delete(applicant), { once: true });
    this.#serve();
  }

  /** Nobody is let in any more; who waits is sent away by whoever has its connection. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  #serve(): void {
    clearTimeout(this.#timer);
    const nowMs = performance.now();
    for (const applicant of this.#waiting) {
      const delayMs = this.#bucket.delayMs(1, nowMs);
      if (delayMs > 0) {
        this.#timer = setTimeout(this.#serve.bind(this), Math.ceil(delayMs));
        return;
      }
      this.#bucket.spend(1, nowMs);
      this.#waiting.delete(applicant);
      this.#letIn(applicant);
    }
  }
}

/** What a client is told where there are too many that want to come in. */
export function tooMany(retryAfterMs: number): Reject {
  return { code: WireError.SERVER_BUSY, message: 'too many clients want to come in at once', retryAfterMs };
}
