import { CAN_MOVE_SOCKETS } from '@tcpcomm/session';
import type { LostWorker } from '../server-info.ts';
import type { ServerSetup } from '../server-options.ts';
import { limitOf } from '../pace.ts';
import { OwnThread, type Workplace } from '../workplace.ts';
import { WorkerPool } from './worker-pool.ts';

/** Where the sessions of a server with these options are: on workers if it wants any and this Node.js can have them, else on this thread. */
export function createWorkplace(setup: ServerSetup, onLost: (lost: LostWorker) => void): Workplace {
  const { threads, workerTimeoutMs, handlers, session, resumeGraceMs } = setup;
  const totalBytesPerSecond = limitOf(setup.totalBytesPerSecond);
  if (threads === 0) return new OwnThread(setup, totalBytesPerSecond, 'no worker threads are wanted');
  if (!CAN_MOVE_SOCKETS) {
    const reason = `Node.js ${process.version} cannot move sockets to other threads, 24.21 and later can`;
    return new OwnThread(setup, totalBytesPerSecond, reason);
  }
  return new WorkerPool({
    ...{ size: threads, setup: { session, resumeGraceMs }, handlers, totalBytesPerSecond, workerTimeoutMs },
    onLost,
  });
}
