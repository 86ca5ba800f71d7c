import type { ArrayProgress } from '@tcpcomm/large-array';
import type { TransferProgress } from '@tcpcomm/session';

/** Times an array on its way, so that it can be shown as files are. Made when it begins to move. */
export class ArrayMeter {
  readonly #startMs: number;

  constructor(nowMs = performance.now()) {
    this.#startMs = nowMs;
  }

  /** How it fares; the rate is that since its beginning. */
  measure(
    { movedBytes, byteLength }: Pick<ArrayProgress, 'movedBytes' | 'byteLength'>,
    nowMs = performance.now(),
  ): TransferProgress {
    const elapsedMs = nowMs - this.#startMs;
    const bytesPerMs = elapsedMs > 0 ? movedBytes / elapsedMs : 0;
    return {
      transferredBytes: movedBytes,
      totalBytes: byteLength,
      percent: byteLength === 0 ? 100 : Math.floor((movedBytes / byteLength) * 100),
      bytesPerSecond: bytesPerMs * 1_000,
      elapsedMs,
      remainingMs: bytesPerMs > 0 ? (byteLength - movedBytes) / bytesPerMs : undefined,
    };
  }
}
