import { setTimeout as delay } from 'node:timers/promises';
import type { Driving, Endpoint } from '../harness/subject.ts';
import { EchoMeter } from '../measure/echo-meter.ts';
import { machineMs } from '../measure/stamped-message.ts';
import { closeSessions, connectSessions } from './many-sessions.ts';
import type { ClientSession, SessionLibrary } from './session-library.ts';
import type { ChatterLoad } from './sessions-load.ts';
import type { SessionsObserver } from './sessions-observer.ts';

/** How often the client looks which messages are due. */
const LOOK_INTERVAL_MS = 1;

/** Sessions that all send a message now and then, which the server sends back. */
export async function driveChatter(
  library: SessionLibrary,
  endpoint: Endpoint,
  observer: SessionsObserver,
  { sessions: sessionCount, messageBytes }: ChatterLoad,
): Promise<Driving<ChatterLoad>> {
  const meter = new EchoMeter(messageBytes);
  const sessions = await connectSessions(library, endpoint, sessionCount, (message) => meter.handleEcho(message));
  return {
    run: async ({ count: durationMs, intervalMs }) => {
      const messages = Math.max(1, Math.round((durationMs / intervalMs) * sessionCount));
      const allBack = meter.begin(messages);
      await talk(sessions, messages, intervalMs / sessionCount, meter);
      return allBack;
    },
    close: async () => {
      await closeSessions(sessions);
      await observer.close();
    },
  };
}

/** The sessions take turns, so that the messages are spread evenly over the time. */
async function talk(
  sessions: readonly ClientSession[],
  messages: number,
  gapMs: number,
  meter: EchoMeter,
): Promise<void> {
  const beganMs = machineMs();
  for (let sent = 0; sent < messages;) {
    const due = Math.min(messages, Math.floor((machineMs() - beganMs) / gapMs) + 1);
    for (; sent < due; sent += 1) sessions[sent % sessions.length]!.send(meter.stamp());
    await delay(LOOK_INTERVAL_MS);
  }
}
