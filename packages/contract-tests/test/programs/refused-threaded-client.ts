// Connects a client on a thread of its own to where nobody listens, and closes it: all of it is waited for, and then the process ends.
import { createServer } from 'node:net';
import { once } from 'node:events';
import { TcpCommClient } from '@tcpcomm/client';

const nobody = createServer().listen(0, '127.0.0.1');
await once(nobody, 'listening');
const { port } = nobody.address() as { port: number };
nobody.close();
await once(nobody, 'close');

const client = new TcpCommClient({ thread: true });
await client.setMachineId('another');
const error = await client.connect('127.0.0.1', port).catch((reason: unknown) => reason);
const { reason } = await client.close();
process.stdout.write(`${(error as { code: string }).code} ${reason.by}`);
