import { Claimant, FairQueue } from './fair-queue.ts';
import { requireBurst, requireBytes, requireRate, requireWeight } from './requirements.ts';
import { fullReservoir, Reservoir } from './reservoir.ts';

/** Who waits for others looks again after this at least: what they leave is not known to the byte. */
const MIN_PATIENCE_MS = 1;
/** And after this at most, beyond what the rate alone takes: they may be gone by then. */
const MAX_PATIENCE_MS = 10;
/** For each one that waits, where they are many: so ten a millisecond look at most, and looking does not become the work. */
const CROWD_PATIENCE_MS = 0.1;
/** How late a caller may be and find its turn kept. No later than a full bucket, so that keeping it wastes nothing. */
const MAX_LATENESS_MS = 20;

export interface TokenBucketOptions {
  /** The rate at which tokens come, one a byte: 1 to Infinity, which lets everything through. */
  readonly bytesPerSecond: number;
  /** How many tokens the bucket holds, a finite number above 0. Default: 20 ms of the rate, at least 4,096. */
  readonly burstBytes?: number;
  /** A bucket that every byte must pass as well, such as the total of all sessions. */
  readonly parent?: TokenBucket;
  /** The share of the parent, beside others that want some of it: 0.000001 to 1,000,000. Default 1. */
  readonly weight?: number;
}

/** Tokens and turns that are kept in a way of their own. */
interface Supply {
  readonly reservoir: Reservoir;
  readonly queue: FairQueue;
}

/** Where a bucket stands below another one. */
interface Seat {
  readonly parent: TokenBucket;
  /** Of all that are below that parent and wait. */
  readonly queue: FairQueue;
  readonly claimant: Claimant;
}

/**
 * Limits a rate of bytes, alone or as part of a tree. Pure arithmetic: the time is an argument, in milliseconds of any clock that
 * never runs backwards, so a test needs no waiting.
 *
 * The bucket starts full and holds at most its burst. Something larger than the burst passes when the bucket is
 * full, and leaves a debt that the following bytes wait for, so that the rate holds on average.
 *
 * Below a common parent, which may be below another, a byte passes when all of them let it. Buckets that together want more
 * than the parent gives divide it by their weights; what one does not want, or may not take, goes to the others (weighted
 * max-min fairness, see FairQueue). A bucket that wants nothing has nothing kept for it, and costs nothing.
 */
export class TokenBucket {
  readonly #reservoir: Reservoir;
  readonly #claimant: Claimant;
  #seat: Seat | undefined;
  /** Of the buckets below this one. */
  #queue: FairQueue | undefined;
  /** The most that can pass here at once, this bucket and those above considered; Infinity where nothing limits. */
  #peakBytes = Infinity;
  /** All of them have been full since: whatever was taken before is paid. */
  #settledMs = Infinity;

  /**
   * @param supply used by `SharedRate`
   * @throws RangeError for a rate, a burst or a weight out of its range
   */
  constructor(options: TokenBucketOptions, supply?: Supply) {
    const { bytesPerSecond, burstBytes, parent, weight = 1 } = options;
    requireRate(bytesPerSecond);
    if (burstBytes !== undefined) requireBurst(burstBytes);
    requireWeight(weight);
    this.#reservoir = supply?.reservoir ?? new Reservoir(fullReservoir(bytesPerSecond, burstBytes), burstBytes);
    this.#queue = supply?.queue;
    this.#claimant = new Claimant(this.#reservoir, weight);
    if (parent === undefined) return;
    parent.#queue ??= new FairQueue();
    this.#seat = { parent, queue: parent.#queue, claimant: this.#claimant };
  }

  get bytesPerSecond(): number {
    return this.#reservoir.bytesPerSecond;
  }

  get burstBytes(): number {
    return this.#reservoir.burstBytes;
  }

  get weight(): number {
    return this.#claimant.weight;
  }

  /** The bucket above this one, until it is detached. */
  get parent(): TokenBucket | undefined {
    return this.#seat?.parent;
  }

  /**
   * Takes tokens for `bytes`, here and from every parent, if all of them have enough and it is this bucket's turn; else takes
   * none.
   *
   * @returns whether the bytes may pass now
   * @throws RangeError for bytes that are not a finite number from 0 on
   */
  take(bytes: number, nowMs: number): boolean {
    if (this.delayMs(bytes, nowMs) > 0) return false;
    this.spend(bytes, nowMs);
    return true;
  }

  /**
   * Takes tokens for bytes that have passed already, going into debt if need be.
   *
   * @throws RangeError for bytes that are not a finite number from 0 on
   */
  spend(bytes: number, nowMs: number): void {
    requireBytes(bytes);
    this.#refill(nowMs);
    this.#reservoir.spend(bytes);
    let isWaitedBelow = false;
    for (let seat = this.#seat; seat?.queue.isScarce === true; seat = seat.parent.#seat) {
      seat.queue.serve(seat.claimant, bytes, isWaitedBelow, nowMs);
      seat.parent.#reservoir.spend(bytes);
      isWaitedBelow = seat.queue.length > 0;
    }
  }

  /**
   * Milliseconds until `bytes` may pass: 0 for now. Otherwise the time after which to ask again: the longest delay of this
   * bucket and its parents, and at most 10 ms more (0.1 ms for each that waits, beyond 100) where others come first.
   *
   * To ask is to want: who is told to wait has its turn kept until it passes, or until 20 ms after it should have asked again.
   *
   * @throws RangeError for bytes that are not a finite number from 0 on
   */
  delayMs(bytes: number, nowMs: number): number {
    requireBytes(bytes);
    this.#refill(nowMs);
    let aloneMs = this.#reservoir.delayMs(bytes);
    let inTurnMs = aloneMs;
    let isTurn = true;
    let patienceMs = MAX_PATIENCE_MS;
    let bytesBefore = 0;
    for (let seat = this.#seat; seat?.queue.isScarce === true; seat = seat.parent.#seat) {
      const reservoir = seat.parent.#reservoir;
      bytesBefore += seat.queue.bytesBefore(seat.claimant, nowMs);
      const turnMs = reservoir.delayMs(bytes, bytesBefore);
      // When it is full, more would be lost: whoever comes may pass.
      if (turnMs > 0 && !reservoir.isFull) isTurn = false;
      aloneMs = Math.max(aloneMs, reservoir.delayMs(bytes));
      inTurnMs = Math.max(inTurnMs, turnMs);
      patienceMs = Math.max(patienceMs, seat.queue.length * CROWD_PATIENCE_MS);
    }
    if (inTurnMs > aloneMs) inTurnMs = Math.max(inTurnMs, MIN_PATIENCE_MS);
    const delayMs = aloneMs === 0 && isTurn ? 0 : Math.min(inTurnMs, aloneMs + patienceMs);
    // A delay that the clock has no digits for would be waited for without end.
    if (delayMs === 0 || nowMs + delayMs === nowMs) {
      this.#stopWaiting(this.#seat);
      return 0;
    }
    this.#wait(bytes, nowMs + delayMs + MAX_LATENESS_MS);
    return delayMs;
  }

  /**
   * Changes the rate from `nowMs` on. Tokens earned so far stay, as far as the new burst holds them; a debt stays too, unless there
   * is no limit any more.
   *
   * @throws RangeError for a rate that is not a number from 1 to Infinity
   */
  setRate(bytesPerSecond: number, nowMs: number): void {
    requireRate(bytesPerSecond);
    this.#reservoir.setRate(bytesPerSecond, nowMs);
  }

  /**
   * Changes the share of the parent from `nowMs` on.
   *
   * @throws RangeError for a weight that is not a number from 0.000001 to 1,000,000
   */
  setWeight(weight: number, _nowMs: number): void {
    requireWeight(weight);
    if (this.#seat === undefined) this.#claimant.weight = weight;
    else this.#seat.queue.setWeight(this.#claimant, weight);
  }

  /**
   * Leaves the parent for good: what it shared with this bucket goes to others from `nowMs` on. From then on the bucket, and
   * what is below it, is limited by its own rate alone.
   */
  detach(_nowMs: number): void {
    this.#stopWaiting(this.#seat);
    this.#seat = undefined;
  }

  #refill(nowMs: number): void {
    const { isLimited, burstBytes } = this.#reservoir;
    this.#reservoir.refill(nowMs);
    this.#peakBytes = isLimited ? burstBytes : Infinity;
    this.#settledMs = this.#reservoir.fullMs;
    if (this.#seat !== undefined) {
      const { parent, queue, claimant } = this.#seat;
      parent.#refill(nowMs);
      this.#peakBytes = Math.min(this.#peakBytes, queue.shareOf(claimant));
      this.#settledMs = Math.min(this.#settledMs, parent.#settledMs);
    }
    this.#queue?.describeSupply(this.#peakBytes, this.#settledMs, nowMs);
  }

  /** Has this bucket's turn kept for it, as far up as it is others that it waits for. */
  #wait(bytes: number, untilMs: number): void {
    for (let seat = this.#seat; seat?.queue.isScarce === true; seat = seat.parent.#seat) {
      if (seat.claimant.reservoir.delayMs(bytes) > 0) {
        this.#stopWaiting(seat);
        return;
      }
      seat.queue.enter(seat.claimant, untilMs);
    }
  }

  /** Gives up the turn from this seat on, up to where a bucket waits for others below it too. */
  #stopWaiting(from: Seat | undefined): void {
    for (let seat = from; seat !== undefined; seat = seat.parent.#seat) {
      seat.queue.leave(seat.claimant);
      if (seat.queue.length > 0) return;
    }
  }
}
