import type { TokenBucket } from '@tcpcomm/throttle';
import type { ControlQueue } from './control-queue.ts';
import { InFlightWindow } from './in-flight-window.ts';
import { OutputBatch } from './output-batch.ts';
import type { PackBuffer } from './pack-buffer.ts';
import type { Receipt } from './receipt.ts';
import { type FrameSource, Scheduler } from './scheduler.ts';

/** About the size of one write: priorities are looked at again after it. One frame may go beyond. */
const BATCH_BYTES = 65_536;

export interface FrameSenderOptions {
  readonly packBuffer: PackBuffer;
  readonly control: ControlQueue;
  readonly receipt: Receipt;
  readonly throttle: TokenBucket;
  readonly inFlightBytes: number;
  readonly maxFramePayloadBytes: number;
}

/**
 * Decides at the last moment what leaves next. The only place where scheduler, in-flight window and throttle meet: a frame
 * is chosen when it may go at once, and stays where something more urgent can overtake it until then.
 */
export class FrameSender {
  maxFramePayloadBytes: number;

  readonly #packBuffer: PackBuffer;
  readonly #control: ControlQueue;
  readonly #receipt: Receipt;
  readonly #throttle: TokenBucket;
  readonly #window: InFlightWindow;
  readonly #scheduler = new Scheduler();
  /** When the throttle lets the next frame through, if that is what holds it back. */
  #throttledUntilMs = Infinity;
  #isWriting = false;
  #packedBytesInWriting = 0;

  constructor(options: FrameSenderOptions) {
    this.#packBuffer = options.packBuffer;
    this.#control = options.control;
    this.#receipt = options.receipt;
    this.#throttle = options.throttle;
    this.#window = new InFlightWindow(options.inFlightBytes);
    this.maxFramePayloadBytes = options.maxFramePayloadBytes;
  }

  /** When there will be something to send by the mere passing of time; while a write is under way its end comes first. */
  get deadlineMs(): number {
    if (this.#isWriting) return Infinity;
    return Math.min(this.#throttledUntilMs, this.#receipt.dueMs);
  }

  activate(source: FrameSource): void {
    this.#scheduler.activate(source);
  }

  /** @throws ProtocolError for a counter that moves backwards or past what was sent */
  handleAck(receivedBytes: number): void {
    this.#window.handleAcknowledged(receivedBytes);
  }

  /** The next write, or undefined if nothing may leave now. */
  take(nowMs: number): OutputBatch | undefined {
    const batch = new OutputBatch();
    this.#control.takeInto(batch);
    this.#takeFrames(batch, nowMs);
    const acknowledged = this.#receipt.take(nowMs, batch.byteLength > 0);
    if (acknowledged !== undefined) this.#control.takeAck(acknowledged, batch);
    this.#packedBytesInWriting = batch.packedByteLength;
    this.#isWriting = batch.byteLength > 0;
    return batch.byteLength > 0 ? batch : undefined;
  }

  /** The batch last taken is with the kernel. */
  handleWritten(): void {
    if (this.#packedBytesInWriting > 0) this.#packBuffer.release(this.#packedBytesInWriting);
    this.#packedBytesInWriting = 0;
    this.#isWriting = false;
  }

  #takeFrames(batch: OutputBatch, nowMs: number): void {
    this.#throttledUntilMs = Infinity;
    while (batch.byteLength < BATCH_BYTES && this.#window.isOpen) {
      // A frame may leave when the bucket is out of debt, and leaves its size as the next debt: the average is exact.
      const delayMs = this.#throttle.delayMs(1, nowMs);
      if (delayMs > 0) {
        this.#throttledUntilMs = nowMs + delayMs;
        return;
      }
      const frameBytes = this.#scheduler.takeFrame(this.maxFramePayloadBytes, batch);
      if (frameBytes === 0) return;
      this.#window.handleSent(frameBytes);
      this.#throttle.spend(frameBytes, nowMs);
    }
  }
}
