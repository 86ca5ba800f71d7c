import type { ArrayLimits } from './array-messages.ts';
import { ArrayTransferError } from './errors.ts';

/**
 * What a receiver holds for its peer, and what it may: arrays on their way and complete ones, until the program has taken them.
 *
 * Complete arrays outlive the peer that they came from (`startAnew`), and what they take is not there for the next one. As its limits
 * let it send one array of `maxBytes` always, it may send none while they fill `maxBufferedBytes`. So all together there are never more than
 * `maxBufferedBytes` and one array.
 */
export class ReceptionBudget {
  readonly #limits: ArrayLimits;
  #heldArrays = 0;
  #heldBytes = 0;
  /** From earlier peers. */
  #oldArrays = 0;
  #oldBytes = 0;

  constructor(limits: ArrayLimits) {
    this.#limits = limits;
  }

  /** What the peer is told. */
  get limits(): ArrayLimits {
    const { maxBytes, maxBufferedBytes, maxArrays } = this.#limits;
    const isFull = this.#oldBytes >= maxBufferedBytes && this.#oldBytes > 0;
    return {
      maxBytes,
      maxBufferedBytes: Math.max(maxBufferedBytes - this.#oldBytes, 0),
      maxArrays: isFull ? 0 : Math.max(maxArrays - this.#oldArrays, 0),
    };
  }

  /**
   * Counts an array in.
   *
   * @throws ArrayTransferError ARRAY_TOO_LARGE or TOO_MANY_ARRAYS for what the peer should not have sent, and it is not counted
   */
  hold(byteLength: number): void {
    const { maxBytes, maxBufferedBytes, maxArrays } = this.limits;
    if (byteLength > maxBytes) {
      throw new ArrayTransferError(
        'ARRAY_TOO_LARGE',
        `array of ${byteLength} bytes, at most ${maxBytes} are taken`,
        'remote',
      );
    }
    if (this.#heldArrays >= maxArrays) {
      throw tooMany(`array beside ${this.#heldArrays} that are not taken, at most ${maxArrays} are allowed`);
    }
    if (this.#heldArrays > 0 && this.#heldBytes + byteLength > maxBufferedBytes) {
      throw tooMany(
        `array of ${byteLength} bytes beside ${this.#heldBytes} that are not taken, at most ${maxBufferedBytes} are allowed`,
      );
    }
    this.#heldArrays += 1;
    this.#heldBytes += byteLength;
  }

  /** An array is not held any more. */
  release(byteLength: number): void {
    this.#heldArrays -= 1;
    this.#heldBytes -= byteLength;
  }

  /** There is another peer: what is held is from an earlier one. */
  startAnew(): void {
    this.#oldArrays += this.#heldArrays;
    this.#oldBytes += this.#heldBytes;
    this.#heldArrays = 0;
    this.#heldBytes = 0;
  }

  /** As `release`, for one from an earlier peer. */
  releaseOld(byteLength: number): void {
    this.#oldArrays -= 1;
    this.#oldBytes -= byteLength;
  }
}

function tooMany(message: string): ArrayTransferError {
  return new ArrayTransferError('TOO_MANY_ARRAYS', message, 'remote');
}
