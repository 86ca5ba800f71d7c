import { expect } from 'vitest';
import { TokenBucket } from '../src/index.ts';
import { leaf } from './traffic-tree.ts';
import { VirtualSender } from './virtual-senders.ts';

export const RATE = 1_000_000;

/** A parent of 1 MB/s, and as many senders below it as there are weights, each with more to send than it may. */
export function startSenders(...weights: number[]): { parent: TokenBucket; senders: VirtualSender[] } {
  const parent = new TokenBucket({ bytesPerSecond: RATE });
  const senders = weights.map((weight) => startSender(new TokenBucket({ bytesPerSecond: Infinity, parent, weight })));
  return { parent, senders };
}

/** A sender of frames of 1,000 bytes that always has more, with exact timers. */
export function startSender(bucket: TokenBucket, startMs = 0): VirtualSender {
  return new VirtualSender(bucket, leaf(), startMs, () => 0);
}

/** Within 2 % and two frames of 1,000 bytes. */
export function expectAbout(bytes: number, expected: number): void {
  expect(Math.abs(bytes - expected), `${bytes}, expected ${expected}`).toBeLessThanOrEqual(0.02 * expected + 2000);
}
