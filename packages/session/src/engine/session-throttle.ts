import { TokenBucket } from '@tcpcomm/throttle';

export interface SessionThrottleOptions {
  /** What the session may send and receive together; Infinity for no limit. */
  readonly bytesPerSecond: number;
  /** What it has a share of, such as the total of a server's sessions. */
  readonly total?: TokenBucket | undefined;
}

/**
 * A session's rate: one budget for both directions, shared fairly between them, and itself a share of a total. Each direction
 * gets half while both have something, and all of it while the other has nothing.
 */
export class SessionThrottle {
  /** What bytes pass on their way out. */
  readonly outgoing: TokenBucket;
  /** What bytes pass that have come in. */
  readonly incoming: TokenBucket;
  readonly #session: TokenBucket;
  readonly #total: TokenBucket | undefined;

  constructor(options: SessionThrottleOptions) {
    const { bytesPerSecond, total } = options;
    this.#total = total;
    this.#session = new TokenBucket({ bytesPerSecond, ...(total && { parent: total }) });
    this.outgoing = new TokenBucket({ bytesPerSecond: Infinity, parent: this.#session });
    this.incoming = new TokenBucket({ bytesPerSecond: Infinity, parent: this.#session });
  }

  get bytesPerSecond(): number {
    return this.#session.bytesPerSecond;
  }

  /** What it may reach at most, when it has all of the total for itself. */
  get peakBytesPerSecond(): number {
    return Math.min(this.#session.bytesPerSecond, this.#total?.bytesPerSecond ?? Infinity);
  }

  setRate(bytesPerSecond: number, nowMs: number): void {
    this.#session.setRate(bytesPerSecond, nowMs);
  }

  /** Sets its share of the total beside other sessions. */
  setWeight(weight: number, nowMs: number): void {
    this.#session.setWeight(weight, nowMs);
  }

  /** The session is over: its share of the total goes to the others. */
  release(nowMs: number): void {
    this.#session.detach(nowMs);
  }
}
