import type { Subject } from '../harness/subject.ts';
import type { FileLoad } from './file-load.ts';
import { serveNothing } from './no-server.ts';
import { driveProgram } from './program-client.ts';

/** GNU `dd`, one large file, written past the page cache with blocks of the size that ours has: no network, no server. */
export const subject: Subject<FileLoad> = {
  serve: serveNothing,

  async drive(_load, _endpoint, folder) {
    return driveProgram('dd', folder, (_load, { source, target }) => [
      ...[`if=${source}`, `of=${target}`, 'bs=4M', 'oflag=direct', 'conv=fdatasync', 'status=none'],
    ]);
  },
};
