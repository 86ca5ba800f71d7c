import { once } from 'node:events';
import type { Metrics } from '../harness/metrics.ts';
import { createCpuMonitor } from './cpu-monitor-subject.ts';

/** A thread that measures itself. */
export const subject = createCpuMonitor(async (thread, _threadPath, durationMs) => {
  thread.postMessage(durationMs);
  const [metrics] = (await once(thread, 'message')) as [Metrics];
  return metrics;
});
