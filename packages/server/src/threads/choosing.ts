import { CAN_MOVE_SOCKETS } from '@tcpcomm/session';
import { OwnThread } from '../own-thread.ts';
import type { Threading } from '../server-info.ts';
import type { ServerSetup } from '../server-options.ts';
import type { Workplace, WorkplaceEvents, WorkplaceSetup } from '../workplace.ts';
import { MovedSockets } from './moved-sockets.ts';
import { ReusedPort } from './reused-port.ts';

/** Where several may listen at one port, and the system deals the connections out; elsewhere it fails, or all go to one. */
const DEALS_CONNECTIONS_OUT = ['linux', 'freebsd', 'aix', 'sunos'].includes(process.platform);

/** Where the sessions of a server with these options are: on workers if it wants any and this Node.js can have them, else on this thread. */
export function createWorkplace(setup: ServerSetup, events: WorkplaceEvents): Workplace {
  const { threads } = setup;
  const needed = cloneableOf(setup);
  const [threading, reason] = choose(setup);
  if (threading === 'moved-sockets') return new MovedSockets(needed, threads, events, reason);
  if (threading === 'reused-port') return new ReusedPort(needed, threads, events, reason);
  return new OwnThread(needed, events, reason);
}

/** Without what cannot cross to another thread. */
function cloneableOf(setup: ServerSetup): WorkplaceSetup {
  const { session, resumeGraceMs, maxPendingHandshakes, handshakeTimeoutMs } = setup;
  const { handlers, workerTimeoutMs, totalBytesPerSecond } = setup;
  const door = { maxPendingHandshakes, handshakeTimeoutMs };
  return { session, resumeGraceMs, ...door, handlers, workerTimeoutMs, totalBytesPerSecond };
}

function choose({ threads, threading }: ServerSetup): [Threading, reason: string] {
  if (threads === 0) return ['calling-thread', 'no worker threads are wanted'];
  if (threading === 'reused-port') {
    if (DEALS_CONNECTIONS_OUT) return ['reused-port', 'so it was asked for'];
    return ['calling-thread', `${process.platform} does not deal the connections of one port out`];
  }
  if (CAN_MOVE_SOCKETS) return ['moved-sockets', `Node.js ${process.version} can move sockets to other threads`];
  const cannot = `Node.js ${process.version} cannot move sockets to other threads (24.21 and later can)`;
  if (DEALS_CONNECTIONS_OUT) return ['reused-port', `${cannot}, and this system can deal them out to several`];
  return ['calling-thread', `${cannot}, and ${process.platform} does not deal the connections of one port out`];
}
