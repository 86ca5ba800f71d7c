import type { LargeArray } from './array-types.ts';
import { Queue } from './queue.ts';

/** An array that has come, and what is to happen when the program gets it. */
interface CompleteArray {
  readonly array: LargeArray;
  readonly onTaken: () => void;
}

type Request = (array: LargeArray | undefined) => void;

/** Complete arrays on their way to the program: each goes to one iteration, in the order in which they were complete. */
export class ArrayInbox {
  readonly #complete = new Queue<CompleteArray>();
  /** Iterations that wait, in the order of asking. */
  readonly #requests = new Queue<Request>();
  #isEnded = false;

  /** Returns what drops it, unless it was taken at once. */
  deliver(array: LargeArray, onTaken: () => void): (() => void) | undefined {
    const request = this.#requests.removeFirst();
    if (request === undefined) return this.#complete.push({ array, onTaken });
    request(array);
    onTaken();
    return undefined;
  }

  dropAll(): void {
    this.#complete.removeAll();
  }

  /** No more will come: iterations end when they have had those that wait. */
  end(): void {
    this.#isEnded = true;
    for (const request of this.#requests.removeAll()) request(undefined);
  }

  iterate(): AsyncIterableIterator<LargeArray, undefined> {
    return new ArrayIteration(this);
  }

  /** The next array, or undefined where none will come. `onWait` is given what answers with nothing before. */
  take(onWait: (cancel: () => void) => void): Promise<LargeArray | undefined> {
    const complete = this.#complete.removeFirst();
    if (complete) {
      complete.onTaken();
      return Promise.resolve(complete.array);
    }
    if (this.#isEnded) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const leave = this.#requests.push(resolve);
      onWait(() => leave()?.(undefined));
    });
  }
}

/** Not a generator: the `return` of one would wait for the array that its `next` waits for. */
class ArrayIteration implements AsyncIterableIterator<LargeArray, undefined> {
  readonly #inbox: ArrayInbox;
  /** What answers those that wait with nothing. */
  readonly #cancels = new Set<() => void>();
  #isOver = false;

  constructor(inbox: ArrayInbox) {
    this.#inbox = inbox;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<LargeArray, undefined>> {
    if (this.#isOver) return { done: true, value: undefined };
    let ownCancel: (() => void) | undefined;
    const array = await this.#inbox.take((cancel) => {
      ownCancel = cancel;
      this.#cancels.add(cancel);
    });
    if (ownCancel) this.#cancels.delete(ownCancel);
    return array === undefined ? { done: true, value: undefined } : { done: false, value: array };
  }

  async return(): Promise<IteratorResult<LargeArray, undefined>> {
    this.#isOver = true;
    for (const cancel of this.#cancels) cancel();
    return { done: true, value: undefined };
  }
}
