import { Fifo } from './engine/fifo.ts';

/** Where the messages of one session go. */
export interface MessageConsumer {
  /** Whether somebody listens; while nobody does, messages wait, and the sender's credit with them. */
  isListening(): boolean;
  /** Hands a message over. What it returns, if that is a promise, is waited for before the channel's next one. */
  consume(bytes: Uint8Array, channel: number): unknown;
  /** A handler threw or rejected. The message counts as consumed all the same. */
  handleFailure(error: unknown, channel: number): void;
  /** The application is done with a message: the peer may send that much more. */
  returnCredit(channel: number, creditBytes: number, epoch: number): void;
}

interface WaitingMessage {
  readonly bytes: Uint8Array;
  readonly creditBytes: number;
  /** That of the conversation when the message came. */
  readonly epoch: number;
}

/**
 * The messages of one channel on their way to the application: one after another, in order. The credit for a message goes back
 * when the application is done with it, so what waits here is bounded by the channel's window.
 */
export class Inbox {
  readonly #channel: number;
  readonly #consumer: MessageConsumer;
  readonly #waiting = new Fifo<WaitingMessage>();
  /** Iterators that wait for a message, in the order of asking. */
  readonly #requests: ((message: WaitingMessage | undefined) => void)[] = [];
  #isBusy = false;
  #isIterated = false;
  #isEnded = false;

  constructor(channel: number, consumer: MessageConsumer) {
    this.#channel = channel;
    this.#consumer = consumer;
  }

  /** A message has arrived. */
  deliver(bytes: Uint8Array, creditBytes: number, epoch: number): void {
    const isFree = this.#waiting.isEmpty && !this.#isBusy && !this.#isIterated && this.#consumer.isListening();
    if (isFree) this.#handOver(bytes, creditBytes, epoch);
    else {
      this.#waiting.push({ bytes, creditBytes, epoch });
      this.#answerRequests();
    }
  }

  /** Somebody has begun to listen: what waits is handed over. */
  resume(): void {
    while (!this.#isBusy && !this.#isIterated && this.#consumer.isListening()) {
      const message = this.#waiting.removeFirst();
      if (message === undefined) return;
      this.#handOver(message.bytes, message.creditBytes, message.epoch);
    }
  }

  /** What waits means nothing any more. */
  drop(): void {
    this.#waiting.removeAll();
  }

  /** No message will come any more: iterations end when they have had those that wait. */
  end(): void {
    this.#isEnded = true;
    this.#answerRequests();
  }

  /**
   * The messages as an iteration, which takes the place of the handlers for this channel while it lasts. A message counts as
   * consumed when the next one is asked for.
   */
  async *iterate(): AsyncGenerator<Uint8Array, void, void> {
    this.#isIterated = true;
    try {
      for (;;) {
        const message = await this.#next();
        if (message === undefined) return;
        try {
          yield message.bytes;
        } finally {
          this.#consumer.returnCredit(this.#channel, message.creditBytes, message.epoch);
        }
      }
    } finally {
      this.#isIterated = false;
      this.resume();
    }
  }

  #next(): Promise<WaitingMessage | undefined> {
    return new Promise((resolve) => {
      this.#requests.push(resolve);
      this.#answerRequests();
    });
  }

  #answerRequests(): void {
    while (this.#requests.length > 0 && (!this.#waiting.isEmpty || this.#isEnded)) {
      this.#requests.shift()?.(this.#waiting.removeFirst());
    }
  }

  #handOver(bytes: Uint8Array, creditBytes: number, epoch: number): void {
    let result: unknown;
    try {
      result = this.#consumer.consume(bytes, this.#channel);
    } catch (error) {
      this.#consumer.handleFailure(error, this.#channel);
    }
    if (isThenable(result)) void this.#waitFor(result, creditBytes, epoch);
    else this.#consumer.returnCredit(this.#channel, creditBytes, epoch);
  }

  async #waitFor(result: PromiseLike<unknown>, creditBytes: number, epoch: number): Promise<void> {
    this.#isBusy = true;
    try {
      await result;
    } catch (error) {
      this.#consumer.handleFailure(error, this.#channel);
    }
    this.#isBusy = false;
    this.#consumer.returnCredit(this.#channel, creditBytes, epoch);
    this.resume();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
