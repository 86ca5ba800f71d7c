import { firstTransferId, type Role } from '../role.ts';

const MAX_TRANSFER_ID = 0xff_ff;
/** Ids of each side differ by two. */
const ID_STEP = 2;

/** The ids for the transfers that one side of a session begins. They go round, over all its connections, so that one is not used again soon. */
export class TransferIds {
  readonly #first: number;
  #last: number;

  constructor(role: Role) {
    this.#first = firstTransferId(role);
    this.#last = this.#first - ID_STEP;
  }

  /** The next one that is free. */
  take(isInUse: (id: number) => boolean): number {
    do {
      this.#last += ID_STEP;
      if (this.#last > MAX_TRANSFER_ID) this.#last = this.#first;
    } while (isInUse(this.#last));
    return this.#last;
  }
}
