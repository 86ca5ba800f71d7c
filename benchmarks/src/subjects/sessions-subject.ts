import type { Subject } from '../harness/subject.ts';
import type { SessionLibrary, SessionServer } from './session-library.ts';
import { driveChatter } from './sessions-chatter.ts';
import { driveConnecting } from './sessions-connect.ts';
import { driveIdling } from './sessions-idle.ts';
import type { SessionsLoad } from './sessions-load.ts';
import { answerObserver, SessionsObserver } from './sessions-observer.ts';

/** What the suite about sessions does with a library. */
export function createSessionsSubject(library: SessionLibrary): Subject<SessionsLoad> {
  return {
    async serve(_load, _folder, host) {
      const server: SessionServer = await library.listen(host, (question) => answerObserver(question, server));
      return { endpoint: { host, port: server.port }, close: () => server.close() };
    },

    // All loads of one measurement have the same pattern.
    async drive(load, endpoint) {
      const observer = new SessionsObserver(await library.connect(endpoint, () => undefined));
      switch (load.pattern) {
        case 'connect':
          return driveConnecting(library, endpoint, observer);
        case 'idle':
          return driveIdling(library, endpoint, observer);
        case 'chatter':
          return driveChatter(library, endpoint, observer, load);
      }
    },
  };
}
