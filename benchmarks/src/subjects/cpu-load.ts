import { CpuMonitor, type CpuSample } from '@tcpcomm/cpu-monitor';
import type { Load } from '../harness/subject.ts';
import type { Metrics } from '../harness/metrics.ts';
import { median } from '../measure/statistics.ts';

/** A thread that is busy for a share of the time; it is measured for `count` milliseconds. */
export interface CpuLoad extends Load {
  /** 0 to 1. */
  readonly share: number;
}

interface Reading {
  readonly sample: CpuSample;
  readonly countedMs: number;
}

/**
 * What a monitor says of its target for so long, beside what `countMs` has counted at the same moments: the medians, since a reading may have been kept
 * waiting by another process.
 */
export async function compare(monitor: CpuMonitor, countMs: () => number, durationMs: number): Promise<Metrics> {
  const readings: Reading[] = [];
  const { promise: done, resolve } = Promise.withResolvers<undefined>();
  monitor.on('sample', (sample) => {
    readings.push({ sample, countedMs: countMs() });
    // It takes a window until there is one that began with a sample.
    if (sample.atMs - readings[0]!.sample.atMs >= durationMs && comparisonsOf(readings).length > 0) resolve(undefined);
  });
  monitor.start();
  await done;
  monitor.stop();
  const compared = comparisonsOf(readings);
  return {
    readPercent: median(compared.map(({ read }) => read)),
    countedPercent: median(compared.map(({ counted }) => counted)),
    errorPercent: median(compared.map(({ read, counted }) => Math.abs(read - counted))),
  };
}

/** Of the samples whose window begins where another sample was taken. */
function comparisonsOf(readings: readonly Reading[]): { readonly read: number; readonly counted: number }[] {
  return readings.flatMap(({ sample, countedMs }) => {
    const beganMs = sample.atMs - sample.spanMs;
    const begin = readings.find((other) => Math.abs(other.sample.atMs - beganMs) < 1);
    if (begin === undefined) return [];
    return [{ read: sample.threadUsage, counted: ((countedMs - begin.countedMs) / sample.spanMs) * 100 }];
  });
}
