/**
 * The greatest value of a sliding window, in constant space: Kathleen Nichols' filter (Linux, lib/minmax.c). Besides the
 * greatest value it keeps the greatest of those that came after it, and of those after that, so that something recent is at
 * hand when the greatest leaves the window. The result is exact or, after a value has left, a little low.
 *
 * What the window is measured in is up to the caller: the positions only have to be in order.
 */
export class WindowedMaximum {
  readonly #windowLength: number;
  readonly #values: [number, number, number] = [0, 0, 0];
  readonly #positions: [number, number, number] = [0, 0, 0];

  constructor(windowLength: number) {
    this.#windowLength = windowLength;
  }

  /** 0 before the first value. */
  get value(): number {
    return this.#values[0];
  }

  /** Forgets all values but this one. */
  reset(value: number, position: number): void {
    this.#values.fill(value);
    this.#positions.fill(position);
  }

  update(value: number, position: number): void {
    const hasAllLeft = position - this.#positions[2] > this.#windowLength;
    if (value >= this.#values[0] || hasAllLeft) {
      this.reset(value, position);
      return;
    }
    if (value >= this.#values[1]) this.#setFrom(1, value, position);
    else if (value >= this.#values[2]) this.#setFrom(2, value, position);
    this.#age(value, position);
  }

  #age(value: number, position: number): void {
    const age = position - this.#positions[0];
    if (age > this.#windowLength) {
      this.#shift(value, position);
      if (position - this.#positions[0] > this.#windowLength) this.#shift(value, position);
    } else if (this.#positions[1] === this.#positions[0] && age > this.#windowLength / 4) {
      // A quarter of the window without a second: take one now, and so after half of it for the third.
      this.#setFrom(1, value, position);
    } else if (this.#positions[2] === this.#positions[1] && age > this.#windowLength / 2) {
      this.#setFrom(2, value, position);
    }
  }

  #setFrom(first: 1 | 2, value: number, position: number): void {
    this.#values.fill(value, first);
    this.#positions.fill(position, first);
  }

  #shift(value: number, position: number): void {
    this.#values.copyWithin(0, 1);
    this.#positions.copyWithin(0, 1);
    this.#setFrom(2, value, position);
  }
}
