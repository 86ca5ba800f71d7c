import { type Announcement, decodeAnnouncement, descriptionOf, type ReadAnnouncement } from './announcement.ts';
import type { Answers } from './answers.ts';
import type { ArrayDescription, ArrayProgress } from './array-description.ts';
import type { ArrayInbox } from './array-inbox.ts';
import {
  type ArrayFailure,
  type ArrayLimits,
  encodeFailure,
  encodeHeader,
  encodeLimits,
  MessageKind,
} from './array-messages.ts';
import type { LargeArray } from './array-types.ts';
import { tell } from './callbacks.ts';
import { ArrayTransferError, invalid } from './errors.ts';
import { IncomingArray } from './incoming-array.ts';
import { ReceptionBudget } from './reception-budget.ts';

/** What the program is told of arrays that come. */
export interface IncomingObserver {
  /** Told of each piece that has come. */
  readonly onProgress?: ((progress: ArrayProgress) => void) | undefined;
  /** Told of each array that does not come, and of messages that no peer should send; of an array whatever is known. */
  readonly onFailure?: ((error: Error, description: ArrayDescription | undefined) => void) | undefined;
}

/** A complete array that the program has not taken. */
interface WaitingArray {
  readonly description: ArrayDescription;
  /** Takes it out of the inbox. */
  drop: (() => void) | undefined;
}

/**
 * The arrays that come from the peer, of whom nothing is believed. Each that was announced within the limits ends once: in the inbox and from there
 * with the program, or as a failure that the program is told of.
 */
export class IncomingArrays {
  readonly #answers: Answers;
  readonly #inbox: ArrayInbox;
  readonly #observer: IncomingObserver;
  readonly #budget: ReceptionBudget;
  readonly #descriptions = new WeakMap<LargeArray, ArrayDescription>();
  readonly #inProgress = new Map<number, IncomingArray>();
  readonly #waiting = new Map<number, WaitingArray>();
  /** They wait as well, but the peer that they came from is gone. */
  readonly #outlived = new Set<WaitingArray>();
  /** Of what is not in progress and has a lower number, the end was told already. */
  #highestId = 0;
  /** The array that the next message is a piece of. */
  #pieceOf: number | undefined;

  constructor(limits: ArrayLimits, answers: Answers, inbox: ArrayInbox, observer: IncomingObserver) {
    this.#budget = new ReceptionBudget(limits);
    this.#answers = answers;
    this.#inbox = inbox;
    this.#observer = observer;
  }

  get inProgress(): readonly (readonly [id: number, array: IncomingArray])[] {
    return [...this.#inProgress];
  }

  /** Whether the next message is the piece of an array, and nothing else, whatever is in it. */
  get awaitsPiece(): boolean {
    return this.#pieceOf !== undefined;
  }

  descriptionOf(array: LargeArray): ArrayDescription | undefined {
    return this.#descriptions.get(array);
  }

  /** Tells the peer that arrays are taken, and within what limits. */
  sayLimits(): void {
    this.#answers.answer(encodeLimits(this.#budget.limits));
  }

  handleAnnouncement(id: number, bytes: Uint8Array): void {
    if (id <= this.#highestId) {
      this.#refuse(id, invalid(`array ${id} was announced before`));
      return;
    }
    this.#highestId = id;
    let announcement: ReadAnnouncement | undefined;
    try {
      announcement = decodeAnnouncement(bytes);
      const array = this.#begin(announcement);
      this.#inProgress.set(id, array);
      if (announcement.elementBytesAt !== undefined)
        this.#receive(id, array, bytes.subarray(announcement.elementBytesAt));
    } catch (error) {
      this.#refuse(id, error as ArrayTransferError, announcement && descriptionOf(announcement));
    }
  }

  /** @throws ArrayTransferError ARRAY_INVALID for an array that was never announced; the piece comes all the same */
  handlePieceHeader(id: number): void {
    this.#pieceOf = id;
    this.#requireAnnounced(id);
  }

  /** @throws ArrayTransferError ARRAY_INVALID for bytes of an array that is complete */
  handlePiece(bytes: Uint8Array): void {
    const id = this.#pieceOf!;
    this.#pieceOf = undefined;
    const array = this.#inProgress.get(id);
    if (array === undefined) {
      if (this.#waiting.has(id)) throw invalid(`${bytes.length} bytes beyond the end of array ${id}`);
    } else if (bytes.length === 0) this.#refuse(id, invalid('piece of 0 bytes, at least 1 is needed'));
    else if (bytes.length > array.missingBytes) {
      this.#refuse(id, invalid(`piece of ${bytes.length} bytes, only ${array.missingBytes} are missing`));
    } else this.#receive(id, array, bytes);
  }

  /** @throws ArrayTransferError ARRAY_INVALID for an array that was never announced */
  handleAborted(id: number, { number, sentence }: ArrayFailure): void {
    this.#requireAnnounced(id);
    this.#drop(id, new ArrayTransferError(number, sentence, 'remote'));
  }

  /** The program does not want an array, or any more of it. */
  refuse(id: number, array: IncomingArray, error: ArrayTransferError): void {
    if (this.#inProgress.get(id) === array) this.#refuse(id, error);
  }

  /** There is a peer that knows nothing: what is complete stays. */
  reset(reason: Error): void {
    this.#pieceOf = undefined;
    this.#highestId = 0;
    const lost = [...this.#inProgress.values()];
    this.#inProgress.clear();
    for (const array of lost) {
      array.free();
      this.#budget.release(array.description.byteLength);
    }
    this.#budget.startAnew();
    for (const waiting of this.#waiting.values()) this.#outlived.add(waiting);
    this.#waiting.clear();
    for (const { description } of lost) this.tellFailure(reason, description);
  }

  /** Nothing is taken any more, and the peer is told. */
  close(error: ArrayTransferError): void {
    this.#answers.say(encodeLimits({ ...this.#budget.limits, maxArrays: 0 }));
    // What one failure makes the program do may be the end of another.
    for (const id of [...this.#inProgress.keys()]) if (this.#inProgress.has(id)) this.#refuse(id, error);
    for (const id of [...this.#waiting.keys()]) if (this.#waiting.has(id)) this.#refuse(id, error);
    this.#inbox.dropAll();
    const dropped = [...this.#outlived];
    this.#outlived.clear();
    for (const { description } of dropped) this.tellFailure(error, description);
  }

  tellFailure(error: Error, description?: ArrayDescription): void {
    tell(this.#observer.onFailure, error, description);
  }

  /** @throws ArrayTransferError where the limits or the memory do not allow it */
  #begin(announcement: Announcement): IncomingArray {
    const { byteLength } = announcement;
    this.#budget.hold(byteLength);
    try {
      return new IncomingArray(announcement);
    } catch (cause) {
      this.#budget.release(byteLength);
      throw noMemory(byteLength, cause);
    }
  }

  #receive(id: number, array: IncomingArray, bytes: Uint8Array): void {
    try {
      array.append(bytes);
    } catch (cause) {
      this.#refuse(id, noMemory(array.description.byteLength, cause));
      return;
    }
    const isComplete = array.missingBytes === 0;
    if (isComplete) this.#inProgress.delete(id);
    this.#tellProgress(array);
    if (isComplete) this.#deliver(array);
  }

  #deliver(incoming: IncomingArray): void {
    const { description } = incoming;
    const waiting: WaitingArray = { description, drop: undefined };
    const array = incoming.complete();
    this.#descriptions.set(array, description);
    this.#waiting.set(description.id, waiting);
    waiting.drop = this.#inbox.deliver(array, () => this.#handleTaken(waiting));
  }

  #handleTaken(waiting: WaitingArray): void {
    const { id, byteLength } = waiting.description;
    if (this.#outlived.delete(waiting)) {
      this.#budget.releaseOld(byteLength);
      this.sayLimits();
    } else {
      this.#waiting.delete(id);
      this.#budget.release(byteLength);
      this.#answers.answer(encodeHeader(MessageKind.TAKEN, id));
    }
  }

  /** As `#drop`, and the peer is told; also for an array that there is nothing of. */
  #refuse(id: number, error: ArrayTransferError, description?: ArrayDescription): void {
    const { number, message } = error;
    this.#answers.answer(encodeFailure(MessageKind.REFUSED, id, { number, sentence: message }));
    if (!this.#drop(id, error)) this.tellFailure(error, description);
  }

  /** Lets go of what there is of an array; returns whether there was anything. */
  #drop(id: number, error: Error): boolean {
    const array = this.#inProgress.get(id);
    const waiting = this.#waiting.get(id);
    const description = (array ?? waiting)?.description;
    if (description === undefined) return false;
    this.#inProgress.delete(id);
    this.#waiting.delete(id);
    array?.free();
    waiting?.drop?.();
    this.#budget.release(description.byteLength);
    this.tellFailure(error, description);
    return true;
  }

  #requireAnnounced(id: number): void {
    if (id > this.#highestId) throw invalid(`message about array ${id}, which was never announced`);
  }

  #tellProgress({ description: { id, label, byteLength }, receivedBytes }: IncomingArray): void {
    const { onProgress } = this.#observer;
    if (onProgress) tell(onProgress, { id, label, byteLength, movedBytes: receivedBytes, direction: 'incoming' });
  }
}

function noMemory(byteLength: number, cause: unknown): ArrayTransferError {
  return new ArrayTransferError('ARRAY_TOO_LARGE', `no memory for an array of ${byteLength} bytes`, 'local', { cause });
}
