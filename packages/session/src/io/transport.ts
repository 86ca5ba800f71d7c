import type { Socket } from 'node:net';
import { ConnectionLostError, type TcpCommError } from '@tcpcomm/protocol';
import { type ConnectionPhase, sleepOn } from '../engine/connection-phase.ts';
import { type SocketHandle, takeHandle } from './socket-handle.ts';
import { readByEvents, type ReadTarget, type SocketReading } from './socket-reading.ts';

/** How long a connection may take to deliver its last bytes and hear the peer's end, once it is finished. */
const LINGER_MS = 1000;

/**
 * Moves bytes between a socket and the phase that the connection is in, and calls it when its deadline comes. All of the
 * state is in the phase; receiving never waits for sending.
 *
 * The socket must have been opened with `allowHalfOpen`: who ends first, and when, is the protocol's decision.
 */
export class Transport implements ReadTarget {
  readonly #socket: Socket;
  #phase: ConnectionPhase;
  /** The phase before this one, while it still has output. */
  #departingPhase: ConnectionPhase | undefined;
  #isWriting = false;
  #isFlushScheduled = false;
  #isReceiving = false;
  #isEnding = false;
  #lingerTimer: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerDueMs = Infinity;
  #lossCause: Error | undefined;
  /** When it is to go elsewhere. */
  #release: PromiseWithResolvers<SocketHandle | undefined> | undefined;

  /** Resolves when the socket is closed and nothing of it is left. */
  readonly closed: Promise<void>;

  /** @param reading how the socket was opened to be read; without it, by its events */
  constructor(socket: Socket, phase: ConnectionPhase, reading?: SocketReading) {
    this.#socket = socket;
    this.#phase = phase;
    // Small messages are packed here, where it is known what follows; the kernel need not wait for more.
    socket.setNoDelay(true);
    socket.on('end', this.#handleEnd);
    socket.on('error', this.#handleError);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#handleClose();
        resolve();
      });
    });
    phase.onWake = this.#scheduleFlush;
    if (reading) reading.start(this);
    else readByEvents(socket, this);
    // At once: whoever connects many speaks to the first while the last are still to come.
    this.#flush();
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#socket.remotePort;
  }

  /** Sent and received, all together. */
  get movedBytes(): number {
    return this.#socket.bytesRead + this.#socket.bytesWritten;
  }

  /** Puts the connection into its next phase. What the one before has still to send goes out first. */
  switchTo(phase: ConnectionPhase): void {
    this.#departingPhase = this.#phase;
    this.#phase.onWake = sleepOn;
    this.#phase = phase;
    phase.onWake = this.#scheduleFlush;
    this.#scheduleFlush();
  }

  /** Closes the socket as soon as the phase, which is finished, has had its last word; at once if the network does not take that now. */
  hangUp(): void {
    this.#flush();
    if (this.#socket.writableLength > 0) this.#socket.destroy();
  }

  /** Closes the socket at once, whatever is still to be sent. */
  destroy(): void {
    this.#socket.destroy();
  }

  /**
   * Gives the connection away, in the middle of what it says: nothing is read here any more, and what there was to write is written. Resolves with
   * undefined if it is lost before that.
   */
  release(): Promise<SocketHandle | undefined> {
    this.#release ??= Promise.withResolvers();
    this.#socket.pause();
    this.#flush();
    if (this.#socket.closed) this.#release.resolve(undefined);
    else this.#letGo();
    return this.#release.promise;
  }

  /** Takes what was read; returns whether something keeps it, or its memory may be used again. */
  receive(chunk: Uint8Array): boolean {
    this.#isReceiving = true;
    let isKept = false;
    let rest = chunk;
    while (rest.length > 0) {
      const phase = this.#phase;
      const taken = phase.receive(rest, performance.now());
      isKept ||= phase.keepsReceived;
      if (phase === this.#phase) break;
      rest = rest.subarray(taken);
    }
    this.#isReceiving = false;
    this.#flush();
    return isKept;
  }

  /** Where the next bytes had best be read to, if that is known; not more than `maxBytes`. */
  roomForNext(maxBytes: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#phase.roomForNext(maxBytes);
  }

  readonly #handleEnd = (): void => {
    this.#phase.handleEnd(performance.now());
    this.#flush();
  };

  readonly #handleError = (error: Error): void => {
    this.#lossCause = error;
  };

  #handleClose(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#lingerTimer);
    this.#release?.resolve(undefined);
    // An orderly end is no loss; most are orderly, and an error takes as long to make as a connection to close.
    if (!this.#phase.isFinished) this.#phase.handleLoss(lossOf(this.#lossCause), performance.now());
  }

  /** Sends at the end of this turn of the event loop, so that everything which is sent in it goes out together. */
  readonly #scheduleFlush = (): void => {
    // What comes up while bytes are received is sent right behind them.
    if (this.#isFlushScheduled || this.#isReceiving) return;
    this.#isFlushScheduled = true;
    setImmediate(Transport.#flushScheduled, this);
  };

  static #flushScheduled(transport: Transport): void {
    transport.#isFlushScheduled = false;
    transport.#flush();
  }

  #flush(): void {
    // What follows arms timers, and a socket that is gone needs none.
    if (this.#socket.destroyed) return;
    this.#writeAll();
    if (this.#phase.isFinished) this.#finish();
    this.#armTimer();
  }

  /** Gives the kernel all that may leave now. */
  #writeAll(): void {
    while (!this.#isWriting) {
      const phase = this.#departingPhase ?? this.#phase;
      const nowMs = performance.now();
      const batch = phase.takeOutput(nowMs);
      if (batch) this.#write(batch.finish(), phase, nowMs);
      else if (this.#departingPhase) this.#departingPhase = undefined;
      else return;
    }
  }

  #write(chunks: readonly Uint8Array[], phase: ConnectionPhase, nowMs: number): void {
    const socket = this.#socket;
    if (chunks.length > 1) socket.cork();
    for (const chunk of chunks) socket.write(chunk);
    if (chunks.length > 1) socket.uncork();
    // Nearly always the kernel has taken it at once. To be called back for that would cost as much as to write it.
    if (socket.writableLength === 0 && !socket.errored) phase.handleWritten(nowMs);
    else this.#waitUntilWritten(phase);
  }

  #waitUntilWritten(phase: ConnectionPhase): void {
    this.#isWriting = true;
    this.#socket.write('', (error) => {
      this.#isWriting = false;
      if (error) return;
      phase.handleWritten(performance.now());
      this.#flush();
      if (this.#release) this.#letGo();
    });
  }

  #letGo(): void {
    if (this.#isWriting || this.#socket.destroyed) return;
    this.#release?.resolve(takeHandle(this.#socket));
  }

  /** The last bytes go out, then the end of the connection; it is closed when the peer has ended too, or takes too long. */
  #finish(): void {
    const socket = this.#socket;
    if (this.#lingerTimer === undefined) {
      this.#lingerTimer = setTimeout(() => socket.destroy(), LINGER_MS);
      // Bytes that nobody looks at any more must still be read, or the end behind them is never seen.
      socket.resume();
    }
    if (this.#isWriting || this.#isEnding) return;
    this.#isEnding = true;
    socket.end();
    if (socket.readableEnded) socket.destroySoon();
    else
      socket.once('end', () => {
        socket.destroySoon();
      });
  }

  #armTimer(): void {
    const dueMs = this.#phase.deadlineMs;
    // A timer that fires too early is armed anew then; most deadlines only move away, and cost nothing so.
    if (dueMs >= this.#timerDueMs || this.#socket.destroyed) return;
    clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(Transport.#handleTimer, Math.max(0, Math.ceil(dueMs - performance.now())), this);
  }

  /** One function for all transports. */
  static #handleTimer(transport: Transport): void {
    transport.#timerDueMs = Infinity;
    const nowMs = performance.now();
    if (nowMs >= transport.#phase.deadlineMs) {
      transport.#phase.handleDeadline(nowMs);
      transport.#flush();
    } else transport.#armTimer();
  }
}

function lossOf(cause: Error | undefined): TcpCommError {
  const detail = cause ? `: ${cause.message}` : '';
  return new ConnectionLostError(`the connection was lost${detail}`, { cause });
}
