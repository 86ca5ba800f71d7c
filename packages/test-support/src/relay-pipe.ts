import type { Socket } from 'node:net';

/** How bytes travel in one direction. */
export interface RelayWeather {
  readonly delayMs: number;
  readonly bytesPerSecond: number;
  /** How many bytes are passed on together next. */
  readonly nextSegmentBytes: () => number;
}

/** More than this is not taken from who sends: it waits in his own buffers, as on a slow link. */
const MAX_WAITING_BYTES = 262_144;

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
    this.#weather = { delayMs: 0, bytesPerSecond: Infinity, nextSegmentBytes: () => Infinity, ...weather };
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
    from.on('close', () => {
      clearTimeout(this.#timer);
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
    if (next && !this.#from.destroyed) {
      this.#timer = setTimeout(this.#deliver.bind(this), Math.max(0, Math.ceil(next.dueMs - nowMs)));
    }
    this.#breathe();
    this.#endIfDone();
  }

  /** Takes no more while much is under way. */
  #breathe(): void {
    const isFull = this.#waitingBytes + this.#to.writableLength > MAX_WAITING_BYTES;
    if (isFull === this.#isHeld) return;
    this.#isHeld = isFull;
    if (isFull) this.#from.pause();
    else this.#from.resume();
  }

  #endIfDone(): void {
    if (this.#hasEnded && this.#waiting.length === 0 && !this.#to.destroyed) this.#to.end();
  }
}
