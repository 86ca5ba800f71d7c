// Fetches a file from the port given. Prints a line of JSON when it begins, and one when it has ended.
import process from 'node:process';
import { TcpCommClient } from '@tcpcomm/client';

const [port = '0', name = '', to = ''] = process.argv.slice(2);
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
// One attempt, one connection: what is left of it is looked at before the next.
const client = new TcpCommClient({ autoReconnect: false });
try {
  await client.connect('127.0.0.1', Number(port));
  client.on('transfer', ({ resumedFromBytes, restartReason }) =>
    say({ event: 'begun', resumedFromBytes, restartReason }),
  );
  const { resumedFromBytes } = await client.getFile(name, { to }).done;
  say({ event: 'done', resumedFromBytes });
  await client.close();
} catch (error) {
  say({ event: 'failed', message: (error as Error).message });
  client.destroy();
}
