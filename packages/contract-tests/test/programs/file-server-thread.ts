// A thread with a server of its own, for tests that block theirs. Tells where it listens.
import { parentPort, workerData } from 'node:worker_threads';
import { type ServerOptions, TcpCommServer } from '@tcpcomm/server';

const server = new TcpCommServer({
  ...(workerData as ServerOptions),
  onMessage: (bytes, channel, session) => session.sendBytes(bytes, channel),
});
const { port } = await server.start({ port: 0, host: '127.0.0.1' });
parentPort?.once('message', () => {
  void server.close({ drainMs: 0 }).then(() => parentPort?.close());
});
parentPort?.postMessage(port);
