// A server that is to run out of file descriptors: prints its port, then a line for each notice of an error; ends when its
// standard input does, with status 0 if it could close in good order.
import process from 'node:process';
import { TcpCommServer } from '../../src/index.ts';

const server = new TcpCommServer();
server.on('notice', ({ kind, text }) => {
  if (kind === 'error') process.stdout.write(`${text}\n`);
});
const { port } = await server.start({ port: 0, host: '127.0.0.1' });
process.stdout.write(`${port}\n`);
process.stdin.resume().on('end', () => {
  void server.close();
});
