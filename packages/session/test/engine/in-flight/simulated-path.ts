import { framePayloadBytesFor } from '../../../src/engine/sending/frame-size.ts';
import { InFlightWindow } from '../../../src/engine/in-flight/in-flight-window.ts';
import { Receipt } from '../../../src/engine/receiving/receipt.ts';
import { SessionThrottle } from '../../../src/engine/session-throttle.ts';
import { VirtualTime } from '../virtual-time.ts';

const HEADER_BYTES = 8;
const MESSAGE_BYTES = 32 + HEADER_BYTES;
const MESSAGE_INTERVAL_MS = 20;

/** What the path between the two programs is like; all of it may change while the simulation runs. */
export interface PathConditions {
  bytesPerSecond: number;
  /** There and back without a queue, half of it each way. */
  roundTripMs: number;
  /** Each frame takes up to so much longer, by a fixed sequence of numbers that look like chance. */
  jitterMs: number;
  /** Acknowledgements come only at multiples of this, all at once; 0 for as they are sent. */
  acknowledgementsEachMs: number;
  /** Until when the receiving program is busy with something else; what arrives lies in its socket. */
  receiverBusyUntilMs: number;
  /** What the bulk sender has to send, bytes a second; Infinity for always something. */
  supplyBytesPerSecond: number;
}

export interface PathOptions extends Partial<PathConditions> {
  /** What the receiver lets through, by withholding acknowledgements; default: everything. */
  readonly receivedBytesPerSecond?: number;
  readonly minInFlightBytes?: number;
  readonly maxInFlightBytes?: number;
}

/** What was seen in a stretch of time. */
export interface Observation {
  readonly bytesPerSecond: number;
  /** Of the messages that arrived: half of them, and 99 of 100, took no longer. */
  readonly medianMs: number;
  readonly p99Ms: number;
  /** The most that was in flight. */
  readonly inFlightBytes: number;
}

/**
 * A sender with a window, bulk data and a message every 20 ms that goes before it; a link that is a queue with a rate and a delay;
 * and a receiver that acknowledges as ours does. On virtual time, so that minutes pass in milliseconds.
 */
export class SimulatedPath {
  readonly time = new VirtualTime();
  readonly window: InFlightWindow;
  readonly conditions: PathConditions;
  readonly #receipt: Receipt;

  #linkFreeMs = 0;
  #lastArrivalMs = 0;
  #lastReplyMs = 0;
  #arrivedBytes = 0;
  #readBytes = 0;
  #suppliedBytes = 0;
  #suppliedMs = 0;
  #wakeMs = Infinity;
  #chance = 12_345;
  readonly #messages: number[] = [];
  readonly #onTheWay: { readonly endBytes: number; readonly sentMs: number }[] = [];
  #sentBytes = 0;
  #delaysMs: number[] = [];
  #mostInFlightBytes = 0;

  constructor(options: PathOptions = {}) {
    const { minInFlightBytes = 32_768, maxInFlightBytes = 16_777_216, receivedBytesPerSecond = Infinity } = options;
    this.window = new InFlightWindow({ minInFlightBytes, maxInFlightBytes });
    this.#receipt = new Receipt(new SessionThrottle({ bytesPerSecond: receivedBytesPerSecond }));
    this.conditions = {
      bytesPerSecond: 12_500_000,
      roundTripMs: 1,
      jitterMs: 0,
      acknowledgementsEachMs: 0,
      receiverBusyUntilMs: 0,
      supplyBytesPerSecond: Infinity,
      ...options,
    };
    this.#scheduleMessage(0);
  }

  /** Lets so much time pass and tells what was seen in it. */
  run(durationMs: number): Observation {
    const startBytes = this.#readBytes;
    this.#delaysMs = [];
    this.#mostInFlightBytes = 0;
    this.time.runUntil(this.time.nowMs + durationMs);
    const delays = this.#delaysMs.toSorted((one, other) => one - other);
    return {
      bytesPerSecond: ((this.#readBytes - startBytes) / durationMs) * 1000,
      medianMs: delays[Math.floor(delays.length / 2)] ?? Infinity,
      p99Ms: delays[Math.floor(delays.length * 0.99)] ?? Infinity,
      inFlightBytes: this.#mostInFlightBytes,
    };
  }

  #scheduleMessage(atMs: number): void {
    this.time.schedule(atMs, () => {
      this.#messages.push(atMs);
      this.#send();
      this.#scheduleMessage(atMs + MESSAGE_INTERVAL_MS);
    });
  }

  #send(): void {
    const { nowMs } = this.time;
    while (this.window.hasRoomFor(this.#frameBytes)) {
      const messageMs = this.#messages.shift();
      const bytes = messageMs === undefined ? this.#takeSupply() : MESSAGE_BYTES;
      if (bytes === 0) {
        this.window.handleApplicationLimited();
        return;
      }
      this.window.handleSent(bytes, nowMs);
      this.#mostInFlightBytes = Math.max(this.#mostInFlightBytes, this.window.inFlightBytes);
      this.#sentBytes += bytes;
      if (messageMs !== undefined) this.#onTheWay.push({ endBytes: this.#sentBytes, sentMs: messageMs });
      this.#transmit(bytes);
    }
  }

  get #frameBytes(): number {
    return HEADER_BYTES + framePayloadBytesFor(this.window.deliveryRateBytesPerSecond);
  }

  /** The next frame of the bulk sender, 0 if there is nothing yet. */
  #takeSupply(): number {
    const { supplyBytesPerSecond } = this.conditions;
    const frameBytes = this.#frameBytes;
    if (supplyBytesPerSecond === Infinity) return frameBytes;
    const { nowMs } = this.time;
    this.#suppliedBytes += ((nowMs - this.#suppliedMs) / 1000) * supplyBytesPerSecond;
    this.#suppliedMs = nowMs;
    if (this.#suppliedBytes < frameBytes) {
      const waitMs =
        supplyBytesPerSecond > 0 ? ((frameBytes - this.#suppliedBytes) / supplyBytesPerSecond) * 1000 : 100;
      this.#wake(nowMs + Math.max(waitMs, 1));
      return 0;
    }
    this.#suppliedBytes -= frameBytes;
    return frameBytes;
  }

  #wake(atMs: number): void {
    if (atMs >= this.#wakeMs) return;
    this.#wakeMs = atMs;
    this.time.schedule(atMs, () => {
      this.#wakeMs = Infinity;
      this.#send();
    });
  }

  #transmit(bytes: number): void {
    const { bytesPerSecond, roundTripMs, jitterMs } = this.conditions;
    this.#linkFreeMs = Math.max(this.#linkFreeMs, this.time.nowMs) + (bytes / bytesPerSecond) * 1000;
    const arrivalMs = this.#linkFreeMs + roundTripMs / 2 + this.#nextChance() * jitterMs;
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, arrivalMs);
    this.time.schedule(this.#lastArrivalMs, () => {
      this.#arrivedBytes += bytes;
      const { receiverBusyUntilMs } = this.conditions;
      if (receiverBusyUntilMs <= this.time.nowMs) this.#read();
      else this.time.schedule(receiverBusyUntilMs, () => this.#read());
    });
  }

  #read(): void {
    const { nowMs } = this.time;
    this.#receipt.handleReceived(this.#arrivedBytes - this.#readBytes);
    this.#readBytes = this.#arrivedBytes;
    while ((this.#onTheWay[0]?.endBytes ?? Infinity) <= this.#readBytes) {
      this.#delaysMs.push(nowMs - this.#onTheWay.shift()!.sentMs);
    }
    this.#receipt.settle(nowMs);
    this.#acknowledge();
  }

  #acknowledge(): void {
    const { nowMs } = this.time;
    const acknowledgedBytes = this.#receipt.take(nowMs, false);
    if (acknowledgedBytes !== undefined) this.#reply(acknowledgedBytes);
    const { dueMs } = this.#receipt;
    if (dueMs < Infinity) {
      this.time.schedule(Math.max(dueMs, nowMs), () => {
        if (this.time.nowMs >= this.#receipt.dueMs) this.#acknowledge();
      });
    }
  }

  #reply(acknowledgedBytes: number): void {
    const { roundTripMs, acknowledgementsEachMs: eachMs } = this.conditions;
    const arrivalMs = this.time.nowMs + roundTripMs / 2;
    const gatheredMs = eachMs === 0 ? arrivalMs : Math.ceil(arrivalMs / eachMs) * eachMs;
    this.#lastReplyMs = Math.max(this.#lastReplyMs, gatheredMs);
    this.time.schedule(this.#lastReplyMs, () => {
      this.window.handleAcknowledged(acknowledgedBytes, this.time.nowMs);
      this.#send();
    });
  }

  #nextChance(): number {
    this.#chance = (Math.imul(this.#chance, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff;
    return this.#chance / 0x80_00_00_00;
  }
}
