import type { CpuSample } from '@tcpcomm/cpu-monitor';

/**
 * Where the work of a server's sessions is done: on the thread that made it, on workers to which that one hands the sockets that it has accepted, or on
 * workers each of which accepts by itself, at one port.
 */
export type Threading = 'calling-thread' | 'moved-sockets' | 'reused-port';

/** How a server does its work. */
export interface ServerInfo {
  readonly threading: Threading;
  /** Why so, as a sentence for people. */
  readonly reason: string;
  /** Those that there are now; one that was lost is missing until it is replaced. */
  readonly workers: readonly WorkerInfo[];
}

/** A worker of a server, as it is now. */
export interface WorkerInfo {
  /** As Node.js and its tools know it. */
  readonly threadId: number;
  /** Whether it can be given sessions; one that has just been begun cannot yet. */
  readonly isReady: boolean;
  readonly sessions: number;
  /** What its sessions send and receive together. */
  readonly bytesPerSecond: number;
  /** What it takes of the processor; undefined until that has been measured. */
  readonly cpu: CpuSample | undefined;
}

/** A worker that has ended without having been asked to. */
export interface LostWorker {
  readonly threadId: number;
  /** How many sessions have ended with it. Their clients come back, to new ones. */
  readonly sessions: number;
  readonly error: Error;
}
