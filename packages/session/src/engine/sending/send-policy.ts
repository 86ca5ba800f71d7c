import { requireNumber, requireOneOf, requireRate } from '@tcpcomm/protocol';
import { TokenBucket } from '@tcpcomm/throttle';

/**
 * In this order things leave: what stands earlier goes first. Messages are `normal`, files `background`, unless told
 * otherwise; control frames go before all of them and are not scheduled.
 */
export const PRIORITIES = ['urgent', 'normal', 'low', 'background'] as const;
export type Priority = (typeof PRIORITIES)[number];

const MAX_WEIGHT = 100;

/** How a channel or a transfer is to be treated beside the others of its session. */
export interface SendPolicyOptions {
  /** Which of the others it goes before. */
  readonly priority?: Priority;
  /** Its share among those of the same priority, 1 to 100: with 3 it sends three times as much as one with 1. Default 1. */
  readonly weight?: number;
  /** What it may send of the session's rate, in bytes a second; 0 or Infinity for no limit of its own. Default: no limit. */
  readonly bytesPerSecond?: number;
}

/** @throws UsageError that names the option, its range and what came */
export function requireSendPolicy(options: SendPolicyOptions): void {
  const { priority, weight, bytesPerSecond } = options;
  if (priority !== undefined) requireOneOf('priority', priority, PRIORITIES);
  if (weight !== undefined) requireNumber('weight', weight, 1, MAX_WEIGHT);
  if (bytesPerSecond !== undefined) requireRate('bytesPerSecond', bytesPerSecond);
}

/** How one source of frames is treated, as the scheduler asks for it. */
export class SendPolicy {
  #priority: Priority;
  #weight = 1;
  /** Its own limit. The session's is not a parent of it: that one is asked for every frame anyway. */
  #bucket: TokenBucket | undefined;

  constructor(priority: Priority) {
    this.#priority = priority;
  }

  get priority(): Priority {
    return this.#priority;
  }

  /** The place of the priority in their order. */
  get level(): number {
    return PRIORITIES.indexOf(this.#priority);
  }

  get weight(): number {
    return this.#weight;
  }

  /** Infinity where there is no limit. */
  get bytesPerSecond(): number {
    return this.#bucket?.bytesPerSecond ?? Infinity;
  }

  /** Changes what is given; the rest stays. */
  change(options: SendPolicyOptions, nowMs: number): void {
    const { priority, weight, bytesPerSecond } = options;
    if (priority !== undefined) this.#priority = priority;
    if (weight !== undefined) this.#weight = weight;
    if (bytesPerSecond === undefined) return;
    if (bytesPerSecond === 0 || bytesPerSecond === Infinity) this.#bucket = undefined;
    else if (this.#bucket) this.#bucket.setRate(bytesPerSecond, nowMs);
    else this.#bucket = new TokenBucket({ bytesPerSecond });
  }

  /** How long its own rate holds the next frame back. */
  delayMs(nowMs: number): number {
    return this.#bucket?.delayMs(1, nowMs) ?? 0;
  }

  handleSent(bytes: number, nowMs: number): void {
    this.#bucket?.spend(bytes, nowMs);
  }
}
