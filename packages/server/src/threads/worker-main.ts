// The program of a server's worker: its sessions, and the ports to their users.
import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { type Reject, type Settings, WireError } from '@tcpcomm/protocol';
import { type PortalCalls, type SessionBackendEvents, SessionPortal, type UserThread } from '@tcpcomm/session';
import { TokenBucket } from '@tcpcomm/throttle';
import { RETRY_AFTER_MS } from '../admission.ts';
import { Applicant } from '../applicant.ts';
import { LocalServerSession } from '../local-server-session.ts';
import type { ServerSessionEvents } from '../server-backend.ts';
import { TrafficMeter } from './traffic-meter.ts';
import type { FromWorker, MovedApplicant, OpenOrder, WorkerData } from './worker-messages.ts';

const PULSE_MS = 250;
const LOAD_MS = 1_000;

const { setup, pulse } = workerData as WorkerData;
const total = new TokenBucket({ bytesPerSecond: Infinity });
const traffic = new TrafficMeter();

/** What can be asked of a server's session, beside what can be of any. */
const CALLS: PortalCalls<LocalServerSession> = {
  isOwnedBy: (session, key) => session.isOwnedBy(key as string),
  bringBack: async (session, moved) => {
    const { handle, hello } = moved as MovedApplicant;
    const applicant = Applicant.continued(handle, hello);
    if (await session.bringBack(applicant)) return;
    // Another one begins where the client is asked for who it is.
    const message = 'the session has ended just now, come again for another one';
    applicant.reject({ code: WireError.SERVER_BUSY, message, retryAfterMs: RETRY_AFTER_MS });
  },
  // What lay at its socket has been read by then; how it stands is told with every answer.
  refresh: () => setImmediate(),
  setPace: (session, pace) => Promise.resolve(session.setPace(pace as Settings)),
  setShare: (session, weight) => Promise.resolve(session.setShare(weight as number)),
  reconsider: (session) => Promise.resolve(session.reconsider()),
};

function open({ port, applicant: { handle, hello }, opening }: OpenOrder): void {
  const portal = new SessionPortal(
    port,
    (events, user) => new LocalServerSession(setup, total, serverEvents(events, user)),
    CALLS,
  );
  traffic.add(portal.backend);
  port.once('close', () => {
    traffic.delete(portal.backend);
  });
  portal.backend.open(Applicant.continued(handle, hello), opening);
}

function serverEvents(events: SessionBackendEvents, user: UserThread): ServerSessionEvents {
  return Object.assign(events, {
    onSuspended: (suspension: unknown) => {
      user.tell('suspended', suspension);
    },
    onResumed: () => {
      user.tell('resumed');
    },
    onIdentify: (machineId: string, settle: (refusal: Reject | undefined) => void) => {
      void user.ask('identify', machineId).then((refusal) => {
        settle(refusal as Reject | undefined);
      });
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
parentPort?.on('message', open);
tell({ kind: 'ready' });
