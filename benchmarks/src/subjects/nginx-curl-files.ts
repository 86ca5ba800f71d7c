import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Subject } from '../harness/subject.ts';
import { findFreePort } from '../measure/free-port.ts';
import { type FileLoad, servedFolder } from './file-load.ts';
import { driveProgram } from './program-client.ts';
import { serveProgram } from './program-server.ts';

/** `nginx` with `sendfile` and uploads by PUT, in a folder of its own; `curl` as anybody would call it. */
export const subject: Subject<FileLoad> = {
  async serve(_load, folder) {
    const prefix = join(folder, 'nginx');
    await mkdir(prefix, { recursive: true });
    const port = await findFreePort();
    await writeFile(join(prefix, 'nginx.conf'), configuration(port, servedFolder(folder)));
    return serveProgram('nginx', ['-p', prefix, '-c', 'nginx.conf', '-e', 'stderr'], port);
  },

  async drive(_load, { host, port }, folder) {
    return driveProgram('curl', folder, ({ direction }, { sourceName, source, targetName, target }) =>
      direction === 'server-to-client'
        ? ['--silent', '--show-error', '--fail', '--output', target, `http://${host}:${port}/${sourceName}`]
        : ['--silent', '--show-error', '--fail', '--upload-file', source, `http://${host}:${port}/${targetName}`],
    );
  },
};

function configuration(port: number, root: string): string {
  const { username, gid } = userInfo();
  return `
daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? `user ${username} ${gid === 0 ? 'root' : username};` : ''}
pid nginx.pid;
error_log stderr error;
events { worker_connections 64; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  client_max_body_size 0;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:${port};
    root ${JSON.stringify(root)};
    location / { dav_methods PUT; }
  }
}
`;
}
