/** A thread that is busy for a share of the time, and monitors itself. It goes by the kernel's accounting, not by what is tested. */
import { readlinkSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { CpuMonitor } from '../src/cpu-monitor.ts';
import { kernelCpuMs } from './kernel-accounting.ts';
import type { LoadReport, LoadTask } from './load.ts';

const PERIOD_MS = 10;
const { share, windowMs } = workerData as LoadTask;
const threadPath = `/proc/${readlinkSync('/proc/thread-self')}`;
const beganMs = performance.now();
const beganCpuMs = kernelCpuMs(threadPath);

function tell(report: LoadReport): void {
  parentPort?.postMessage(report);
}

/** Takes its share of the time that has passed, but no longer than a period at a time. */
function work(): void {
  const turnMs = performance.now();
  while (performance.now() < turnMs + PERIOD_MS) {
    const dueMs = (performance.now() - beganMs) * share;
    if (kernelCpuMs(threadPath) - beganCpuMs >= dueMs) break;
  }
  if (share === 1) setImmediate(work);
}

const monitor = new CpuMonitor('current-thread', { windowMs });
monitor.on('sample', (sample) => {
  tell({ kind: 'sample', sample, kernelCpuMs: kernelCpuMs(threadPath) });
});
monitor.start();
tell({ kind: 'begun', threadPath, source: monitor.source });
if (share === 1) work();
else if (share > 0) setInterval(work, PERIOD_MS / 2);
else setInterval(() => undefined, 60_000);
