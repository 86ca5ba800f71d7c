import type { Subject } from '../harness/subject.ts';
import { changing } from './throttle-changing.ts';
import type { ThrottleLoad } from './throttle-load.ts';
import { shared } from './throttle-shared.ts';
import { steady } from './throttle-steady.ts';

/** Ours; none of the peers has a throttle. */
export const subject: Subject<ThrottleLoad> = {
  serve(load, folder, host) {
    switch (load.pattern) {
      case 'steady':
        return steady.serve(load, folder, host);
      case 'shared':
        return shared.serve(load, folder, host);
      case 'changing':
        return changing.serve(load, folder, host);
    }
  },

  // All loads of one measurement have the same pattern.
  drive(load, endpoint, folder) {
    switch (load.pattern) {
      case 'steady':
        return steady.drive(load, endpoint, folder);
      case 'shared':
        return shared.drive(load, endpoint, folder);
      case 'changing':
        return changing.drive(load, endpoint, folder);
    }
  },
};
