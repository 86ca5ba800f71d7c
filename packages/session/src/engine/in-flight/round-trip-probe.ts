import { acknowledgementIntervalBytes } from './acknowledgement-interval.ts';

/** A probe leaves so much in flight: two frames of the smallest size, and some more ... */
const MIN_PROBE_BYTES = 12_288;
/** ... or a little more than the receiver acknowledges together, or it would see how long that waits for more ... */
const ACKNOWLEDGED_TOGETHER = 1.5;
/** ... or half of what the link holds, so that it costs little where the round trip is long (draft-ietf-ccwg-bbr §5.3.4.3). */
const SHARE_OF_LINK = 0.5;
const MIN_DURATION_MS = 10;

/**
 * A look at the path without our own queue in it: what is in flight is cut, and once that has drained the round trips of what is
 * sent then are the path's own (PROBE_RTT, draft-ietf-ccwg-bbr §5.3.4).
 */
export class RoundTripProbe {
  readonly limitBytes: number;
  #roundTripMs = Infinity;
  #drainedMs = Infinity;
  #drainedSentBytes = Infinity;

  /** @param roundTripMs what is known so far of the path's */
  constructor(bytesPerSecond: number, roundTripMs: number, inFlightBytes: number) {
    const linkBytes = Math.min((bytesPerSecond / 1000) * roundTripMs, inFlightBytes);
    const togetherBytes = acknowledgementIntervalBytes(bytesPerSecond) * ACKNOWLEDGED_TOGETHER;
    this.limitBytes = Math.max(MIN_PROBE_BYTES, togetherBytes, linkBytes * SHARE_OF_LINK);
  }

  /** The shortest round trip of what was sent once the queue was gone. */
  get roundTripMs(): number {
    return this.#roundTripMs;
  }

  /** Returns whether enough has been seen. */
  handleAcknowledged(roundTripMs: number, acknowledgedBytes: number, sentBytes: number, nowMs: number): boolean {
    if (this.#drainedMs === Infinity) {
      if (sentBytes - acknowledgedBytes > this.limitBytes) return false;
      this.#drainedMs = nowMs;
      this.#drainedSentBytes = sentBytes;
    }
    if (acknowledgedBytes <= this.#drainedSentBytes) return false;
    this.#roundTripMs = Math.min(this.#roundTripMs, roundTripMs);
    return nowMs - this.#drainedMs >= MIN_DURATION_MS;
  }
}
