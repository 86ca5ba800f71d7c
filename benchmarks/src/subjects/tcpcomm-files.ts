import { TcpCommClient } from '@tcpcomm/client';
import { TcpCommServer } from '@tcpcomm/server';
import type { Subject } from '../harness/subject.ts';
import { type FileLoad, measureFile, servedFolder } from './file-load.ts';

/** Ours: default options, no throttle. */
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
      run: (load) =>
        measureFile(load, folder, ({ sourceName, source, targetName, target }) =>
          load.direction === 'server-to-client'
            ? client.getFile(sourceName, { to: target }).done
            : client.sendFile(source, { as: targetName }).done,
        ),
      close: async () => {
        await client.close({ drainMs: 0 });
      },
    };
  },
};
