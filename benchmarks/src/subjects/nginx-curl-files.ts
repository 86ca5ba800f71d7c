import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Endpoint, Subject } from '../harness/subject.ts';
import { findFreePort } from '../measure/free-port.ts';
import {
  type FileLoad,
  type FilePaths,
  servedFolder,
  SMALL_FILE_PREFIX,
  type SmallFilesLoad,
  smallFileNumbers,
} from './file-load.ts';
import { driveProgram } from './program-client.ts';
import { serveProgram } from './program-server.ts';

/** `nginx` with `sendfile` and uploads by PUT, in a folder of its own; `curl` as anybody would call it, for many files in parallel. */
export const subject: Subject<FileLoad> = {
  async serve(_load, folder) {
    const prefix = join(folder, 'nginx');
    await mkdir(prefix, { recursive: true });
    const port = await findFreePort();
    await writeFile(join(prefix, 'nginx.conf'), configuration(port, servedFolder(folder)));
    return serveProgram('nginx', ['-p', prefix, '-c', 'nginx.conf', '-e', 'stderr'], port);
  },

  async drive(_load, endpoint, folder) {
    return driveProgram('curl', folder, (load, paths) => [
      ...['--silent', '--show-error', '--fail'],
      ...(load.direction === 'server-to-client' ? downloadArguments : uploadArguments)(load, paths, endpoint),
    ]);
  },
};

function downloadArguments(load: FileLoad, { sourceName, target }: FilePaths, { host, port }: Endpoint): string[] {
  const url = `http://${host}:${port}/${sourceName}`;
  if (load.kind === 'large-file') return ['--output', target, url];
  // `#1` is what the brackets stand for.
  const output = join(target, `${SMALL_FILE_PREFIX}#1`);
  return ['--parallel', '--create-dirs', '--output', output, `${url}/${namePattern(load)}`];
}

function uploadArguments(load: FileLoad, { source, targetName }: FilePaths, { host, port }: Endpoint): string[] {
  const url = `http://${host}:${port}/${targetName}`;
  if (load.kind === 'large-file') return ['--upload-file', source, url];
  return ['--parallel', '--upload-file', join(source, namePattern(load)), `${url}/`];
}

/** All names of a folder, as curl can be told them. */
function namePattern(load: SmallFilesLoad): string {
  return `${SMALL_FILE_PREFIX}[${smallFileNumbers(load).join('-')}]`;
}

function configuration(port: number, root: string): string {
  const { username, gid } = userInfo();
  return `
daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? `user ${username} ${gid === 0 ? 'root' : username};` : ''}
pid nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  client_max_body_size 0;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:${port};
    root ${JSON.stringify(root)};
    location / { dav_methods PUT; create_full_put_path on; }
  }
}
`;
}
