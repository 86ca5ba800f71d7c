import type { Socket } from 'node:net';
import { TokenBucket } from '@tcpcomm/throttle';

/** Lets connections in at a rate: those that come faster wait, so that a crowd that comes back at once does not take all of the processor. */
export class AcceptQueue {
  readonly #bucket: TokenBucket;
  readonly #receive: (socket: Socket) => void;
  readonly #waiting = new Set<Socket>();
  #timer: NodeJS.Timeout | undefined;

  /** @param acceptsPerSecond Infinity for no limit */
  constructor(acceptsPerSecond: number, receive: (socket: Socket) => void) {
    this.#bucket = new TokenBucket({ bytesPerSecond: acceptsPerSecond });
    this.#receive = receive;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Takes a paused socket: now or in its turn. */
  enter(socket: Socket): void {
    this.#waiting.add(socket);
    // One that breaks while it waits has nobody else to tell.
    socket.on('error', ignore);
    socket.once('close', () => this.#waiting.delete(socket));
    this.#serve();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const socket of this.#waiting) socket.destroy();
  }

  #serve(): void {
    clearTimeout(this.#timer);
    const nowMs = performance.now();
    for (const socket of this.#waiting) {
      const delayMs = this.#bucket.delayMs(1, nowMs);
      if (delayMs > 0) {
        this.#timer = setTimeout(this.#serve.bind(this), Math.ceil(delayMs));
        return;
      }
      this.#bucket.spend(1, nowMs);
      this.#waiting.delete(socket);
      socket.off('error', ignore);
      this.#receive(socket);
    }
  }
}

function ignore(): void {
  // Its end is what counts.
}
