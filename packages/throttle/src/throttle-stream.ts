import { addAbortSignal, Transform, type TransformCallback } from 'node:stream';
import { TokenBucket, type TokenBucketOptions } from './token-bucket.ts';

/** What passes at once is at most what the rate lets through in this time. */
const QUANTUM_MS = 5;
/** The longest wait without another look: so soon a new rate of a bucket above holds here as well. */
const MAX_WAIT_MS = 40;

export interface ThrottleStreamOptions extends TokenBucketOptions {
  /** Destroys the stream when it is aborted. */
  readonly signal?: AbortSignal;
  /** Bytes that may wait on either side, in front of the throttle and behind it. Default: that of Node.js. */
  readonly highWaterMark?: number;
}

/** The chunk that is on its way through. */
interface Passage {
  readonly chunk: Buffer;
  readonly callback: TransformCallback;
  passedBytes: number;
}

/**
 * A stream of bytes that lets them through at a rate, in pieces of at most 5 ms of it, unchanged and in order. For
 * `pipeline`, between any two streams; the only part of this package that has a clock and timers.
 *
 * A reader that does not read holds up the writer, as with any stream, and what it did not take costs no tokens.
 */
export class ThrottleStream extends Transform {
  readonly #bucket: TokenBucket;
  #passage: Passage | undefined;
  #timer: NodeJS.Timeout | undefined;
  #waitsForReader = false;

  /** @throws RangeError for a rate, a burst or a weight out of its range */
  constructor(options: ThrottleStreamOptions) {
    const bucket = new TokenBucket(options);
    const { signal, highWaterMark } = options;
    super(highWaterMark === undefined ? {} : { highWaterMark });
    this.#bucket = bucket;
    // Not as an option of Transform: a signal that is aborted already would destroy what is not there yet.
    if (signal !== undefined) addAbortSignal(signal, this);
  }

  get bytesPerSecond(): number {
    return this.#bucket.bytesPerSecond;
  }

  /**
   * Changes the rate at once, for what is on its way through too.
   *
   * @throws RangeError for a rate that is not a number from 1 to Infinity
   */
  setRate(bytesPerSecond: number): void {
    this.#bucket.setRate(bytesPerSecond, performance.now());
    if (this.#timer !== undefined) this.#wait(0);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#passage = { chunk, callback, passedBytes: 0 };
    this.#pass();
  }

  override _read(size: number): void {
    super._read(size);
    if (!this.#waitsForReader) return;
    this.#waitsForReader = false;
    this.#pass();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#passage = undefined;
    this.#bucket.detach(performance.now());
    super._destroy(error, callback);
  }

  /** Lets through what may pass now, and arranges for the rest. */
  #pass(): void {
    // A listener of 'data' may destroy the stream between two pieces.
    for (let passage = this.#passage; passage !== undefined; passage = this.#passage) {
      const { chunk, callback, passedBytes } = passage;
      if (passedBytes === chunk.length) {
        this.#passage = undefined;
        callback();
        return;
      }
      const piece = chunk.subarray(passedBytes, passedBytes + this.#quantumBytes);
      const nowMs = performance.now();
      const delayMs = this.#bucket.delayMs(piece.length, nowMs);
      if (delayMs > 0) {
        this.#wait(delayMs);
        return;
      }
      this.#bucket.spend(piece.length, nowMs);
      passage.passedBytes += piece.length;
      if (!this.push(piece) && passage.passedBytes < chunk.length) {
        this.#waitsForReader = true;
        return;
      }
    }
  }

  #wait(delayMs: number): void {
    clearTimeout(this.#timer);
    const run = () => {
      this.#timer = undefined;
      this.#pass();
    };
    this.#timer = setTimeout(run, Math.min(Math.ceil(delayMs), MAX_WAIT_MS));
  }

  /** What passes at once: so little that no bucket on the way up is left in debt, and a new rate has nothing to wait for. */
  get #quantumBytes(): number {
    let bytes = Infinity;
    for (let bucket: TokenBucket | undefined = this.#bucket; bucket !== undefined; bucket = bucket.parent) {
      const { bytesPerSecond, burstBytes } = bucket;
      if (bytesPerSecond < Infinity) bytes = Math.min(bytes, (bytesPerSecond * QUANTUM_MS) / 1000, burstBytes);
    }
    return Math.max(1, Math.floor(bytes));
  }
}
