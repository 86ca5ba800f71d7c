import type { Driving, Endpoint } from '../harness/subject.ts';
import { bounded } from './bounded.ts';
import type { SessionLibrary } from './session-library.ts';
import type { ConnectLoad } from './sessions-load.ts';
import type { SessionsObserver } from './sessions-observer.ts';

/** Clients that connect and close, as many in a time as there may be. */
export function driveConnecting(
  library: SessionLibrary,
  endpoint: Endpoint,
  observer: SessionsObserver,
): Driving<ConnectLoad> {
  let acceptedBefore = 0;
  return {
    run: async ({ count }) => {
      const beganMs = performance.now();
      await bounded(count, async () => {
        const session = await library.connect(endpoint, () => undefined);
        await session.close();
      });
      return { handshakesPerSecond: (count / (performance.now() - beganMs)) * 1000 };
    },
    check: async ({ count }) => {
      const { acceptedCount } = await observer.untilAlone();
      const accepted = acceptedCount - acceptedBefore;
      acceptedBefore = acceptedCount;
      if (accepted !== count) throw new Error(`the server has had ${accepted} of ${count} sessions`);
    },
    close: () => observer.close(),
  };
}
