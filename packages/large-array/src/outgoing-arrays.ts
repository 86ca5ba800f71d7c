import type { Answers } from './answers.ts';
import { type ArrayFailure, type ArrayLimits, encodeFailure, MessageKind } from './array-messages.ts';
import type { ArrayNumbers } from './array-numbers.ts';
import type { ArrayPort } from './array-port.ts';
import type { ArraySource } from './array-source.ts';
import { ArrayErrorNumber, ArrayTransferError, invalid } from './errors.ts';
import { OutgoingArray, type SendArrayOptions } from './outgoing-array.ts';
import { Queue } from './queue.ts';

/** What the port may have been given that has not gone: a few pieces, however many arrays are under way. */
const MAX_UNSENT_BYTES = 1_048_576;
/** What a message costs beside its bytes, about: many small ones are no less of a load. */
const MESSAGE_BYTES = 64;

/**
 * The arrays that go to the peer. They begin in the order of sending, each when the peer's limits let it, which count it until the
 * peer's program has it. Those that have begun take turns, a piece each.
 */
export class OutgoingArrays {
  readonly #port: ArrayPort;
  readonly #answers: Answers;
  readonly #numbers: ArrayNumbers;
  /** The peer's; undefined until it has said them: then nothing may begin. */
  #limits: ArrayLimits | undefined;
  readonly #waiting = new Queue<OutgoingArray>();
  /** Those that the peer counts, by number. */
  readonly #begun = new Map<number, OutgoingArray>();
  #begunBytes = 0;
  /** Those that have begun and have something to send. */
  readonly #turns = new Queue<OutgoingArray>();
  #unsent = { bytes: 0 };
  #isGivingTurns = false;
  #endReason: { readonly error: unknown } | undefined;

  constructor(port: ArrayPort, answers: Answers, numbers: ArrayNumbers) {
    this.#port = port;
    this.#answers = answers;
    this.#numbers = numbers;
  }

  /** Resolves when the peer's program has the array. */
  send(source: ArraySource, options: SendArrayOptions): Promise<void> {
    const array = new OutgoingArray(source, options);
    const { signal } = options;
    if (this.#endReason) array.reject(this.#endReason.error);
    else if (signal?.aborted === true) array.reject(signal.reason);
    else if (!this.#rejectTooLarge(array)) {
      array.watchSignal((reason) => this.#abort(array, reason, 'the sender has aborted it'));
      array.leaveLine = this.#waiting.push(array);
      this.#giveTurns();
    }
    return array.taken;
  }

  /** Returns whether the peer has begun to take arrays again: it may be another one at the same port, that knows nothing of this side. */
  handleLimits(limits: ArrayLimits): boolean {
    const takesAgain = this.#limits?.maxArrays === 0 && limits.maxArrays > 0;
    this.#limits = limits;
    this.#giveTurns();
    return takesAgain;
  }

  /** @throws ArrayTransferError ARRAY_INVALID for an array that was never sent */
  handleTaken(id: number): void {
    const array = this.#begunWith(id);
    if (array === undefined) return;
    if (array.isGiven) {
      this.#leave(array);
      array.resolve();
    } else {
      const error = invalid(`array ${id} was taken before all of it was sent`);
      this.#abort(array, error, error.message);
    }
    this.#giveTurns();
  }

  /** @throws ArrayTransferError ARRAY_INVALID for an array that was never sent */
  handleRefused(id: number, { number, sentence }: ArrayFailure): void {
    const array = this.#begunWith(id);
    if (array) this.#abort(array, new ArrayTransferError(number, sentence, 'remote'), 'it was refused');
  }

  /** What the peer was told of is lost; what waits goes on waiting, for the limits of the next peer. */
  reset(reason: unknown): void {
    this.#limits = undefined;
    this.#begunBytes = 0;
    this.#unsent = { bytes: 0 };
    this.#turns.removeAll();
    const lost = [...this.#begun.values()];
    this.#begun.clear();
    for (const array of lost) array.reject(reason);
  }

  /** Nothing is sent any more. */
  end(reason: unknown): void {
    if (this.#endReason) return;
    this.#endReason = { error: reason };
    this.reset(reason);
    for (const array of this.#waiting.removeAll()) array.reject(reason);
  }

  /** As `end`, and the peer goes on: it is told of what does not come. */
  close(reason: ArrayTransferError): void {
    for (const array of this.#begun.values()) this.#tellAborted(array, reason);
    this.end(reason);
  }

  /** Undefined for one that is over already: what the peer says of it has crossed what was said here. */
  #begunWith(id: number): OutgoingArray | undefined {
    if (id > this.#numbers.last) throw invalid(`answer to array ${id}, which was never sent`);
    return this.#begun.get(id);
  }

  #giveTurns(): void {
    // A port may hand on at once what it is given, and the answer comes back to here.
    if (this.#isGivingTurns) return;
    this.#isGivingTurns = true;
    while (this.#unsent.bytes < MAX_UNSENT_BYTES && (this.#beginFirst() || this.#giveTurn()));
    this.#isGivingTurns = false;
  }

  /** Announces the array that has waited longest, or finds that it never can be; returns false where none may begin. */
  #beginFirst(): boolean {
    const array = this.#waiting.first;
    if (array === undefined || this.#limits === undefined) return false;
    const { maxArrays, maxBufferedBytes } = this.#limits;
    if (!this.#rejectTooLarge(array)) {
      if (this.#begun.size >= maxArrays) return false;
      if (this.#begun.size > 0 && this.#begunBytes + array.byteLength > maxBufferedBytes) return false;
      array.id = this.#numbers.next();
      this.#begun.set(array.id, array);
      this.#begunBytes += array.byteLength;
      this.#waiting.removeFirst();
      this.#give(array);
    } else this.#waiting.removeFirst();
    return true;
  }

  /** Returns false where none has anything to send. */
  #giveTurn(): boolean {
    const array = this.#turns.removeFirst();
    if (array) this.#give(array);
    return array !== undefined;
  }

  #give(array: OutgoingArray): void {
    const givenBefore = array.givenBytes;
    try {
      const gone = array.giveNext(this.#port);
      void this.#waitUntilGone(array, gone, array.givenBytes - givenBefore);
    } catch (error) {
      this.#abort(array, error, (error as Error).message);
      return;
    }
    // The answer may be here already, if the port hands on at once what it is given.
    if (!array.isGiven && !array.isSettled) array.leaveLine = this.#turns.push(array);
  }

  async #waitUntilGone(array: OutgoingArray, gone: Promise<unknown>, bytes: number): Promise<void> {
    const unsent = this.#unsent;
    unsent.bytes += bytes + MESSAGE_BYTES;
    try {
      await gone;
      array.handleGone(bytes);
    } catch (error) {
      // What the port has dropped may be one of two messages that belong together: nothing is sure any more.
      if (unsent === this.#unsent) this.reset(error);
    }
    unsent.bytes -= bytes + MESSAGE_BYTES;
    this.#giveTurns();
  }

  #rejectTooLarge(array: OutgoingArray): boolean {
    const maxBytes = this.#limits?.maxBytes ?? Infinity;
    if (array.byteLength <= maxBytes) return false;
    const message = `array of ${array.byteLength} bytes, the peer takes at most ${maxBytes}`;
    array.reject(new ArrayTransferError('ARRAY_TOO_LARGE', message, 'local'));
    return true;
  }

  /** The array does not go on, whatever was done of it. */
  #abort(array: OutgoingArray, reason: unknown, sentence: string): void {
    array.leaveLine?.();
    if (array.id > 0) {
      this.#leave(array);
      this.#tellAborted(array, { number: numberOf(reason), message: sentence });
    }
    array.reject(reason);
    this.#giveTurns();
  }

  /** The peer counts it no more. */
  #leave(array: OutgoingArray): void {
    this.#begun.delete(array.id);
    this.#begunBytes -= array.byteLength;
  }

  #tellAborted(
    { id, isAnnounced }: OutgoingArray,
    { number, message }: Pick<ArrayTransferError, 'number' | 'message'>,
  ): void {
    if (isAnnounced) this.#answers.say(encodeFailure(MessageKind.ABORTED, id, { number, sentence: message }));
  }
}

/** What the peer is told: the numbers of this package, and of all else that the program did not want it any more. */
function numberOf(reason: unknown): number {
  return reason instanceof ArrayTransferError && reason.side === 'local'
    ? reason.number
    : ArrayErrorNumber.ARRAY_ABORTED;
}
