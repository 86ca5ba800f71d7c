import type { EngineSettings } from '../engine-settings.ts';
import { FRAME_HEADER_BYTES } from '@tcpcomm/protocol';
import type { ControlQueue } from './control-queue.ts';
import { batchBytesFor, framePayloadBytesFor } from './frame-size.ts';
import { type InFlightLimits, InFlightWindow } from '../in-flight/in-flight-window.ts';
import { OutputBatch } from './output-batch.ts';
import type { PackBuffer } from './pack-buffer.ts';
import type { Receipt } from '../receiving/receipt.ts';
import { type FrameSource, Scheduler } from './scheduler.ts';
import type { SessionThrottle } from '../session-throttle.ts';
import { Unacknowledged } from './unacknowledged.ts';
import { WriteStall } from '../liveness/write-stall.ts';

/**
 * Why no more was sent when there was last a chance to: nothing was there to send, the throttle had to be waited for, or the
 * link (what is in flight, and the socket) had all that it takes.
 */
export type SendingBound = 'nothing-to-send' | 'throttle' | 'link';

export interface FrameSenderOptions {
  readonly packBuffer: PackBuffer;
  readonly control: ControlQueue;
  readonly receipt: Receipt;
  readonly throttle: SessionThrottle;
  readonly settings: InFlightLimits & Pick<EngineSettings, 'writeStallTimeoutMs'>;
  /** The largest payload that the peer takes. */
  readonly maxFrameBytes: number;
  /** Into what blocks data is cut at the present rate. */
  readonly blockSizeBytes: number;
}

/**
 * Decides at the last moment what leaves next. The only place where scheduler, in-flight window and throttle meet: a frame
 * is chosen when it may go at once, and stays where something more urgent can overtake it until then.
 */
export class FrameSender {
  readonly #packBuffer: PackBuffer;
  readonly #control: ControlQueue;
  readonly #receipt: Receipt;
  readonly #throttle: SessionThrottle;
  readonly #stall: WriteStall;
  readonly #maxFrameBytes: number;
  #maxFramePayloadBytes = 0;
  readonly #inFlightLimits: InFlightLimits;
  /** Both are made when there first is something to send: many sessions are idle. */
  #scheduler: Scheduler | undefined;
  #window: InFlightWindow | undefined;
  readonly #unacknowledged = new Unacknowledged();
  /** When the throttle lets the next frame through, if that is what holds it back. */
  #throttledUntilMs = Infinity;
  #bound: SendingBound = 'nothing-to-send';
  #sentBytes = 0;
  /** What was taken last, until it is with the kernel. */
  #writing: OutputBatch | undefined;

  constructor(options: FrameSenderOptions) {
    this.#packBuffer = options.packBuffer;
    this.#control = options.control;
    this.#receipt = options.receipt;
    this.#throttle = options.throttle;
    this.#inFlightLimits = options.settings;
    this.#stall = new WriteStall(options.settings.writeStallTimeoutMs);
    this.#maxFrameBytes = options.maxFrameBytes;
    this.blockSizeBytes = options.blockSizeBytes;
  }

  /** Frames are no larger than a block from now on, nor than the peer takes. */
  set blockSizeBytes(bytes: number) {
    this.#maxFramePayloadBytes = Math.min(bytes, this.#maxFrameBytes);
  }

  get window(): InFlightWindow {
    return (this.#window ??= new InFlightWindow(this.#inFlightLimits));
  }

  /** Flow-controlled frame bytes since the connection began. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  get bound(): SendingBound {
    return this.#bound;
  }

  /** When there will be something to send by the mere passing of time; while a write is under way its end comes first. */
  get deadlineMs(): number {
    if (this.#writing) return Infinity;
    return Math.min(this.#throttledUntilMs, this.#receipt.dueMs);
  }

  /** When the peer will have owed an acknowledgement for too long. */
  get stallDeadlineMs(): number {
    return this.#stall.deadlineMs;
  }

  activate(source: FrameSource): void {
    (this.#scheduler ??= new Scheduler()).activate(source);
  }

  /** A rate or a priority has changed: what it held back may go now. */
  reconsider(): void {
    this.#scheduler?.reconsider();
  }

  /** @throws ProtocolError for a counter that moves backwards or past what was sent */
  handleAck(receivedBytes: number, nowMs: number): void {
    const { window } = this;
    const before = window.inFlightBytes;
    window.handleAcknowledged(receivedBytes, nowMs);
    const { inFlightBytes } = window;
    if (inFlightBytes === before) return;
    this.#unacknowledged.handleAcknowledged(before - inFlightBytes);
    this.#stall.handleProgress(inFlightBytes > 0, nowMs);
  }

  /** The next write, or undefined if nothing may leave now. */
  take(nowMs: number): OutputBatch | undefined {
    // Who only receives asks after every read: nothing is allocated for that.
    if (this.#isQuiet() && !this.#receipt.isDue(nowMs)) return undefined;
    const batch = new OutputBatch();
    this.#control.takeInto(batch, this.#receipt.isOverdrawn);
    this.#takeFrames(batch, nowMs);
    const acknowledged = this.#receipt.take(nowMs, batch.byteLength > 0);
    if (acknowledged !== undefined) this.#control.takeAck(acknowledged, batch);
    this.#writing = batch.byteLength > 0 ? batch : undefined;
    return this.#writing;
  }

  /** The batch last taken is with the kernel. */
  handleWritten(): void {
    this.#writing?.releasePacked(this.#packBuffer);
    this.#writing = undefined;
  }

  /** Whether nothing waits to be sent, nor did when there was last a chance to. */
  #isQuiet(): boolean {
    return this.#control.isEmpty && this.#hasNobodyInLine() && this.#bound === 'nothing-to-send';
  }

  #hasNobodyInLine(): boolean {
    return this.#scheduler?.isEmpty ?? true;
  }

  #takeFrames(batch: OutputBatch, nowMs: number): void {
    const scheduler = this.#scheduler;
    if (scheduler === undefined) return;
    const { window } = this;
    const { outgoing } = this.#throttle;
    const payloadBytes = this.#framePayloadBytes();
    // Whatever is next, if only something small: what leaves between two acknowledgements would seem to come back too soon.
    const roomBytes = FRAME_HEADER_BYTES + payloadBytes;
    // One frame may go beyond.
    const batchBytes = batchBytesFor(window.deliveryRateBytesPerSecond);
    this.#throttledUntilMs = Infinity;
    this.#bound = 'link';
    while (batch.byteLength < batchBytes && window.hasRoomFor(roomBytes)) {
      // To ask a bucket is to want something of it, so who has nothing to send does not ask.
      if (scheduler.isEmpty) {
        this.#waitForSources(scheduler);
        return;
      }
      // A frame may leave when the bucket is out of debt, and leaves its size as the next debt: the average is exact.
      const delayMs = outgoing.delayMs(1, nowMs);
      if (delayMs > 0) {
        this.#waitForThrottle(nowMs + delayMs);
        return;
      }
      const frameBytes = scheduler.takeFrame(payloadBytes, batch, nowMs);
      const source = scheduler.lastSource;
      if (frameBytes === 0 || source === undefined) {
        this.#waitForSources(scheduler);
        return;
      }
      this.#unacknowledged.handleSent(source, frameBytes);
      outgoing.spend(frameBytes, nowMs);
      window.handleSent(frameBytes, nowMs);
      this.#sentBytes += frameBytes;
      this.#stall.handleSent(nowMs);
    }
  }

  #waitForThrottle(untilMs: number): void {
    this.#throttledUntilMs = untilMs;
    this.#bound = 'throttle';
    this.window.handleApplicationLimited();
  }

  /** No source has anything that it may send: for want of data, of the peer's credit, or of a rate of its own. */
  #waitForSources({ resumeMs }: Scheduler): void {
    this.#throttledUntilMs = resumeMs;
    this.#bound = this.#throttledUntilMs < Infinity ? 'throttle' : 'nothing-to-send';
    this.window.handleApplicationLimited();
  }

  #framePayloadBytes(): number {
    const forLink = framePayloadBytesFor(this.window.deliveryRateBytesPerSecond);
    return Math.min(this.#maxFramePayloadBytes, forLink, framePayloadBytesFor(this.#throttle.peakBytesPerSecond));
  }
}
