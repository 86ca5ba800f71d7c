import { TcpCommClient } from '@tcpcomm/client';
import { TcpCommServer } from '@tcpcomm/server';
import type { FileTransfer } from '@tcpcomm/session';
import type { Subject } from '../harness/subject.ts';
import { type FileLoad, type FilePaths, servedFolder } from './file-load.ts';
import { checkReceived, measureFiles } from './file-measurement.ts';

/** Ours: default options, no throttle. What it has moved is durable when it says that it is done. */
export const subject: Subject<FileLoad> = {
  async serve(_load, folder) {
    const server = new TcpCommServer({ bytesPerSecond: 0, files: { root: servedFolder(folder) } });
    const { port } = await server.start({ port: 0, host: '127.0.0.1' });
    return {
      endpoint: { host: '127.0.0.1', port },
      close: async () => {
        await server.close({ drainMs: 0 });
      },
    };
  },

  async drive(_load, { host, port }, folder) {
    const client = new TcpCommClient();
    await client.connect(host, port);
    return {
      run: (load) => measureFiles(load, folder, (paths) => begin(client, load, paths).done),
      check: (load) => checkReceived(load, folder),
      close: async () => {
        await client.close({ drainMs: 0 });
      },
    };
  },
};

function begin(client: TcpCommClient, { kind, direction }: FileLoad, paths: FilePaths): FileTransfer {
  const { sourceName, source, targetName, target } = paths;
  if (kind === 'large-file') {
    return direction === 'server-to-client'
      ? client.getFile(sourceName, { to: target })
      : client.sendFile(source, { as: targetName });
  }
  return direction === 'server-to-client'
    ? client.getFolder(sourceName, { to: target })
    : client.sendFolder(source, { as: targetName });
}
