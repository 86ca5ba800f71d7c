import type { ServerInfo, WorkerInfo } from '@tcpcomm/server';
import { formatCount, formatRate } from './terminal/quantities.ts';

/** Where the work of the sessions is done, for people. */
export function workersText({ workers, reason }: ServerInfo): string {
  return workers.length === 0 ? `one: ${reason}` : `${formatCount(workers.length, 'worker')} for the sessions`;
}

/** A line for each: what it has to do, and what that takes of the processor. */
export function workerLines(workers: readonly WorkerInfo[]): string[] {
  return workers.map(({ threadId, isReady, sessions, bytesPerSecond, cpu }) => {
    const name = `worker ${threadId}`;
    if (!isReady) return `${name}  begins`;
    const usage = cpu === undefined ? '' : `  ${Math.round(cpu.threadUsage)} % of a core`;
    return `${name}  ${formatCount(sessions, 'session')}  ${formatRate(bytesPerSecond)}${usage}`;
  });
}
