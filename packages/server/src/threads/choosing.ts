import { CAN_MOVE_SOCKETS } from '@tcpcomm/session';
import type { LostWorker } from '../server-info.ts';
import type { ServerSetup } from '../server-options.ts';
import type { ServerTotal } from '../server-total.ts';
import { OwnThread, type Workplace } from '../workplace.ts';
import { WorkerPool } from './worker-pool.ts';

/** Where the sessions of a server with these options are: on workers if it wants any and this Node.js can have them, else on this thread. */
export function createWorkplace(
  setup: ServerSetup,
  total: ServerTotal,
  onLost: (lost: LostWorker) => void,
): Workplace {
  const { threads, workerTimeoutMs, session, resumeGraceMs } = setup;
  if (threads === 0) return new OwnThread(setup, total.bucket, 'no worker threads are wanted');
  if (!CAN_MOVE_SOCKETS) {
    const reason = `Node.js ${process.version} cannot move sockets to other threads, 24.21 and later can`;
    return new OwnThread(setup, total.bucket, reason);
  }
  return new WorkerPool({ size: threads, data: { setup: { session, resumeGraceMs } }, timeoutMs: workerTimeoutMs, onLost });
}
