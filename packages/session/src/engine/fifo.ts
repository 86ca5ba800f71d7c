/** How many empty places are tolerated at the front before the array is moved up. */
const MAX_EMPTY_PLACES = 64;

/** A first-in-first-out queue; unlike `shift` in a loop it costs constant time an element, however long it is. */
export class Fifo<Element> {
  #elements: (Element | undefined)[] = [];
  #head = 0;

  get first(): Element | undefined {
    return this.#elements[this.#head];
  }

  get last(): Element | undefined {
    return this.#elements.at(-1);
  }

  get isEmpty(): boolean {
    return this.#head === this.#elements.length;
  }

  /** Empties it and returns what was in it, the first first. */
  removeAll(): Element[] {
    const elements = this.#elements.slice(this.#head) as Element[];
    this.#elements = [];
    this.#head = 0;
    return elements;
  }

  push(element: Element): void {
    this.#elements.push(element);
  }

  removeFirst(): Element | undefined {
    if (this.isEmpty) return undefined;
    const element = this.#elements[this.#head];
    this.#elements[this.#head] = undefined;
    this.#head += 1;
    const isDrained = this.#head === this.#elements.length;
    if (isDrained || (this.#head >= MAX_EMPTY_PLACES && this.#head * 2 >= this.#elements.length)) {
      this.#elements = this.#elements.slice(this.#head);
      this.#head = 0;
    }
    return element;
  }
}
