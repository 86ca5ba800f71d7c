import type { Socket } from 'node:net';

/** How bytes travel in one direction. */
export interface RelayWeather {
  /** From the end of sending a byte until it is there. */
  readonly delayMs: number;
  readonly bytesPerSecond: number;
  /** How much may wait to be sent, as in a router; beyond that nothing is taken from who sends. Default 256 KiB. */
  readonly queueBytes: number;
  /** How many bytes are passed on together next. */
  readonly nextSegmentBytes: () => number;
}

const CALM: RelayWeather = {
  delayMs: 0,
  bytesPerSecond: Infinity,
  queueBytes: 262_144,
  nextSegmentBytes: () => Infinity,
};

interface Segment {
  readonly bytes: Buffer;
  readonly dueMs: number;
  readonly then: (() => void) | undefined;
}

/** One direction of a relayed connection. */
export class RelayPipe {
  /** Whether all that comes is lost. */
  isSilent = false;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #weather: RelayWeather;
  readonly #pass: (bytes: number) => { readonly bytes: number; readonly then?: () => void };
  readonly #waiting: Segment[] = [];
  #waitingBytes = 0;
  #busyUntilMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;
  #isHeld = false;

  /** @param pass is asked how many of so many bytes may pass, and what happens when they have */
  constructor(
    from: Socket,
    to: Socket,
    weather: Partial<RelayWeather>,
    pass: (bytes: number) => { readonly bytes: number; readonly then?: () => void },
  ) {
    this.#from = from;
    this.#to = to;
    this.#weather = { ...CALM, ...weather };
    this.#pass = pass;
    to.setNoDelay(true);
    from.on('data', (chunk: Buffer) => {
      if (!this.isSilent) this.#take(chunk);
    });
    from.on('end', () => {
      this.#hasEnded = true;
      this.#endIfDone();
    });
    from.on('error', () => undefined);
    // Who has gone without an end takes the other one along; after one, what is under way still arrives.
    from.on('close', () => {
      if (!this.#hasEnded) to.destroy();
    });
    to.on('close', () => {
      clearTimeout(this.#timer);
      if (!this.#hasEnded || this.#waiting.length > 0) from.destroy();
    });
  }

  #take(chunk: Buffer): void {
    const { bytes, then } = this.#pass(chunk.length);
    const { delayMs, bytesPerSecond, nextSegmentBytes } = this.#weather;
    const nowMs = performance.now();
    for (let at = 0; at < bytes || (at === 0 && then !== undefined);) {
      const segment = chunk.subarray(at, Math.min(bytes, at + Math.max(1, nextSegmentBytes())));
      at += Math.max(1, segment.length);
      this.#busyUntilMs = Math.max(nowMs, this.#busyUntilMs) + (segment.length / bytesPerSecond) * 1000;
      const dueMs = this.#busyUntilMs + delayMs;
      this.#waiting.push({ bytes: segment, dueMs, then: at >= bytes ? then : undefined });
      this.#waitingBytes += segment.length;
    }
    this.#deliver();
  }

  #deliver(): void {
    clearTimeout(this.#timer);
    const nowMs = performance.now();
    while (this.#waiting[0] !== undefined && this.#waiting[0].dueMs <= nowMs && !this.#to.destroyed) {
      const { bytes, then } = this.#waiting.shift()!;
      this.#waitingBytes -= bytes.length;
      this.#to.write(bytes, () => {
        then?.();
        this.#breathe();
      });
    }
    const next = this.#waiting[0];
    if (next && !this.#to.destroyed) {
      this.#timer = setTimeout(this.#deliver.bind(this), Math.max(0, Math.ceil(next.dueMs - nowMs)));
    }
    this.#breathe();
    this.#endIfDone();
  }

  /**
   * Takes no more while the queue is full: of what waits to be sent, or, where nobody takes out what has come through, of that. What is
   * on its way is in no queue.
   */
  #breathe(): void {
    const { bytesPerSecond, delayMs, queueBytes } = this.#weather;
    const bytesPerMs = Math.min(bytesPerSecond / 1000, Number.MAX_SAFE_INTEGER);
    const unsentBytes = Math.max(0, this.#busyUntilMs - performance.now()) * bytesPerMs;
    const onItsWayBytes = bytesPerSecond === Infinity ? 0 : bytesPerMs * delayMs;
    const heldBytes = this.#waitingBytes + this.#to.writableLength;
    const isFull = unsentBytes > queueBytes || heldBytes > queueBytes + onItsWayBytes;
    if (isFull === this.#isHeld) return;
    this.#isHeld = isFull;
    if (isFull) this.#from.pause();
    else this.#from.resume();
  }

  #endIfDone(): void {
    if (this.#hasEnded && this.#waiting.length === 0 && !this.#to.destroyed) this.#to.end();
  }
}
