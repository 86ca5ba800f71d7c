import { readFileSync } from 'node:fs';
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { describe } from './describe.ts';

/** Whose CPU use it is: that of the thread that asks, of all threads of the process, or of a worker. */
export type CpuTarget = 'current-thread' | 'process' | Worker;

/**
 * Where the figures come from, best first. `eventLoopUtilization` is for how long the event loop had something to do: more than the CPU
 * time where a thread waits within a turn, or for a processor.
 */
export type CpuSourceName =
  | 'process.threadCpuUsage'
  | '/proc/thread-self/schedstat'
  | 'worker.cpuUsage'
  | 'process.cpuUsage'
  | 'eventLoopUtilization';

/** CPU time that a target has used, and what its event loop has done. */
export interface CpuSource {
  readonly name: CpuSourceName;
  /** User and system time. A promise where another thread has to answer; undefined when there is nothing to read (yet, or any more). */
  readCpuMs(): number | Promise<number | undefined> | undefined;
  readLoop(): EventLoopUtilization;
  /** Whether the target has ended. */
  isGone(): boolean;
}

/** What this Node.js and this system offer; some do not have all of it. */
export interface CpuPlatform {
  /** Not in every Node.js 22. */
  readonly threadCpuUsage: (() => NodeJS.CpuUsage) | undefined;
  /** Linux: its first number is the time on a processor in nanoseconds. Undefined where there is none. */
  readonly readThreadSchedstat: () => string | undefined;
  /** Not in every Node.js 22, nor before 24.6. */
  readonly workerCpuUsage: ((worker: Worker) => Promise<NodeJS.CpuUsage>) | undefined;
}

export const THIS_PLATFORM: CpuPlatform = {
  threadCpuUsage: (process as Partial<NodeJS.Process>).threadCpuUsage?.bind(process),
  readThreadSchedstat: () => {
    try {
      // Read by this thread, not by one of the pool: the file is about the thread that opens it.
      return readFileSync('/proc/thread-self/schedstat', 'latin1');
    } catch {
      return undefined;
    }
  },
  workerCpuUsage: 'cpuUsage' in Worker.prototype ? (worker) => worker.cpuUsage() : undefined,
};

/**
 * The best source that there is for a target.
 *
 * @throws TypeError for what is no target
 */
export function findCpuSource(target: CpuTarget, platform: CpuPlatform = THIS_PLATFORM): CpuSource {
  if (target instanceof Worker) return workerSource(target, platform);
  const loop = { readLoop: () => performance.eventLoopUtilization(), isGone: () => false };
  if (target === 'process') return { name: 'process.cpuUsage', readCpuMs: () => msOf(process.cpuUsage()), ...loop };
  if ((target as unknown) !== 'current-thread') {
    throw new TypeError(`target must be 'current-thread', 'process' or a Worker, got ${describe(target)}`);
  }
  const { threadCpuUsage, readThreadSchedstat } = platform;
  if (threadCpuUsage) return { name: 'process.threadCpuUsage', readCpuMs: () => msOf(threadCpuUsage()), ...loop };
  const readCpuMs = () => msOfSchedstat(readThreadSchedstat());
  if (readCpuMs() !== undefined) return { name: '/proc/thread-self/schedstat', readCpuMs, ...loop };
  return { name: 'eventLoopUtilization', readCpuMs: () => loop.readLoop().active, ...loop };
}

function workerSource(worker: Worker, { workerCpuUsage }: CpuPlatform): CpuSource {
  const loop = {
    readLoop: () => worker.performance.eventLoopUtilization(),
    isGone: () => worker.threadId === -1,
  };
  if (workerCpuUsage === undefined) {
    return { name: 'eventLoopUtilization', readCpuMs: () => loop.readLoop().active, ...loop };
  }
  return {
    name: 'worker.cpuUsage',
    // It rejects for a worker that does not run, which `isGone` tells from one that does not run yet.
    readCpuMs: () => workerCpuUsage(worker).then(msOf, () => undefined),
    ...loop,
  };
}

function msOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1_000;
}

function msOfSchedstat(text: string | undefined): number | undefined {
  const match = /^(\d+) /.exec(text ?? '');
  return match ? Number(match[1]) / 1_000_000 : undefined;
}
