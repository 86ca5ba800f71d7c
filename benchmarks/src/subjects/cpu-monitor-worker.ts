import { CpuMonitor } from '@tcpcomm/cpu-monitor';
import { threadCpuMs } from '../measure/kernel-cpu.ts';
import { compare } from './cpu-load.ts';
import { createCpuMonitor } from './cpu-monitor-subject.ts';

/** A worker that is measured from outside. */
export const subject = createCpuMonitor((thread, threadPath, durationMs) =>
  compare(new CpuMonitor(thread), () => threadCpuMs(threadPath), durationMs),
);
