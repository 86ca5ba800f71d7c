import { median } from '../measure/statistics.ts';

/** What may be measured, with the units in the names; KB are 10^3 bytes, MB 10^6. The order is that of the tables. */
export const METRIC_NAMES = [
  'megabytesPerSecond',
  'messagesPerSecond',
  'requestsPerSecond',
  'filesPerSecond',
  'handshakesPerSecond',
  'heapKilobytesPerSession',
  'externalKilobytesPerSession',
  'rssKilobytesPerSession',
  'idleCpuPercent',
  'p50Ms',
  'p99Ms',
  'megabitsPerSecond',
  'messagesLost',
  'readPercent',
  'countedPercent',
  'errorPercent',
  'worstSecondErrorPercent',
  'shareErrorPercent',
  'settledAfterMs',
  'pageCacheGrowthPercent',
  'cpuSeconds',
  'peakRssMegabytes',
  'serverPeakRssMegabytes',
  'clientPeakRssMegabytes',
] as const;

export type MetricName = (typeof METRIC_NAMES)[number];

/** A subject has the metrics that its case is about, and of the others those that could be had. */
export type Metrics = Readonly<Partial<Record<MetricName, number>>>;

/** Each metric's median. A metric counts where it was measured. */
export function medianMetrics(samples: readonly Metrics[]): Metrics {
  const medians = METRIC_NAMES.map((name) => {
    const values = samples.map((sample) => sample[name]).filter((value) => value !== undefined);
    return values.length > 0 ? [[name, median(values)] as const] : [];
  });
  return Object.fromEntries(medians.flat());
}
