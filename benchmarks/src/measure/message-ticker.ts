import { machineMs, writeStampedMessage } from './stamped-message.ts';

/** Hands over a small message again and again, in the midst of whatever else the program does. */
export class MessageTicker {
  readonly #send: (message: Buffer) => void;
  readonly #timer: NodeJS.Timeout;
  #sent = 0;

  constructor(intervalMs: number, send: (message: Buffer) => void) {
    this.#send = send;
    this.#timer = setInterval(() => {
      this.#sendNext(0);
    }, intervalMs);
  }

  /** Sends the last one, which says how many there were. */
  finish(): void {
    this.stop();
    this.#sendNext(this.#sent + 1);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sendNext(total: number): void {
    this.#sent += 1;
    this.#send(writeStampedMessage({ sentMs: machineMs(), number: this.#sent, total }));
  }
}
