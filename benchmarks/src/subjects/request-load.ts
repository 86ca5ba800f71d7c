import type { Metrics } from '../harness/metrics.ts';
import type { Load } from '../harness/subject.ts';
import { percentile } from '../measure/statistics.ts';

/** Requests of one size, answered by themselves; `count` is how many. */
export interface RequestLoad extends Load {
  readonly requestBytes: number;
  /** How many are asked and not answered at any time. */
  readonly inFlight: number;
}

/**
 * Asks as often as the load says, the next one whenever one has been answered.
 *
 * @param ask resolves with the reply
 */
export async function runRequests(
  { count, inFlight, requestBytes }: RequestLoad,
  ask: () => Promise<Uint8Array>,
): Promise<Metrics> {
  const durationsMs = new Float64Array(count);
  let asked = 0;
  const askOnAndOn = async () => {
    while (asked < count) {
      const at = asked;
      asked += 1;
      const startMs = performance.now();
      const reply = await ask();
      durationsMs[at] = performance.now() - startMs;
      if (reply.length !== requestBytes) throw new Error(`${reply.length} bytes came back, ${requestBytes} were sent`);
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: inFlight }, askOnAndOn));
  const elapsedMs = performance.now() - startMs;
  const latency = { p50Ms: percentile(durationsMs, 50), p99Ms: percentile(durationsMs, 99) };
  return { requestsPerSecond: (count / elapsedMs) * 1000, ...latency };
}
