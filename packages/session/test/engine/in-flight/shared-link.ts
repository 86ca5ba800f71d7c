import { framePayloadBytesFor } from '../../../src/engine/sending/frame-size.ts';
import { InFlightWindow } from '../../../src/engine/in-flight/in-flight-window.ts';
import { Receipt } from '../../../src/engine/receiving/receipt.ts';
import { SessionThrottle } from '../../../src/engine/session-throttle.ts';
import { type TimedSource, VirtualTime } from '../virtual-time.ts';

const HEADER_BYTES = 8;
const ACKNOWLEDGEMENT_BYTES = 16;
const LIMITS = { minInFlightBytes: 32_768, maxInFlightBytes: 16_777_216 };
const SAMPLE_INTERVAL_MS = 10;

/** One way of a link: a queue with a rate and a delay, into which anybody may put something. */
class LinkQueue implements TimedSource {
  readonly #bytesPerSecond: number;
  readonly #delayMs: number;
  #freeMs = 0;
  #arrivals: { readonly arrivesMs: number; readonly handleArrived: () => void }[] = [];
  #first = 0;

  constructor(bytesPerSecond: number, delayMs: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#delayMs = delayMs;
  }

  get dueMs(): number {
    return this.#arrivals[this.#first]?.arrivesMs ?? Infinity;
  }

  /** What something would wait that was put in now. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#freeMs - nowMs);
  }

  put(bytes: number, nowMs: number, handleArrived: () => void): void {
    this.#freeMs = Math.max(this.#freeMs, nowMs) + (bytes / this.#bytesPerSecond) * 1000;
    this.#arrivals.push({ arrivesMs: this.#freeMs + this.#delayMs, handleArrived });
  }

  run(): void {
    const arrival = this.#arrivals[this.#first]!;
    this.#first += 1;
    if (this.#first > 1000) {
      this.#arrivals = this.#arrivals.slice(this.#first);
      this.#first = 0;
    }
    arrival.handleArrived();
  }
}

/** A session that sends without end one way; its acknowledgements come back in the queue of the other way. */
class BulkSession implements TimedSource {
  receivedBytes = 0;
  readonly #time: VirtualTime;
  readonly #there: LinkQueue;
  readonly #back: LinkQueue;
  readonly #clockOffsetMs: number;
  readonly #window = new InFlightWindow(LIMITS);
  readonly #receipt = new Receipt(new SessionThrottle({ bytesPerSecond: Infinity }));

  constructor(time: VirtualTime, there: LinkQueue, back: LinkQueue, clockOffsetMs: number) {
    this.#time = time;
    this.#there = there;
    this.#back = back;
    this.#clockOffsetMs = clockOffsetMs;
  }

  get dueMs(): number {
    return this.#receipt.dueMs;
  }

  run(): void {
    const acknowledgedBytes = this.#receipt.take(this.#time.nowMs, false);
    if (acknowledgedBytes === undefined) return;
    this.#back.put(ACKNOWLEDGEMENT_BYTES, this.#time.nowMs, () => {
      this.#window.handleAcknowledged(acknowledgedBytes, this.#time.nowMs + this.#clockOffsetMs);
      this.send();
    });
  }

  send(): void {
    const { nowMs } = this.#time;
    for (;;) {
      const bytes = HEADER_BYTES + framePayloadBytesFor(this.#window.deliveryRateBytesPerSecond);
      if (!this.#window.hasRoomFor(bytes)) return;
      this.#window.handleSent(bytes, nowMs + this.#clockOffsetMs);
      this.#there.put(bytes, nowMs, () => this.#receive(bytes));
    }
  }

  #receive(bytes: number): void {
    this.receivedBytes += bytes;
    this.#receipt.handleReceived(bytes);
    this.#receipt.settle(this.#time.nowMs);
  }
}

/** What was seen in a stretch of time. */
export interface SharedObservation {
  /** What each session received, in the order they were added. */
  readonly bytesPerSecond: readonly number[];
  /** What the 99th of 100 would have waited in the queues, one way and the other. */
  readonly p99WaitMs: readonly [number, number];
}

/** A link that carries several sessions, one way or both. On virtual time, so that minutes pass in milliseconds. */
export class SharedLink {
  readonly #time = new VirtualTime();
  readonly #ways: readonly [LinkQueue, LinkQueue];
  readonly #sessions: BulkSession[] = [];
  #waitsMs: [number[], number[]] = [[], []];

  constructor(bytesPerSecond: number, roundTripMs: number) {
    this.#ways = [new LinkQueue(bytesPerSecond, roundTripMs / 2), new LinkQueue(bytesPerSecond, roundTripMs / 2)];
    this.#time.add(...this.#ways);
    this.#sample(0);
  }

  /** @param clockOffsetMs programs on different machines do not have the same clock */
  addSession(way: 0 | 1, startMs: number, clockOffsetMs = 0): void {
    const back = way === 0 ? 1 : 0;
    const session = new BulkSession(this.#time, this.#ways[way], this.#ways[back], clockOffsetMs);
    this.#sessions.push(session);
    this.#time.add(session);
    this.#time.schedule(startMs, () => session.send());
  }

  run(durationMs: number): SharedObservation {
    const before = this.#sessions.map(({ receivedBytes }) => receivedBytes);
    this.#waitsMs = [[], []];
    this.#time.runUntil(this.#time.nowMs + durationMs);
    const p99 = (waitsMs: number[]) =>
      waitsMs.toSorted((one, other) => one - other)[Math.floor(waitsMs.length * 0.99)]!;
    return {
      bytesPerSecond: this.#sessions.map(
        ({ receivedBytes }, index) => ((receivedBytes - before[index]!) / durationMs) * 1000,
      ),
      p99WaitMs: [p99(this.#waitsMs[0]), p99(this.#waitsMs[1])],
    };
  }

  #sample(atMs: number): void {
    this.#time.schedule(atMs, () => {
      for (const [way, queue] of this.#ways.entries()) this.#waitsMs[way]!.push(queue.waitMs(atMs));
      this.#sample(atMs + SAMPLE_INTERVAL_MS);
    });
  }
}
