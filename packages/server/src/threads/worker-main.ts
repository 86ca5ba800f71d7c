// The program of a server's worker: its sessions, and the ports to their users.
import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { type Reject, type Settings, toSentence, WireError } from '@tcpcomm/protocol';
import {
  type FromSession,
  type PortalCalls,
  type SessionBackendEvents,
  SessionPortal,
  toCloneable,
  type UserThread,
} from '@tcpcomm/session';
import { SharedRate } from '@tcpcomm/throttle';
import { RETRY_AFTER_MS } from '../admission.ts';
import { LocalApplicant } from '../local-applicant.ts';
import { createHandledSession } from '../handled-session.ts';
import { loadHandlers, type ServerHandlers } from '../handlers.ts';
import { LocalServerSession } from '../local-server-session.ts';
import type { ServerSessionEvents } from '../server-backend.ts';
import { clockOffsetMs } from './common-clock.ts';
import { OpenDoor } from './open-door.ts';
import { TrafficMeter } from './traffic-meter.ts';
import type { FromWorker, MovedApplicant, OpenOrder, ToWorker, WorkerData } from './worker-messages.ts';

const PULSE_MS = 250;
const LOAD_MS = 1_000;

const { setup, total, place, pulse } = workerData as WorkerData;
const bucket = SharedRate.of(total, clockOffsetMs()).bucketOf(place);
const traffic = new TrafficMeter();

/** What can be asked of a server's session, beside what can be of any. */
const CALLS: PortalCalls<LocalServerSession> = {
  isOwnedBy: (session, key) => session.isOwnedBy(key as string),
  bringBack: async (session, moved) => {
    const applicant = applicantOf(moved as MovedApplicant);
    if (applicant === undefined) return;
    try {
      if (await session.bringBack(applicant)) return;
    } catch (error) {
      applicant.reject({
        code: WireError.INTERNAL_ERROR,
        message: toSentence(String(error)),
        retryAfterMs: RETRY_AFTER_MS,
      });
      throw error;
    }
    // Another one begins where the client is asked for who it is.
    const message = 'the session has ended just now, come again for another one';
    applicant.reject({ code: WireError.SERVER_BUSY, message, retryAfterMs: RETRY_AFTER_MS });
  },
  // What lay at its socket has been read by then; how it stands is told with every answer.
  refresh: () => setImmediate(),
  setPace: async (session, pace) => {
    session.setPace(pace as Settings);
  },
  setShare: async (session, weight) => {
    session.setShare(weight as number);
  },
  reconsider: async (session) => {
    session.reconsider();
  },
};

/** Undefined if it has gone. */
function applicantOf(moved: MovedApplicant): LocalApplicant | undefined {
  return moved.handle ? LocalApplicant.continued(moved.handle, moved.hello) : door.take(moved.id);
}

function open({ port, applicant: moved, opening }: OpenOrder): void {
  const applicant = applicantOf(moved);
  if (applicant === undefined) {
    port.postMessage({ kind: 'told', topic: 'gone', detail: undefined } satisfies FromSession);
    port.close();
    return;
  }
  const portal = new SessionPortal(
    port,
    (events, user) => {
      const create = (heard: ServerSessionEvents) => new LocalServerSession(setup, bucket, heard);
      const told = serverEvents(events, user);
      return handlers ? createHandledSession(handlers, told, create) : create(told);
    },
    CALLS,
  );
  traffic.add(portal.backend);
  port.once('close', () => {
    traffic.delete(portal.backend);
  });
  portal.backend.open(applicant, opening);
}

function serverEvents(events: SessionBackendEvents, user: UserThread): ServerSessionEvents {
  return Object.assign(events, {
    onListenerFailed: (error: unknown) => {
      if (!user.tell('failed', error)) process.emitWarning(error as Error);
    },
    onSuspended: (suspension: unknown) => {
      user.tell('suspended', suspension);
    },
    onResumed: () => {
      user.tell('resumed');
    },
    onIdentify: (machineId: string, settle: (refusal: Reject | undefined) => void) => {
      user.ask('identify', machineId).then(
        (refusal) => {
          settle(refusal as Reject | undefined);
        },
        (error: unknown) => {
          settle({ code: WireError.INTERNAL_ERROR, message: toSentence(String(error)) });
        },
      );
    },
  });
}

function tell(message: FromWorker): void {
  parentPort?.postMessage(message);
}

let toldBytesPerSecond = 0;
setInterval(() => {
  const bytesPerSecond = traffic.measure(performance.now());
  if (bytesPerSecond !== toldBytesPerSecond) tell({ kind: 'load', bytesPerSecond });
  toldBytesPerSecond = bytesPerSecond;
}, LOAD_MS).unref();
setInterval(() => Atomics.add(pulse, 0, 1), PULSE_MS).unref();

const door = new OpenDoor(setup, tell);
let handlers: ServerHandlers | undefined;
try {
  if (setup.handlers !== undefined) handlers = await loadHandlers(setup.handlers, setup.workerTimeoutMs);
  parentPort?.on('message', (message: ToWorker) => {
    if (message.kind === 'open') open(message);
    else if (message.kind === 'end') parentPort?.close();
    else door.handle(message);
  });
  tell({ kind: 'ready' });
} catch (error) {
  tell({ kind: 'failed', error: toCloneable(error) });
}
