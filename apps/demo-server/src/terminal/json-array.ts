import type { ArrayProgress } from '@tcpcomm/large-array';
import { ArrayMeter } from './array-meter.ts';
import { printJsonLine } from './json-line.ts';

const INTERVAL_MS = 100;

/** Prints `progress` lines of an array on its way, as of a file: about ten times a second, and when all of it has gone. */
export class JsonArrayProgress {
  readonly #name: string;
  readonly #meter = new ArrayMeter();
  #printedMs = -Infinity;

  constructor(name: string) {
    this.#name = name;
  }

  handle(progress: ArrayProgress): void {
    const nowMs = performance.now();
    const isComplete = progress.movedBytes === progress.byteLength;
    if (!isComplete && nowMs - this.#printedMs < INTERVAL_MS) return;
    this.#printedMs = nowMs;
    const { bytesPerSecond, elapsedMs, remainingMs, ...facts } = this.#meter.measure(progress);
    printJsonLine({
      event: 'progress',
      direction: progress.direction,
      name: this.#name,
      ...facts,
      bytesPerSecond: Math.round(bytesPerSecond),
      elapsedMs: Math.round(elapsedMs),
      remainingMs: remainingMs === undefined ? undefined : Math.round(remainingMs),
    });
  }
}
