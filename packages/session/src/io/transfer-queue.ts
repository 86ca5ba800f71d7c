import { LimitError } from '@tcpcomm/protocol';

/** So many transfers that this end began are under way at a time; the others wait for one of them to end. */
export const MAX_OPEN_TRANSFERS = 16;
/** And so many may wait. */
export const MAX_WAITING_TRANSFERS = 10_000;

/** Something that waits for its turn, until it begins or is taken out. */
export interface Waiting {
  begin(): void;
  /** The session takes no more. */
  fail(): void;
}

/** Which transfers of this end may be under way, and which wait: for their turn, and all of them while there is no connection. */
export class TransferQueue {
  #waiting = new Set<Waiting>();
  #open = 0;
  #isPaused = true;

  /** @throws LimitError when too many wait already */
  requireRoom(): void {
    const waiting = this.#waiting.size;
    if (waiting < MAX_WAITING_TRANSFERS) return;
    throw new LimitError(
      'maxWaitingTransfers',
      MAX_WAITING_TRANSFERS,
      waiting + 1,
      `${waiting} transfers wait for their turn already, maxWaitingTransfers is ${MAX_WAITING_TRANSFERS}; wait for one to end`,
    );
  }

  /** Begins it now or in its turn. */
  enter(entry: Waiting): void {
    this.#waiting.add(entry);
    this.#beginNext();
  }

  /** One that had begun has to begin again, before all that wait. */
  reenter(entry: Waiting): void {
    this.#open -= 1;
    this.#waiting = new Set([entry, ...this.#waiting]);
    this.#beginNext();
  }

  /** It does not want a turn any more; returns whether it was still waiting for one. */
  leave(entry: Waiting): boolean {
    return this.#waiting.delete(entry);
  }

  /** One that had begun has ended. @param isOpen whether others may still begin */
  handleEnded(isOpen: boolean): void {
    this.#open -= 1;
    if (isOpen) this.#beginNext();
    else this.fail();
  }

  /** There is no connection: nothing begins until `resume`. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#beginNext();
  }

  /** None of those that wait will have its turn. */
  fail(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const entry of waiting) entry.fail();
  }

  #beginNext(): void {
    for (const entry of this.#waiting) {
      if (this.#isPaused || this.#open >= MAX_OPEN_TRANSFERS) return;
      this.#waiting.delete(entry);
      this.#open += 1;
      entry.begin();
    }
  }
}
