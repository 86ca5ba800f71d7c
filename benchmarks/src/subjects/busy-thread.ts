// The program of a thread that is busy for a share of the time. Asked with a number of milliseconds, it measures itself for so long.
import { readlinkSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { CpuMonitor } from '@tcpcomm/cpu-monitor';
import { threadCpuMs } from '../measure/kernel-cpu.ts';
import { compare } from './cpu-load.ts';

const PERIOD_MS = 10;

const share = workerData as number;
const threadPath = `/proc/${readlinkSync('/proc/thread-self')}`;

/** Is busy for its share of a period, and goes on for as long as it is to be busy all the time. */
function work(): void {
  const endMs = performance.now() + PERIOD_MS * share;
  while (performance.now() < endMs);
  if (share === 1) setImmediate(work);
}

if (share === 1) work();
else if (share > 0) setInterval(work, PERIOD_MS);
parentPort?.on('message', (durationMs: number) => {
  void compare(new CpuMonitor(), () => threadCpuMs(threadPath), durationMs).then((metrics) => {
    parentPort?.postMessage(metrics);
  });
});
parentPort?.postMessage(threadPath);
