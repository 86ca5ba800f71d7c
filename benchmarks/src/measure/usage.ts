import { readFileSync } from 'node:fs';

/** What a process has used since it began. */
export interface Usage {
  /** User and system time, all threads. */
  readonly cpuSeconds: number;
  readonly peakRssMegabytes: number;
}

/** This process's. */
export function processUsage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuSeconds: (user + system) / 1e6, peakRssMegabytes: peakRssBytes('self') / 1e6 };
}

/**
 * The peak of a process's resident memory. `maxRSS` of getrusage(2) would begin with the memory of the process that forked it.
 *
 * @throws Error when the process is gone
 */
export function peakRssBytes(pid: number | 'self'): number {
  if (pid === 'self' && process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}
