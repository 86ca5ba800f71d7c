import type { MessagePort, Transferable } from 'node:worker_threads';
import { type MessageBatch, MessageBatcher } from './message-batch.ts';

/** So much is posted before the turn of the event loop is over: the other thread can begin. */
const MAX_BATCH_BYTES = 1_048_576;

/**
 * One end of the port between a session and its user on another thread. Messages, and what else comes up often, are gathered for a turn of the
 * event loop; whatever is posted goes behind what was gathered before it.
 */
export class GatheringPort<Posted> {
  readonly #port: MessagePort;
  readonly #takeRest: () => Posted | undefined;
  readonly #batch = new MessageBatcher();
  #isFlushScheduled = false;

  /** @param takeRest what has been gathered besides messages; it goes behind them */
  constructor(port: MessagePort, takeRest: () => Posted | undefined) {
    this.#port = port;
    this.#takeRest = takeRest;
  }

  /** A message, for the other thread; arguments as those of a `MessageBatcher`. */
  add(channel: number, bytes: Uint8Array, callId: number, isGiven: boolean, head?: Uint8Array): void {
    this.#batch.add(channel, bytes, callId, isGiven, head);
    if (this.#batch.byteLength >= MAX_BATCH_BYTES) this.flush();
    else this.scheduleFlush();
  }

  /** Something has been gathered: it goes at the end of this turn. */
  scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    setImmediate(() => {
      this.#isFlushScheduled = false;
      this.flush();
    });
  }

  /** Posts what has been gathered. */
  flush(): void {
    if (!this.#batch.isEmpty) {
      const { batch, transferred } = this.#batch.take();
      this.#port.postMessage({ kind: 'messages', batch } satisfies BatchPost, transferred);
    }
    const rest = this.#takeRest();
    if (rest !== undefined) this.#port.postMessage(rest);
  }

  post(message: Posted, transferred: Transferable[] = []): void {
    this.flush();
    this.#port.postMessage(message, transferred);
  }
}

/** What both threads post: the messages of a turn. */
export interface BatchPost {
  readonly kind: 'messages';
  readonly batch: MessageBatch;
}
