import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of a thread as the scheduler of Linux counts it (proc_pid_schedstat(5)), by its folder below `/proc`. */
export function threadCpuMs(threadPath: string): number {
  return Number(readFileSync(`${threadPath}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
}

/** Of all threads of this process together. */
export function processCpuMs(): number {
  const folder = '/proc/self/task';
  return readdirSync(folder).reduce((sum, id) => sum + threadCpuMs(`${folder}/${id}`), 0);
}
