import type { Subject } from '../harness/subject.ts';
import { type FileLoad } from './file-load.ts';
import { driveProgram } from './program-client.ts';

/** GNU `cp` would share the blocks where the file system can, and copy nothing. */
const COPY_REALLY = process.platform === 'linux' ? ['--reflink=never'] : [];

/** `cp`: no network, no server. */
export const subject: Subject<FileLoad> = {
  async serve() {
    return {
      endpoint: { host: '127.0.0.1', port: 0 },
      usage: () => ({ cpuSeconds: 0, peakRssMegabytes: 0 }),
      close: async () => undefined,
    };
  },

  async drive(_load, _endpoint, folder) {
    return driveProgram('cp', folder, (_load, { source, target }) => [...COPY_REALLY, source, target]);
  },
};
