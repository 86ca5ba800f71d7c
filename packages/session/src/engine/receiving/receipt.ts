import { acknowledgementIntervalBytes } from '../in-flight/acknowledgement-interval.ts';
import { framePayloadBytesFor } from '../sending/frame-size.ts';
import type { SessionThrottle } from '../session-throttle.ts';

/** An acknowledgement leaves at the latest this long after the first byte that is not acknowledged ... */
const ACKNOWLEDGE_AFTER_MS = 10;
/** ... or when as many bytes have come as are acknowledged together at the rate of so long. */
const MEASURE_MS = 10;
/** A burst may be in two of them. */
const MEASUREMENTS = 3;

const OVERDRAWN_FROM_BYTES = 262_144;

/**
 * Counts flow-controlled bytes as they arrive and decides when to tell the sender. This happens on receipt, whatever
 * becomes of the messages: a slow consumer holds back its channel's credit, never the connection.
 *
 * A sender on a slow link has little in flight and is told often; on a fast link it is told rarely, since every
 * acknowledgement costs a write.
 */
export class Receipt {
  readonly #throttle: SessionThrottle | undefined;
  #receivedBytes = 0;
  /** Of those, what the throttle has let through. */
  #admittedBytes = 0;
  #acknowledgedBytes = 0;
  /** Since when, and from where on, the present rate is measured. */
  #measuredMs = 0;
  #measuredBytes = 0;
  /** The last measurements of it, the newest last. */
  readonly #ratesBytesPerSecond = new Array<number>(MEASUREMENTS).fill(0);
  #intervalBytes = acknowledgementIntervalBytes(0);
  #dueMs = Infinity;
  /** When the throttle lets the next bytes through, if it holds any back. */
  #admissionMs = Infinity;

  /**
   * @param throttle what received bytes have to pass before they are acknowledged, which slows their sender down; without one
   * nothing holds them back
   */
  constructor(throttle?: SessionThrottle) {
    this.#throttle = throttle;
  }

  /** When there is something to do: an acknowledgement must leave, or the throttle lets more through. */
  get dueMs(): number {
    return Math.min(this.#dueMs, this.#admissionMs);
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** What has come and is held back by the throttle. */
  get withheldBytes(): number {
    return this.#receivedBytes - this.#admittedBytes;
  }

  /** Whether so much is held back that the peer cannot be pacing itself by the acknowledgements. */
  get isOverdrawn(): boolean {
    const bytesPerSecond = this.#throttle?.peakBytesPerSecond ?? Infinity;
    return this.withheldBytes > Math.max(OVERDRAWN_FROM_BYTES, bytesPerSecond);
  }

  /** Only counts, for it is called for every frame: `settle` follows when all that came at once has been counted. */
  handleReceived(bytes: number): void {
    this.#receivedBytes += bytes;
  }

  /** Takes note of what has been received since the last time. */
  settle(nowMs: number): void {
    if (this.#receivedBytes > this.#admittedBytes) this.#admit(nowMs);
  }

  /** Whether an acknowledgement must leave now. */
  isDue(nowMs: number): boolean {
    // Not only when the throttle said: it may let more through by now, since a rate was raised.
    this.settle(nowMs);
    return this.#admittedBytes > this.#acknowledgedBytes && nowMs >= this.#dueMs;
  }

  /** The counter to send now: if it is due, or if `isConvenient` because a write happens anyway and there is news. */
  take(nowMs: number, isConvenient: boolean): number | undefined {
    const isDue = this.isDue(nowMs);
    const hasNews = this.#admittedBytes > this.#acknowledgedBytes;
    if (!isDue && !(isConvenient && hasNews)) return undefined;
    this.#adaptInterval(nowMs);
    this.#acknowledgedBytes = this.#admittedBytes;
    this.#dueMs = Infinity;
    return this.#admittedBytes;
  }

  /** Nothing is to be acknowledged any more. */
  clear(): void {
    this.#admittedBytes = this.#receivedBytes;
    this.#acknowledgedBytes = this.#receivedBytes;
    this.#dueMs = Infinity;
    this.#admissionMs = Infinity;
  }

  /** Lets bytes through the throttle as a sender does: whenever it is out of debt, the next ones. */
  #admit(nowMs: number): void {
    const wasHeldBack = this.#admissionMs < Infinity;
    this.#admissionMs = Infinity;
    if (this.#throttle) this.#passThrottle(this.#throttle, nowMs);
    else this.#admittedBytes = this.#receivedBytes;
    const newBytes = this.#admittedBytes - this.#acknowledgedBytes;
    if (newBytes === 0) return;
    // Who was held back waits no longer than it must: it may have nothing else in flight.
    if (newBytes >= this.#intervalBytes || wasHeldBack) this.#dueMs = Math.min(this.#dueMs, nowMs);
    else if (this.#dueMs === Infinity) this.#dueMs = nowMs + ACKNOWLEDGE_AFTER_MS;
  }

  #passThrottle({ incoming, peakBytesPerSecond }: SessionThrottle, nowMs: number): void {
    // As much at once as a frame of this end would have.
    const quantumBytes = framePayloadBytesFor(peakBytesPerSecond);
    while (this.#admittedBytes < this.#receivedBytes) {
      const delayMs = incoming.delayMs(1, nowMs);
      if (delayMs > 0) {
        this.#admissionMs = nowMs + delayMs;
        return;
      }
      const bytes = Math.min(this.withheldBytes, quantumBytes);
      incoming.spend(bytes, nowMs);
      this.#admittedBytes += bytes;
    }
  }

  /**
   * Follows the rate, that of the slowest of the last measurements, so that a burst does not count as one: whoever has less in flight than the
   * interval would wait for every acknowledgement until time brings it.
   */
  #adaptInterval(nowMs: number): void {
    const elapsedMs = nowMs - this.#measuredMs;
    if (elapsedMs < MEASURE_MS) return;
    const bytesPerSecond = ((this.#admittedBytes - this.#measuredBytes) / elapsedMs) * 1000;
    this.#ratesBytesPerSecond.shift();
    this.#ratesBytesPerSecond.push(bytesPerSecond);
    this.#intervalBytes = acknowledgementIntervalBytes(Math.min(...this.#ratesBytesPerSecond));
    this.#measuredMs = nowMs;
    this.#measuredBytes = this.#admittedBytes;
  }
}
