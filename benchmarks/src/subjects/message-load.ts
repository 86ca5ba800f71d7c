import type { Load } from '../harness/subject.ts';
import type { Metrics } from '../harness/metrics.ts';

/** Messages of one size on one channel; `count` is how many, or how many round trips. */
export interface MessageLoad extends Load {
  /** From the server to the client when the client asks, or to and fro, one in flight. */
  readonly pattern: 'one-way' | 'round-trip';
  readonly messageBytes: number;
}

/** The rates at which a load has arrived. Payload only: what framing adds is the subject's own affair. */
export function arrivalRates({ messageBytes, count }: MessageLoad, elapsedMs: number): Metrics {
  const messagesPerSecond = (count / elapsedMs) * 1000;
  return { megabytesPerSecond: (messagesPerSecond * messageBytes) / 1e6, messagesPerSecond };
}

/** A message: the same bytes for every subject, none of them zero. */
export function createPayload(messageBytes: number): Buffer<ArrayBuffer> {
  return Buffer.alloc(messageBytes, 'tcpcomm');
}
