import type { ArrayPort } from './array-port.ts';

/** How many answers may wait for a port that has no room, beside one for each array that the peer may have under way. */
const MAX_UNSENT_ANSWERS = 65_536;

/**
 * The short messages that nobody waits for: what this side takes, refuses and gives up. A port that cannot send one is about to say why, by
 * a reset or its end.
 */
export class Answers {
  readonly #port: ArrayPort;
  readonly #maxUnsent: number;
  #unsent = { messages: 0 };
  #isEnded = false;

  /** @param maxArrays how many the peer may have under way */
  constructor(port: ArrayPort, maxArrays: number) {
    this.#port = port;
    this.#maxUnsent = maxArrays + MAX_UNSENT_ANSWERS;
  }

  /** For what this side does. */
  say(bytes: Uint8Array): void {
    if (!this.#isEnded) void this.#send(bytes);
  }

  /** For what the peer has done. One that has us answer and does not read is told no more at some point. */
  answer(bytes: Uint8Array): void {
    if (this.#unsent.messages < this.#maxUnsent) this.say(bytes);
  }

  /** What was not sent is lost, and takes no room. */
  reset(): void {
    this.#unsent = { messages: 0 };
  }

  end(): void {
    this.#isEnded = true;
  }

  async #send(bytes: Uint8Array): Promise<void> {
    const unsent = this.#unsent;
    unsent.messages += 1;
    try {
      await this.#port.send(bytes);
    } catch {
      // See above.
    }
    unsent.messages -= 1;
  }
}
