import { CpuMonitor } from '@tcpcomm/cpu-monitor';
import { processCpuMs } from '../measure/kernel-cpu.ts';
import { compare } from './cpu-load.ts';
import { createCpuMonitor } from './cpu-monitor-subject.ts';

/** The process, of which one thread is busy. */
export const subject = createCpuMonitor((_thread, _threadPath, durationMs) =>
  compare(new CpuMonitor('process'), processCpuMs, durationMs),
);
