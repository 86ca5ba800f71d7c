import { ConnectionLostError } from '@tcpcomm/protocol';
import type { ConnectionPhase } from '../../src/engine/connection-phase.ts';
import type { TimedSource, VirtualTime } from './virtual-time.ts';

export interface LinkOptions {
  /** Default Infinity. */
  readonly bytesPerSecond?: number;
  /** From one end to the other. Default 1. */
  readonly delayMs?: number;
  /** What the sending kernel takes at once: a write is done when no more than this of it is left. Default 65,536. */
  readonly sendBufferBytes?: number;
  /** How many bytes arrive together next. Default: what was written together. */
  readonly nextSegmentBytes?: () => number;
}

interface Segment {
  /** Empty for the end of the stream. */
  readonly bytes: Uint8Array;
  readonly arrivesMs: number;
}

/** Who hears what travels, before the end that receives it does. */
export interface LinkObserver {
  handleSent(bytes: Uint8Array): void;
  handleArrived(bytes: Uint8Array): void;
}

/** One way of a simulated TCP connection: bandwidth, delay, and bytes that arrive in other pieces than they were sent. */
export class LinkDirection implements TimedSource {
  observer: LinkObserver | undefined;
  receiver: VirtualEnd | undefined;

  readonly #options: Required<LinkOptions>;
  #segments: Segment[] = [];
  #head = 0;
  #busyUntilMs = 0;
  /** Bytes after which the connection breaks. */
  #breaksAfterBytes = Infinity;
  #onBreak: () => void = () => undefined;
  #arrivedBytes = 0;

  constructor(options: LinkOptions) {
    this.#options = {
      bytesPerSecond: Infinity,
      delayMs: 1,
      sendBufferBytes: 65_536,
      nextSegmentBytes: () => Infinity,
      ...options,
    };
  }

  get dueMs(): number {
    return this.#segments[this.#head]?.arrivesMs ?? Infinity;
  }

  get arrivedBytes(): number {
    return this.#arrivedBytes;
  }

  /** From this byte on nothing arrives; when it would have, `onBreak` is called. */
  breakAfter(bytes: number, onBreak: () => void): void {
    this.#breaksAfterBytes = bytes;
    this.#onBreak = onBreak;
  }

  /** Takes the bytes of one write and returns when it is done. */
  write(bytes: Uint8Array, nowMs: number): number {
    this.observer?.handleSent(bytes);
    for (let at = 0; at < bytes.length;) {
      const size = Math.min(bytes.length - at, this.#options.nextSegmentBytes());
      this.#depart(bytes.subarray(at, at + size), nowMs);
      at += size;
    }
    return Math.max(nowMs, this.#busyUntilMs - this.#durationOf(this.#options.sendBufferBytes));
  }

  end(nowMs: number): void {
    this.#depart(new Uint8Array(0), nowMs);
  }

  drop(): void {
    this.#segments = [];
    this.#head = 0;
  }

  run(): void {
    const segment = this.#segments[this.#head];
    if (segment === undefined) return;
    this.#head += 1;
    if (this.#head === this.#segments.length) this.drop();
    if (segment.bytes.length === 0) this.receiver?.handleEnd();
    else this.#arrive(segment.bytes.subarray(0, this.#breaksAfterBytes - this.#arrivedBytes));
    if (this.#arrivedBytes >= this.#breaksAfterBytes) this.#break();
  }

  #arrive(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#arrivedBytes += bytes.length;
    this.observer?.handleArrived(bytes);
    this.receiver?.receive(bytes);
  }

  #break(): void {
    this.drop();
    const onBreak = this.#onBreak;
    this.#onBreak = () => undefined;
    onBreak();
  }

  #depart(bytes: Uint8Array, nowMs: number): void {
    this.#busyUntilMs = Math.max(this.#busyUntilMs, nowMs) + this.#durationOf(bytes.length);
    this.#segments.push({ bytes, arrivesMs: this.#busyUntilMs + this.#options.delayMs });
  }

  #durationOf(bytes: number): number {
    return (bytes / this.#options.bytesPerSecond) * 1000;
  }
}

/**
 * Moves bytes between a phase and the link, as a transport does between a phase and a socket. On the way it checks what
 * every phase has to keep to: the memory of a write stays as it is until the write is done, received memory that it does not
 * keep may be used again, a deadline that has been handled is over, and who is finished sends nothing more.
 */
export class VirtualEnd implements TimedSource {
  readonly #time: VirtualTime;
  readonly #outgoing: LinkDirection;
  #phase: ConnectionPhase;
  #departingPhase: ConnectionPhase | undefined;
  #write: { readonly phase: ConnectionPhase; readonly doneMs: number; readonly check: () => void } | undefined;
  #isFlushDue = true;
  #isReceiving = false;
  #hasEnded = false;
  #hasPeerEnded = false;
  #isClosed = false;
  /** A peer that does not read: writes are never done. */
  isBlocked = false;

  constructor(time: VirtualTime, outgoing: LinkDirection, phase: ConnectionPhase) {
    this.#time = time;
    this.#outgoing = outgoing;
    this.#phase = phase;
    phase.onWake = this.#wake;
  }

  /** Whether the connection is over for both ends. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  get dueMs(): number {
    if (this.#isClosed) return Infinity;
    const flushMs = this.#isFlushDue ? this.#time.nowMs : Infinity;
    const writtenMs = this.isBlocked ? Infinity : (this.#write?.doneMs ?? Infinity);
    return Math.min(flushMs, writtenMs, this.#phase.deadlineMs);
  }

  switchTo(phase: ConnectionPhase): void {
    this.#departingPhase = this.#phase;
    this.#departingPhase.onWake = () => undefined;
    this.#phase = phase;
    phase.onWake = this.#wake;
    this.#wake();
  }

  receive(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#isReceiving = true;
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(this.#receiveNext(rest));
    this.#isReceiving = false;
    this.#flush();
  }

  handleEnd(): void {
    if (this.#isClosed) return;
    this.#hasPeerEnded = true;
    this.#phase.handleEnd(this.#time.nowMs);
    this.#flush();
    this.#closeIfBothEnded();
  }

  /** The connection breaks, without a word. */
  lose(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#outgoing.drop();
    this.#phase.handleLoss(new ConnectionLostError('the link was cut'), this.#time.nowMs);
  }

  run(nowMs: number): void {
    const write = this.#write;
    if (write !== undefined && !this.isBlocked && write.doneMs <= nowMs) {
      this.#write = undefined;
      write.check();
      write.phase.handleWritten(nowMs);
      this.#flush();
    } else if (this.#isFlushDue) {
      this.#flush();
    } else {
      this.#phase.handleDeadline(nowMs);
      this.#flush();
      if (this.#phase.deadlineMs <= nowMs) throw new Error(`a deadline handled at ${nowMs} ms is still due`);
    }
  }

  /** One read: to where the phase wants it, or else to memory that is used again unless the phase keeps it. */
  #receiveNext(bytes: Uint8Array): number {
    const direct = this.#phase.roomForNext(Infinity);
    const room = direct ?? new Uint8Array(bytes.length);
    if (room.length === 0) throw new Error('there is no room for the next bytes');
    const read = bytes.subarray(0, room.length);
    room.set(read);
    let isKept = false;
    for (let rest: Uint8Array = room.subarray(0, read.length); rest.length > 0;) {
      const phase = this.#phase;
      rest = rest.subarray(phase.receive(rest, this.#time.nowMs));
      isKept ||= phase.keepsReceived;
      if (phase === this.#phase) break;
    }
    if (!isKept && direct === undefined) room.fill(0x55);
    return read.length;
  }

  readonly #wake = (): void => {
    if (!this.#isReceiving) this.#isFlushDue = true;
  };

  #flush(): void {
    this.#isFlushDue = false;
    if (this.#isClosed) return;
    if (this.#write === undefined) this.#writeNext();
    if (this.#phase.isFinished && this.#write === undefined && !this.#hasEnded) {
      this.#hasEnded = true;
      this.#outgoing.end(this.#time.nowMs);
      this.#closeIfBothEnded();
    }
  }

  #writeNext(): void {
    const phase = this.#departingPhase ?? this.#phase;
    const batch = phase.takeOutput(this.#time.nowMs);
    if (batch === undefined) {
      if (this.#departingPhase === undefined) return;
      this.#departingPhase = undefined;
      this.#writeNext();
      return;
    }
    if (this.#hasEnded) throw new Error('output after the end of the connection');
    const chunks = batch.finish();
    const bytes = new Uint8Array(Buffer.concat(chunks));
    if (bytes.length !== batch.byteLength) throw new Error(`a batch of ${batch.byteLength} bytes has ${bytes.length}`);
    const check = () => {
      if (!Buffer.concat(chunks).equals(bytes)) throw new Error('the memory of a write was changed before it was done');
    };
    this.#write = { phase, doneMs: this.#outgoing.write(bytes, this.#time.nowMs), check };
  }

  #closeIfBothEnded(): void {
    if (!this.#hasEnded || !this.#hasPeerEnded) return;
    this.#isClosed = true;
    this.#phase.handleLoss(new ConnectionLostError('the connection is closed'), this.#time.nowMs);
  }
}

/** Joins two phases by a link. */
export function joinPhases(
  time: VirtualTime,
  first: ConnectionPhase,
  second: ConnectionPhase,
  options: LinkOptions = {},
): { readonly ends: readonly [VirtualEnd, VirtualEnd]; readonly directions: readonly [LinkDirection, LinkDirection] } {
  const directions = [new LinkDirection(options), new LinkDirection(options)] as const;
  const ends = [new VirtualEnd(time, directions[0], first), new VirtualEnd(time, directions[1], second)] as const;
  directions[0].receiver = ends[1];
  directions[1].receiver = ends[0];
  time.add(...directions, ...ends);
  return { ends, directions };
}
