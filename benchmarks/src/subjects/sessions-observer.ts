import { setTimeout as delay } from 'node:timers/promises';
import { collectGarbage } from '../measure/collect-garbage.ts';
import { machineMs } from '../measure/stamped-message.ts';
import type { ClientSession, SessionServer } from './session-library.ts';

/** How the server is at a moment. */
export interface Observation {
  /** Sessions besides the observer's. */
  readonly openCount: number;
  readonly acceptedCount: number;
  readonly heapBytes: number;
  /** Outside the heap, for objects in it: buffers above all. */
  readonly externalBytes: number;
  readonly residentBytes: number;
  /** User and system time, all threads. */
  readonly cpuSeconds: number;
  readonly machineMs: number;
}

type Question = 'observe' | 'collect and observe';

const LOOK_INTERVAL_MS = 20;
const LEAVE_LIMIT_MS = 10_000;

/** At the server: what the client's observer is told. */
export async function answerObserver(question: string, server: SessionServer): Promise<string> {
  if (question === ('collect and observe' satisfies Question)) await collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const observation: Observation = {
    openCount: server.openCount - 1,
    acceptedCount: server.acceptedCount - 1,
    heapBytes: heapUsed,
    externalBytes: external,
    residentBytes: rss,
    cpuSeconds: (user + system) / 1e6,
    machineMs: machineMs(),
  };
  return JSON.stringify(observation);
}

/** At the client: sees how the server is, over a session of its own, which is there all the time. */
export class SessionsObserver {
  readonly #session: ClientSession;

  constructor(session: ClientSession) {
    this.#session = session;
  }

  observe(): Promise<Observation> {
    return this.#ask('observe');
  }

  /** When all garbage is collected. */
  observeCollected(): Promise<Observation> {
    return this.#ask('collect and observe');
  }

  /**
   * Resolves when the server has no session any more, besides the observer's.
   *
   * @throws Error when it still has some after 10 s
   */
  async untilAlone(): Promise<Observation> {
    const latestMs = performance.now() + LEAVE_LIMIT_MS;
    for (;;) {
      const observation = await this.observe();
      if (observation.openCount === 0) return observation;
      if (performance.now() > latestMs) throw new Error(`the server still has ${observation.openCount} sessions`);
      await delay(LOOK_INTERVAL_MS);
    }
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  async #ask(question: Question): Promise<Observation> {
    return JSON.parse(await this.#session.ask(question)) as Observation;
  }
}
