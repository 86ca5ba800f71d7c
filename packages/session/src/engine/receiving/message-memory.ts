import { Fifo } from '../fifo.ts';

/** Gives memory of exactly that size and of any content: all of it is written before anybody sees it. */
export type AllocateBytes = (byteLength: number) => Uint8Array<ArrayBuffer>;

/** Memory that is lent, and the message that it is lent for: which of its channel. */
interface Loan {
  readonly messageNumber: number;
  readonly memory: Uint8Array<ArrayBuffer>;
}

/** How many pieces of memory are kept for messages to come. */
const MAX_SPARES = 8;

/**
 * Memory for the messages of one channel that do not lie in what was received. It is new for each, and the application's for good; or
 * it is lent: then the session has it back when the message is consumed, and the next one gets it. Memory that was just used
 * is many times as fast to write to as new memory, which the system has to provide page by page and the garbage collector to find.
 */
export class MessageMemory {
  /** Whether messages are lent, those that have not been handed over yet. */
  lends = false;

  readonly #allocate: AllocateBytes;
  /** So much of it is kept altogether. */
  readonly #maxSpareBytes: number;
  /** In the order of their messages. */
  readonly #loans = new Fifo<Loan>();
  /** What messages gave back, the newest last. */
  readonly #spares: Uint8Array<ArrayBuffer>[] = [];
  #spareBytes = 0;

  constructor(allocate: AllocateBytes, maxSpareBytes: number) {
    this.#allocate = allocate;
    this.#maxSpareBytes = maxSpareBytes;
  }

  /** Memory of that size; what is lent may be larger. */
  readonly take = (byteLength: number): Uint8Array<ArrayBuffer> => {
    const index = this.#spares.findLastIndex(({ length }) => length >= byteLength);
    return this.#removeSpare(index) ?? this.#allocate(byteLength);
  };

  /** The message of that number, which lies in memory from here, is handed over. */
  handOver(message: Uint8Array<ArrayBuffer>, messageNumber: number): void {
    if (this.lends) this.#loans.push({ messageNumber, memory: new Uint8Array(message.buffer) });
  }

  /** The message of that number is consumed, and all before it. */
  handleConsumed(messageNumber: number): void {
    if (this.#loans.first?.messageNumber !== messageNumber) return;
    const memory = this.#loans.removeFirst()?.memory;
    if (memory === undefined || !this.lends || memory.length > this.#maxSpareBytes) return;
    this.#spares.push(memory);
    this.#spareBytes += memory.length;
    while (this.#spares.length > MAX_SPARES || this.#spareBytes > this.#maxSpareBytes) this.#removeSpare(0);
  }

  /** Keeps nothing for messages to come. */
  trim(): void {
    this.#spares.length = 0;
    this.#spareBytes = 0;
  }

  #removeSpare(index: number): Uint8Array<ArrayBuffer> | undefined {
    const [spare] = index < 0 ? [] : this.#spares.splice(index, 1);
    this.#spareBytes -= spare?.length ?? 0;
    return spare;
  }
}
