import type { Endpoint } from '../harness/subject.ts';
import { bounded } from './bounded.ts';
import type { ClientSession, SessionLibrary } from './session-library.ts';

/** @param hear is given what comes back over any of them */
export async function connectSessions(
  library: SessionLibrary,
  endpoint: Endpoint,
  count: number,
  hear: (message: Uint8Array) => void,
): Promise<ClientSession[]> {
  const sessions: ClientSession[] = [];
  await bounded(count, async () => {
    sessions.push(await library.connect(endpoint, hear));
  });
  return sessions;
}

export async function closeSessions(sessions: readonly ClientSession[]): Promise<void> {
  await bounded(sessions.length, (index) => sessions[index]!.close());
}
