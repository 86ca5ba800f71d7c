import type { TokenBucket } from '../src/index.ts';
import { type TrafficNode, leavesOf, plantBuckets } from './traffic-tree.ts';

export interface Passage {
  readonly atMs: number;
  readonly bytes: number;
}

/**
 * Sends as the engine does: a frame may leave when the bucket is out of debt, and what is told to be the delay is
 * waited for, and a little longer if its timer is late.
 */
export class VirtualSender {
  readonly bucket: TokenBucket;
  readonly passages: Passage[] = [];
  /** When it looks next. */
  nextMs: number;
  askCount = 0;
  isStopped = false;
  readonly #traffic: TrafficNode;
  readonly #latenessMs: () => number;
  readonly #startMs: number;
  #passedBytes = 0;

  constructor(bucket: TokenBucket, traffic: TrafficNode, startMs: number, latenessMs: () => number) {
    this.bucket = bucket;
    this.nextMs = startMs;
    this.#startMs = startMs;
    this.#traffic = traffic;
    this.#latenessMs = latenessMs;
  }

  /** Sends what may leave at `nextMs`, and sets `nextMs` anew. */
  act(): void {
    const nowMs = this.nextMs;
    for (;;) {
      const { demand, frameBytes } = this.#traffic;
      const frameDueMs = this.#startMs + ((this.#passedBytes + frameBytes) / demand) * 1000;
      if (this.isStopped || frameDueMs > nowMs) {
        this.nextMs = this.isStopped ? Infinity : frameDueMs;
        return;
      }
      this.askCount += 1;
      const delayMs = this.bucket.delayMs(1, nowMs);
      if (delayMs > 0) {
        this.nextMs = nowMs + delayMs + this.#latenessMs();
        return;
      }
      this.bucket.spend(frameBytes, nowMs);
      this.#passedBytes += frameBytes;
      this.passages.push({ atMs: nowMs, bytes: frameBytes });
    }
  }

  bytesBetween(fromMs: number, toMs: number): number {
    return sumOf(this.passages.filter(({ atMs }) => atMs > fromMs && atMs <= toMs));
  }
}

/** One sender for each leaf that has anything to send; undefined for the others. */
export function sendersOf(tree: TrafficNode, latenessMs: () => number = () => 0): (VirtualSender | undefined)[] {
  const { leaves } = plantBuckets(tree);
  return leavesOf(tree).map((traffic, index) =>
    traffic.demand === 0 ? undefined : new VirtualSender(leaves[index]!, traffic, index * 0.1, latenessMs),
  );
}

/** Lets time pass for all of them. */
export function runUntil(untilMs: number, senders: readonly (VirtualSender | undefined)[]): void {
  const active = senders.filter((sender) => sender !== undefined);
  for (;;) {
    const next = active.reduce((first, sender) => (sender.nextMs < first.nextMs ? sender : first));
    if (next.nextMs > untilMs) return;
    next.act();
  }
}

export function sumOf(passages: readonly Passage[]): number {
  return passages.reduce((bytes, passage) => bytes + passage.bytes, 0);
}

/** Timers that are late by up to `maxMs`, differently each time and the same in every run. */
export function lateBy(maxMs: number, seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32) * maxMs;
  };
}
