import { MAX_CHANNEL } from '@tcpcomm/protocol';

/** Something of each lane, by its number. An array for the lanes of messages, which every frame goes through; the others would leave it full of holes. */
export class LaneMap<Value> {
  readonly #messages: (Value | undefined)[] = [];
  #others: Map<number, Value> | undefined;

  get(lane: number): Value | undefined {
    return lane <= MAX_CHANNEL ? this.#messages[lane] : this.#others?.get(lane);
  }

  set(lane: number, value: Value): void {
    if (lane <= MAX_CHANNEL) this.#messages[lane] = value;
    else (this.#others ??= new Map<number, Value>()).set(lane, value);
  }

  /** Forgets all but what there is of messages. */
  keepMessages(): void {
    this.#others = undefined;
  }

  /** The numbers of those that are there, in their order. */
  get numbers(): number[] {
    const messages = Object.keys(this.#messages).map(Number);
    return this.#others ? [...messages, ...[...this.#others.keys()].sort((one, other) => one - other)] : messages;
  }

  /** In the order of their numbers. */
  get values(): Value[] {
    return this.numbers.map((lane) => this.get(lane)!);
  }
}
