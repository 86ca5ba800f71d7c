import { FrameType, PREFACE_BYTES, type ReceiveLimits } from '@tcpcomm/protocol';
import { countersOf, FrameReader, type SeenFrame } from './frames.ts';
import type { LinkDirection, LinkObserver } from './virtual-link.ts';

const FLOW_CONTROLLED: ReadonlySet<number> = new Set([FrameType.MESSAGE, FrameType.FILE_DATA, FrameType.FILE_END]);

export interface AuditOptions {
  /** The most that this sender may have in flight. */
  readonly maxInFlightBytes: number;
  /** What may go out in one piece when the bound is nearly reached. */
  readonly maxTakeBytes: number;
  /** What the receiver has announced. */
  readonly receiverLimits: ReceiveLimits;
  /** Whether the streams begin with a handshake. */
  readonly hasPreface: boolean;
}

/**
 * Reads along what one side sends and what it is told, and keeps account of both in its own way: nothing is sent beyond the
 * credit, and no more is in flight than the bound and one frame.
 */
export class WireAudit {
  /** Every frame sent, in order. */
  readonly sentFrames: SeenFrame[] = [];
  /** The most that was in flight at any time. */
  maxInFlightBytes = 0;

  readonly #options: AuditOptions;
  readonly #sent = new FrameReader();
  readonly #heard = new FrameReader();
  readonly #sentOn = new Map<string, number>();
  readonly #limitOf = new Map<string, number>();
  #flowBytes = 0;
  #acknowledgedBytes = 0;

  constructor(options: AuditOptions, outgoing: LinkDirection, incoming: LinkDirection) {
    this.#options = options;
    outgoing.observer = joinObservers(outgoing.observer, {
      handleSent: skipPreface(options.hasPreface, (bytes) => {
        this.#handleSent(this.#sent.read(bytes));
      }),
      handleArrived: () => undefined,
    });
    incoming.observer = joinObservers(incoming.observer, {
      handleSent: () => undefined,
      handleArrived: skipPreface(options.hasPreface, (bytes) => {
        this.#handleHeard(this.#heard.read(bytes));
      }),
    });
  }

  /** Frame bytes of messages and files sent so far. */
  get flowBytes(): number {
    return this.#flowBytes;
  }

  get acknowledgedBytes(): number {
    return this.#acknowledgedBytes;
  }

  get inFlightBytes(): number {
    return this.#flowBytes - this.#acknowledgedBytes;
  }

  #handleSent(frames: readonly SeenFrame[]): void {
    for (const frame of frames) {
      this.sentFrames.push(frame);
      if (FLOW_CONTROLLED.has(frame.type)) this.#count(frame);
    }
    this.maxInFlightBytes = Math.max(this.maxInFlightBytes, this.inFlightBytes);
    const { maxInFlightBytes, maxTakeBytes } = this.#options;
    if (this.inFlightBytes > maxInFlightBytes + maxTakeBytes)
      throw new Error(`${this.inFlightBytes} bytes are in flight, the bound is ${maxInFlightBytes}`);
  }

  #count(frame: SeenFrame): void {
    this.#flowBytes += frame.frameBytes;
    if (frame.type === FrameType.FILE_END) return;
    const key = sourceKey(frame);
    const { channelWindowBytes, transferWindowBytes } = this.#options.receiverLimits;
    const window = frame.type === FrameType.MESSAGE ? channelWindowBytes : transferWindowBytes;
    const sentBytes = (this.#sentOn.get(key) ?? 0) + frame.frameBytes;
    const limitBytes = this.#limitOf.get(key) ?? window;
    if (sentBytes > limitBytes) throw new Error(`${sentBytes} bytes sent on ${key}, the credit is ${limitBytes}`);
    this.#sentOn.set(key, sentBytes);
  }

  #handleHeard(frames: readonly SeenFrame[]): void {
    for (const frame of frames) {
      const [limitBytes = 0] = frame.type === FrameType.CREDIT || frame.type === FrameType.ACK ? countersOf(frame) : [];
      if (frame.type === FrameType.CREDIT) this.#limitOf.set(sourceKey(frame), limitBytes);
      if (frame.type === FrameType.ACK) this.#acknowledgedBytes = limitBytes;
    }
  }
}

function sourceKey({ channel, stream }: SeenFrame): string {
  return `${channel}/${stream}`;
}

function skipPreface(hasPreface: boolean, next: (bytes: Uint8Array) => void): (bytes: Uint8Array) => void {
  let toSkip = hasPreface ? PREFACE_BYTES : 0;
  return (bytes) => {
    const skipped = Math.min(toSkip, bytes.length);
    toSkip -= skipped;
    next(bytes.subarray(skipped));
  };
}

function joinObservers(first: LinkObserver | undefined, second: LinkObserver): LinkObserver {
  return {
    handleSent: (bytes) => {
      first?.handleSent(bytes);
      second.handleSent(bytes);
    },
    handleArrived: (bytes) => {
      first?.handleArrived(bytes);
      second.handleArrived(bytes);
    },
  };
}
