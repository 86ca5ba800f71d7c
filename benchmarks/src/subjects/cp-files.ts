import type { Subject } from '../harness/subject.ts';
import type { FileLoad } from './file-load.ts';
import { serveNothing } from './no-server.ts';
import { driveProgram } from './program-client.ts';

/** GNU `cp` would share the blocks where the file system can, and copy nothing. */
const COPY_REALLY = process.platform === 'linux' ? ['--reflink=never'] : [];

/** `cp`: no network, no server. */
export const subject: Subject<FileLoad> = {
  serve: serveNothing,

  async drive(_load, _endpoint, folder) {
    return driveProgram('cp', folder, (_load, { source, target }) => ['-R', ...COPY_REALLY, source, target]);
  },
};
