/** The last number that was given, for each channel of a source or for a port. */
const lastNumbers = new WeakMap<object, Map<number, number>>();

/**
 * Numbers for the arrays that are sent over a port. They go on where an earlier transfer over the same port has left off: the peer, for
 * which nothing has begun anew, takes no number twice.
 */
export class ArrayNumbers {
  readonly #last: Map<number, number>;
  readonly #channel: number;

  /** @param owner the port, or what has one for each channel */
  constructor(owner: object, channel: number) {
    this.#last = lastNumbers.get(owner) ?? new Map<number, number>();
    lastNumbers.set(owner, this.#last);
    this.#channel = channel;
  }

  /** The one that was given last; 0 before the first. */
  get last(): number {
    return this.#last.get(this.#channel) ?? 0;
  }

  next(): number {
    const number = this.last + 1;
    this.#last.set(this.#channel, number);
    return number;
  }
}
