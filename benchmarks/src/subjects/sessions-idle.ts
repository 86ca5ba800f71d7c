import { setTimeout as delay } from 'node:timers/promises';
import type { Metrics } from '../harness/metrics.ts';
import type { Driving, Endpoint } from '../harness/subject.ts';
import { closeSessions, connectSessions } from './many-sessions.ts';
import type { ClientSession, SessionLibrary } from './session-library.ts';
import type { IdleLoad } from './sessions-load.ts';
import type { Observation, SessionsObserver } from './sessions-observer.ts';

/** Sessions that are there and say nothing: what they cost the server. */
export async function driveIdling(
  library: SessionLibrary,
  endpoint: Endpoint,
  observer: SessionsObserver,
): Promise<Driving<IdleLoad>> {
  const fresh = await observer.observeCollected();
  let sessions: ClientSession[] = [];
  return {
    run: async ({ count, idleMsPerSession }) => {
      const without = await observer.observeCollected();
      sessions = await connectSessions(library, endpoint, count, () => undefined);
      // What the connecting has left is not to be collected while they idle.
      const begun = await observer.observeCollected();
      await delay(count * idleMsPerSession);
      const ended = await observer.observe();
      if (ended.openCount !== count) throw new Error(`the server has ${ended.openCount} of ${count} sessions`);
      return {
        ...memoryPerSession(fresh, without, await observer.observeCollected()),
        idleCpuPercent: cpuPercent(begun, ended),
      };
    },
    check: async () => {
      await closeSessions(sessions);
      await observer.untilAlone();
    },
    close: () => observer.close(),
  };
}

/**
 * The resident memory is compared with that of a server that has had no session yet: what those of the warm-up had is not given
 * back to the system, and would hide that of as many others.
 */
function memoryPerSession(fresh: Observation, without: Observation, including: Observation): Metrics {
  const kilobytes = (bytes: number) => bytes / including.openCount / 1000;
  return {
    heapKilobytesPerSession: kilobytes(including.heapBytes - without.heapBytes),
    externalKilobytesPerSession: kilobytes(including.externalBytes - without.externalBytes),
    rssKilobytesPerSession: kilobytes(including.residentBytes - fresh.residentBytes),
  };
}

function cpuPercent(begun: Observation, ended: Observation): number {
  return ((ended.cpuSeconds - begun.cpuSeconds) / (ended.machineMs - begun.machineMs)) * 1000 * 100;
}
