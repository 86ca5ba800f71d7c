/**
 * A stretch of time in which the link is measured: from one acknowledgement to the first that covers something sent after it, and
 * as much longer as is asked for (a packet-timed round trip, draft-ietf-ccwg-bbr §5.5.1, with a least duration).
 *
 * A rate over less than some 20 ms says little: a token bucket on the way lets bursts through at full speed, and a receiver that was
 * busy for a moment acknowledges in one go what has come meanwhile.
 */
export class DeliveryRound {
  #startMs = 0;
  #startBytes = 0;
  /** When the last byte acknowledged before the round had been sent. */
  #startSentMs = 0;
  /** The round lasts until something beyond this is acknowledged. */
  #sentBytes = 0;
  /** What was sent up to here was followed by a pause, for want of something to send. */
  #applicationLimitedUntilBytes = -1;
  #isApplicationLimited = false;
  #minRoundTripMs = Infinity;

  /** The shortest round trip seen in it. */
  get minRoundTripMs(): number {
    return this.#minRoundTripMs;
  }

  /** Whether the application sent less than it might have: the rate is then its own, and the link may carry more. */
  get isApplicationLimited(): boolean {
    return this.#isApplicationLimited;
  }

  /** The application has nothing more to send, or may not, with so many bytes sent. */
  handleApplicationLimited(sentBytes: number): void {
    this.#applicationLimitedUntilBytes = sentBytes;
    this.#isApplicationLimited = true;
  }

  handleRoundTrip(roundTripMs: number): void {
    if (roundTripMs < this.#minRoundTripMs) this.#minRoundTripMs = roundTripMs;
  }

  /** Whether the round ends with the acknowledgement of `acknowledgedBytes` in all. */
  isOver(acknowledgedBytes: number, nowMs: number, minDurationMs: number): boolean {
    return acknowledgedBytes > this.#sentBytes && nowMs > this.#startMs && nowMs - this.#startMs >= minDurationMs;
  }

  /**
   * Bytes a second that were delivered in the round that ends now: what was acknowledged in it, over the time this took or the
   * time it had taken to send it, whichever is longer. Acknowledgements that were held up on their way and then come all at
   * once so do not look like a fast link (draft-cheng-iccrg-delivery-rate-estimation-02 §3.3).
   *
   * @param newestSentMs when the last byte acknowledged now was sent
   */
  rateAt(acknowledgedBytes: number, newestSentMs: number, nowMs: number): number {
    const elapsedMs = Math.max(nowMs - this.#startMs, newestSentMs - this.#startSentMs);
    return ((acknowledgedBytes - this.#startBytes) / elapsedMs) * 1000;
  }

  /** The next round begins. */
  begin(acknowledgedBytes: number, newestSentMs: number, sentBytes: number, nowMs: number): void {
    this.#startMs = nowMs;
    this.#startBytes = acknowledgedBytes;
    this.#startSentMs = newestSentMs;
    this.#sentBytes = sentBytes;
    this.#isApplicationLimited = acknowledgedBytes < this.#applicationLimitedUntilBytes;
    this.#minRoundTripMs = Infinity;
  }
}
