import { ProtocolError, WireError } from '@tcpcomm/protocol';
import { acknowledgementIntervalBytes } from './acknowledgement-interval.ts';
import { AcknowledgementBursts } from './acknowledgement-bursts.ts';
import { DeliveryRound } from './delivery-round.ts';
import { RoundTripProbe } from './round-trip-probe.ts';
import { SendTimes } from './send-times.ts';
import { WindowedMaximum } from './windowed-maximum.ts';

export interface InFlightLimits {
  /** The window is never smaller, but for a moment every ten seconds. */
  readonly minInFlightBytes: number;
  readonly maxInFlightBytes: number;
}

/** While starting the window doubles with every round trip, as slow start does (draft-ietf-ccwg-bbr §5.3.1) ... */
const STARTUP_GAIN = 2;
/** ... until three rounds in a row have brought less than a tenth more. */
const STARTUP_GROWTH = 1.1;
const STARTUP_PATIENCE_ROUNDS = 3;
/**
 * Afterwards it tries for more, lets what that has queued drain, and cruises (the cycle of draft-ietf-ccwg-bbr §5.3.3, by
 * rounds). Nowhere below 1: on a long link a round with less would be a round of idling.
 */
const CRUISE_GAINS = [1.25, 1, 1.05, 1.05, 1.05, 1.05, 1.05, 1.05];
const MIN_CRUISE_ROUND_MS = 20;
/** How many rounds the largest rate is remembered for. */
const RATE_MEMORY_ROUNDS = 10;
/** The window has room for so many times what is acknowledged together: the peer may see a higher rate for a moment. */
const LEAST_INTERVALS = 2;
/**
 * What bursts of acknowledgements may add to it where that is more, lest they are felt as a queue: a part of the round trip, but never so
 * much that the queues of several sessions on one link could feed each other.
 */
const BURST_ALLOWANCE_OF_ROUND_TRIP = 0.5;
const MAX_BURST_ALLOWANCE_MS = 10;
/**
 * Probes begin when the clock passes a multiple of this, so those of all sessions with the same clock begin together: where
 * sessions share a link, one that probed alone would only see the queue of the others.
 */
const PROBE_INTERVAL_MS = 10_000;
/** Even the fastest round trip of a round is so much slower than the path's for so many rounds: the path is not what it was. */
const SUSPECT_FACTOR = 1.25;
const SUSPECT_MS = 4;
const SUSPECT_ROUNDS = 3;
/** On loopback a round trip may take less time than the clock tells apart. */
const MIN_ROUND_TRIP_MS = 0.05;
/** Of the smoothed round trip the newest sample is an eighth (RFC 9002 §5.3). */
const SMOOTHING = 1 / 8;

/**
 * How much may be sent and not yet acknowledged by the receiving program. What is held back waits in our own queues,
 * where something more urgent can still overtake it; once it is in the kernel's buffer nothing can. So the window is what the link
 * holds, its rate times its round trip, and a little more: enough to keep the link busy, too little for a queue to be felt.
 *
 * Rate and round trip are measured as BBR does (draft-ietf-ccwg-bbr): the largest rate of the last rounds, the smallest round
 * trip, looked at anew every ten seconds. Acknowledgements tell of bytes that the receiving program has taken from its socket, so
 * its being slow to read counts as the link's being slow.
 */
export class InFlightWindow {
  readonly #limits: InFlightLimits;
  readonly #sendTimes = new SendTimes();
  readonly #round = new DeliveryRound();
  readonly #rate = new WindowedMaximum(RATE_MEMORY_ROUNDS);
  readonly #bursts = new AcknowledgementBursts(RATE_MEMORY_ROUNDS);
  #acknowledgedBytes = 0;
  #limitBytes: number;
  #roundTripMs = Infinity;
  #minRoundTripMs = Infinity;
  #roundCount = 0;

  #isStarting = true;
  #startupRate = 0;
  #startupPatience = STARTUP_PATIENCE_ROUNDS;
  #suspectRounds = 0;
  #probe: RoundTripProbe | undefined;
  /** Which multiple of the interval the clock has last passed. */
  #probeSlot = Infinity;

  constructor(limits: InFlightLimits) {
    this.#limits = limits;
    this.#limitBytes = Math.min(2 * limits.minInFlightBytes, limits.maxInFlightBytes);
  }

  get inFlightBytes(): number {
    return this.#sendTimes.sentBytes - this.#acknowledgedBytes;
  }

  /** The window. */
  get limitBytes(): number {
    return this.#limitBytes;
  }

  /** Whether so much more may leave: it fits, or nothing else is in flight that it could wait for. */
  hasRoomFor(frameBytes: number): boolean {
    const { inFlightBytes } = this;
    return inFlightBytes + frameBytes <= this.#limitBytes || inFlightBytes === 0;
  }

  /** The largest rate of late, 0 while it is not known. */
  get deliveryRateBytesPerSecond(): number {
    return this.#rate.value;
  }

  /** The path's round trip, without what we queue in it; Infinity while it is not known. */
  get minRoundTripMs(): number {
    return this.#minRoundTripMs;
  }

  /** Smoothed, Infinity while it is not known. */
  get roundTripMs(): number {
    return this.#roundTripMs;
  }

  handleSent(frameBytes: number, nowMs: number): void {
    this.#sendTimes.push(frameBytes, nowMs);
  }

  /** There is nothing to send, or it may not be sent yet, though the window is open: what is measured now is not the link's rate. */
  handleApplicationLimited(): void {
    this.#round.handleApplicationLimited(this.#sendTimes.sentBytes);
  }

  /** @throws ProtocolError for a counter that moves backwards or past what was sent */
  handleAcknowledged(totalBytes: number, nowMs: number): void {
    const { sentBytes } = this.#sendTimes;
    const newBytes = totalBytes - this.#acknowledgedBytes;
    if (newBytes < 0 || totalBytes > sentBytes) {
      throw new ProtocolError(
        WireError.INVALID_ACKNOWLEDGEMENT,
        `ACK of ${totalBytes} bytes, expected between ${this.#acknowledgedBytes} and ${sentBytes}`,
      );
    }
    if (newBytes === 0) return;
    this.#acknowledgedBytes = totalBytes;
    const newestSentMs = this.#sendTimes.takeUpTo(totalBytes);
    const roundTripMs = Math.max(nowMs - newestSentMs, MIN_ROUND_TRIP_MS);
    this.#handleRoundTrip(roundTripMs);
    const minRoundMs = this.#isStarting ? 0 : MIN_CRUISE_ROUND_MS;
    if (this.#round.isOver(totalBytes, nowMs, minRoundMs)) this.#endRound(newestSentMs, nowMs);
    const burstAllowanceMs = Math.min(this.#minRoundTripMs * BURST_ALLOWANCE_OF_ROUND_TRIP, MAX_BURST_ALLOWANCE_MS);
    const mostBurstBytes = (this.#rate.value / 1000) * burstAllowanceMs;
    this.#bursts.handleAcknowledged(newBytes, this.#rate.value, mostBurstBytes, this.#roundCount, nowMs);
    this.#continueProbe(roundTripMs, nowMs);
    this.#limitBytes = this.#probe?.limitBytes ?? this.#targetBytes();
  }

  #handleRoundTrip(roundTripMs: number): void {
    const isFirst = this.#roundTripMs === Infinity;
    this.#roundTripMs = isFirst ? roundTripMs : this.#roundTripMs + (roundTripMs - this.#roundTripMs) * SMOOTHING;
    if (roundTripMs < this.#minRoundTripMs) this.#minRoundTripMs = roundTripMs;
    this.#round.handleRoundTrip(roundTripMs);
  }

  #endRound(newestSentMs: number, nowMs: number): void {
    const round = this.#round;
    const rate = round.rateAt(this.#acknowledgedBytes, newestSentMs, nowMs);
    this.#roundCount += 1;
    // The first round begins before anything was sent, and so measures how long we were idle.
    const isMeasured = this.#roundCount > 1;
    const isLimited = round.isApplicationLimited || this.#probe !== undefined;
    if (isMeasured && (!isLimited || rate > this.#rate.value)) this.#rate.update(rate, this.#roundCount);
    if (isMeasured && !isLimited) {
      if (this.#isStarting) this.#checkStartup();
      else this.#checkPath(rate);
    }
    round.begin(this.#acknowledgedBytes, newestSentMs, this.#sendTimes.sentBytes, nowMs);
  }

  /** Leaves startup when the rate has stopped growing. */
  #checkStartup(): void {
    if (this.#rate.value >= this.#startupRate * STARTUP_GROWTH) {
      this.#startupRate = this.#rate.value;
      this.#startupPatience = STARTUP_PATIENCE_ROUNDS;
      return;
    }
    this.#startupPatience -= 1;
    this.#isStarting = this.#startupPatience > 0;
  }

  /**
   * Finds out when the path is not what it was: even the fastest round trip takes longer than our own queue explains. If the rate
   * has fallen, what is remembered of it is wrong, so that is forgotten; if the path has become longer, a probe will show it. The
   * rate then only seemed to fall, and is found again by growing: to bring it back at once would let two sessions that wait for one
   * another's queue take each other higher and higher.
   */
  #checkPath(rate: number): void {
    const ownQueueMs = ((this.#limits.minInFlightBytes + this.#unevennessBytes()) / this.#rate.value) * 1000;
    const isSuspect = this.#isLonger(this.#round.minRoundTripMs - ownQueueMs);
    this.#suspectRounds = isSuspect ? this.#suspectRounds + 1 : 0;
    if (this.#suspectRounds < SUSPECT_ROUNDS) return;
    this.#rate.reset(rate, this.#roundCount);
    this.#beginProbe();
  }

  #beginProbe(): void {
    this.#suspectRounds = 0;
    if (!this.#isAdaptive()) return;
    this.#probe = new RoundTripProbe(this.#rate.value, this.#minRoundTripMs, this.inFlightBytes);
  }

  #continueProbe(roundTripMs: number, nowMs: number): void {
    const slot = Math.floor(nowMs / PROBE_INTERVAL_MS);
    const isDue = slot > this.#probeSlot;
    this.#probeSlot = slot;
    if (this.#probe === undefined) {
      if (isDue) this.#beginProbe();
      return;
    }
    const { sentBytes } = this.#sendTimes;
    if (!this.#probe.handleAcknowledged(roundTripMs, this.#acknowledgedBytes, sentBytes, nowMs)) return;
    this.#minRoundTripMs = this.#probe.roundTripMs;
    this.#probe = undefined;
  }

  /** Whether a round trip is longer than the path's by more than chance. */
  #isLonger(roundTripMs: number): boolean {
    return roundTripMs > this.#minRoundTripMs * SUSPECT_FACTOR + SUSPECT_MS;
  }

  /** Whether there is anything to adapt between the limits. */
  #isAdaptive(): boolean {
    return this.#limits.minInFlightBytes < this.#limits.maxInFlightBytes;
  }

  /** What acknowledgements leave out: there is always more in flight than the peer waits for, or it would wait until time brings it. */
  #unevennessBytes(): number {
    return Math.max(this.#bursts.largestBytes, LEAST_INTERVALS * acknowledgementIntervalBytes(this.#rate.value));
  }

  #targetBytes(): number {
    const { minInFlightBytes, maxInFlightBytes } = this.#limits;
    const gain = this.#isStarting ? STARTUP_GAIN : CRUISE_GAINS[this.#roundCount % CRUISE_GAINS.length]!;
    // Before the first rate is known the window grows with what is acknowledged: twice in a round trip.
    const wantedBytes =
      this.#rate.value > 0
        ? (this.#rate.value / 1000) * gain * this.#minRoundTripMs + this.#unevennessBytes()
        : this.#limitBytes;
    return Math.min(Math.max(wantedBytes, minInFlightBytes), maxInFlightBytes);
  }
}
