import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { RemoteStats, ToSession } from './thread-messages.ts';

/** A thread that is busy for longer is not waited for. */
const MAX_WAIT_MS = 100;

/**
 * Reads the statistics of a session on another thread, as they are now: this thread stands still until the other has come to it, which it does within
 * a turn of its event loop. Nothing is computed, and nothing posted, while nobody asks.
 */
export class StatsReading {
  readonly #post: (message: ToSession, transferred: MessagePort[]) => void;
  readonly #lock = new Int32Array(new SharedArrayBuffer(4));
  #port: MessagePort | undefined;

  constructor(post: (message: ToSession, transferred: MessagePort[]) => void) {
    this.#post = post;
  }

  /** Undefined if the other thread is busy. */
  read(): RemoteStats | undefined {
    Atomics.store(this.#lock, 0, 0);
    if (this.#port) this.#post({ kind: 'read', lock: this.#lock }, []);
    else this.#begin();
    Atomics.wait(this.#lock, 0, 0, MAX_WAIT_MS);
    let stats: RemoteStats | undefined;
    // An answer that came too late for the one who had asked may lie before it.
    for (let answer = this.#receive(); answer; answer = this.#receive()) stats = answer.message;
    return stats;
  }

  stop(): void {
    this.#port?.close();
  }

  #begin(): void {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.unref();
    this.#post({ kind: 'read', lock: this.#lock, port: port2 }, [port2]);
  }

  #receive(): { readonly message: RemoteStats } | undefined {
    return this.#port && receiveMessageOnPort(this.#port);
  }
}
