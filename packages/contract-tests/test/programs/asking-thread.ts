// A thread with a client that asks a server again and again, and counts the answers.
import { parentPort, workerData } from 'node:worker_threads';
import { TcpCommClient } from '@tcpcomm/client';

const { port, answers } = workerData as { port: number; answers: Int32Array };
const client = new TcpCommClient({ machineId: 'asks' });
client.on('message', () => {
  Atomics.add(answers, 0, 1);
  client.sendText('again').catch(() => undefined);
});
await client.connect('127.0.0.1', port);
void client.sendText('first');
parentPort?.once('message', () => {
  void client.close({ drainMs: 0 }).then(() => parentPort?.close());
});
