import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Subject } from '../harness/subject.ts';
import { findFreePort } from '../measure/free-port.ts';
import { type FileLoad, servedFolder } from './file-load.ts';
import { driveProgram } from './program-client.ts';
import { serveProgram } from './program-server.ts';

/** `rsync` with its own daemon, without a shell in between that encrypts; whole files, no compression; folders as archives. */
export const subject: Subject<FileLoad> = {
  async serve(_load, folder) {
    const port = await findFreePort();
    const path = join(folder, 'rsyncd.conf');
    await writeFile(path, configuration(servedFolder(folder)));
    return serveProgram(
      'rsync',
      ['--daemon', '--no-detach', '--address=127.0.0.1', `--port=${port}`, `--config=${path}`],
      port,
    );
  },

  async drive(_load, { host, port }, folder) {
    return driveProgram('rsync', folder, ({ kind, direction }, { sourceName, source, targetName, target }) => {
      const remote = (name: string) => `rsync://${host}:${port}/served/${name}`;
      const [from, to] = direction === 'server-to-client' ? [remote(sourceName), target] : [source, remote(targetName)];
      // With a slash it is what is in the folder.
      return kind === 'large-file' ? ['--whole-file', from, to] : ['--whole-file', '--archive', `${from}/`, to];
    });
  },
};

function configuration(root: string): string {
  const asRoot = process.getuid?.() === 0 ? 'uid = 0\ngid = 0\n' : '';
  return `log file = /dev/null\nuse chroot = no\n${asRoot}[served]\npath = ${root}\nread only = no\n`;
}
