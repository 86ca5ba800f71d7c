import type { Session } from '@tcpcomm/session';
import { AVERAGE_NUMBERED_BYTES, areNumbered, numberedBytes, numberOf } from './numbered-bytes.ts';
import type { Traffic } from './traffic.ts';

const CHANNELS = 20;

/** Messages on the first twenty channels: each must come once, and in order. */
export class NumberedMessages implements Traffic {
  readonly kind = 'messages';
  readonly averageBytes = AVERAGE_NUMBERED_BYTES;
  readonly total: number;
  readonly violations: string[] = [];
  readonly #from: Session;
  /** Of each channel, the number of the next. */
  readonly #next = new Map<number, number>();
  readonly #allCame = Promise.withResolvers<undefined>();
  readonly #stopListening: () => void;
  #count = 0;

  constructor(total: number, from: Session, to: Session) {
    this.total = total;
    this.#from = from;
    if (total === 0) this.#allCame.resolve(undefined);
    const take = this.#take.bind(this);
    to.on('message', take);
    this.#stopListening = () => to.off('message', take);
  }

  get ended(): number {
    return this.#count;
  }

  async send(number: number): Promise<void> {
    const channel = 1 + (number % CHANNELS);
    await this.#from.sendBytes(numberedBytes(channel, Math.floor(number / CHANNELS)), channel);
  }

  async settled(): Promise<void> {
    await this.#allCame.promise;
  }

  end(): void {
    this.#stopListening();
  }

  #take(bytes: Uint8Array, channel: number): void {
    const expected = this.#next.get(channel) ?? 0;
    this.#next.set(channel, expected + 1);
    this.#count += 1;
    if (this.#count === this.total) this.#allCame.resolve(undefined);
    if (this.#count > this.total) this.violations.push(`${this.#count} messages came, ${this.total} were sent`);
    if (areNumbered(bytes, channel, expected)) return;
    const number = numberOf(bytes);
    const what = number === expected ? 'with other bytes' : `as number ${String(number)}`;
    this.violations.push(`message ${expected} on channel ${channel} came ${what}`);
  }
}
