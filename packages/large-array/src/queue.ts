/** Takes an element out before its turn and returns it; undefined where it has left already. */
export type Leave<Element> = () => Element | undefined;

/**
 * First in, first out, but whoever has given up may leave before its turn: constant time an element either way, and nothing is kept of
 * one that has left.
 */
export class Queue<Element> {
  readonly #elements = new Map<number, Element>();
  #head = 0;
  #tail = 0;

  get isEmpty(): boolean {
    return this.#elements.size === 0;
  }

  get first(): Element | undefined {
    if (this.isEmpty) return undefined;
    while (!this.#elements.has(this.#head)) this.#head += 1;
    return this.#elements.get(this.#head);
  }

  push(element: Element): Leave<Element> {
    const place = this.#tail;
    this.#elements.set(place, element);
    this.#tail += 1;
    return () => this.#remove(place);
  }

  removeFirst(): Element | undefined {
    const { first } = this;
    this.#elements.delete(this.#head);
    return first;
  }

  /** Empties it and returns what was in it, the first first. */
  removeAll(): Element[] {
    const elements = [...this.#elements.values()];
    this.#elements.clear();
    return elements;
  }

  #remove(place: number): Element | undefined {
    const element = this.#elements.get(place);
    this.#elements.delete(place);
    return element;
  }
}
