// Offers the folder given to whoever connects, prints its port, and runs until it is killed.
import process from 'node:process';
import { TcpCommServer } from '@tcpcomm/server';

const [root = '.'] = process.argv.slice(2);
const server = new TcpCommServer({ files: { root }, bytesPerSecond: Infinity });
const { port } = await server.start({ port: 0, host: '127.0.0.1' });
process.stdout.write(`${port}\n`);
