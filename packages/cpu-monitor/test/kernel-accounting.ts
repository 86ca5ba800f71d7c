import { readFileSync } from 'node:fs';

/** CPU time of a thread as the scheduler of Linux counts it (proc_pid_schedstat(5)), by its folder below `/proc`. */
export function kernelCpuMs(threadPath: string): number {
  return Number(readFileSync(`${threadPath}/schedstat`, 'latin1').split(' ')[0]) / 1_000_000;
}
