import { TokenBucket } from '@tcpcomm/throttle';

export interface SessionThrottleOptions {
  /** What the session may send and receive together; Infinity for no limit. */
  readonly bytesPerSecond: number;
  /** What it has a share of, such as the total of a server's sessions. */
  readonly total?: TokenBucket | undefined;
}

interface Buckets {
  readonly session: TokenBucket;
  readonly outgoing: TokenBucket;
  readonly incoming: TokenBucket;
}

/** It holds nobody back, and so has nothing to remember of whose bytes passed it. */
const NO_LIMIT = new TokenBucket({ bytesPerSecond: Infinity });

/**
 * A session's rate: one budget for both directions, shared fairly between them, and itself a share of a total. Each direction
 * gets half while both have something, and all of it while the other has nothing.
 */
export class SessionThrottle {
  #total: TokenBucket | undefined;
  #bytesPerSecond: number;
  #weight = 1;
  /** Made when there first is a limit. */
  #buckets: Buckets | undefined;

  constructor({ bytesPerSecond, total }: SessionThrottleOptions) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#total = total;
  }

  /** What bytes pass on their way out. */
  get outgoing(): TokenBucket {
    return this.#isLimited() ? this.#limited().outgoing : NO_LIMIT;
  }

  /** What bytes pass that have come in. */
  get incoming(): TokenBucket {
    return this.#isLimited() ? this.#limited().incoming : NO_LIMIT;
  }

  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  /** What it may reach at most, when it has all of the total for itself. */
  get peakBytesPerSecond(): number {
    return Math.min(this.#bytesPerSecond, this.#total?.bytesPerSecond ?? Infinity);
  }

  setRate(bytesPerSecond: number, nowMs: number): void {
    this.#bytesPerSecond = bytesPerSecond;
    this.#buckets?.session.setRate(bytesPerSecond, nowMs);
  }

  /** Sets its share of the total beside other sessions. */
  setWeight(weight: number, nowMs: number): void {
    this.#weight = weight;
    this.#buckets?.session.setWeight(weight, nowMs);
  }

  /** The session is over: its share of the total goes to the others. */
  release(nowMs: number): void {
    this.#buckets?.session.detach(nowMs);
    this.#total = undefined;
  }

  #isLimited(): boolean {
    return this.peakBytesPerSecond < Infinity;
  }

  #limited(): Buckets {
    return (this.#buckets ??= this.#createBuckets());
  }

  #createBuckets(): Buckets {
    const [bytesPerSecond, weight, parent] = [this.#bytesPerSecond, this.#weight, this.#total];
    const session = new TokenBucket({ bytesPerSecond, weight, ...(parent && { parent }) });
    const createDirection = () => new TokenBucket({ bytesPerSecond: Infinity, parent: session });
    return { session, outgoing: createDirection(), incoming: createDirection() };
  }
}
