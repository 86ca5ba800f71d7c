import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { checkForLeaks, RawPeer } from '@tcpcomm/test-support';
import { joinRaw } from './raw-client.ts';

checkForLeaks();

it('a server that runs out of file descriptors goes on with the sessions that it has, and takes more when it can', async () => {
  const program = resolve(import.meta.dirname, 'programs/few-descriptors.ts');
  const node = [process.execPath, '--conditions=@tcpcomm/source', program];
  const child = spawn('sh', ['-c', 'ulimit -n 60 && exec "$@"', 'sh', ...node], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString().trim());
  await using session = await joinRaw(port, 'early');
  const crowd = await Promise.all(Array.from({ length: 100 }, () => RawPeer.connect(port)));
  session.send(Buffer.from('0000080500000000', 'hex'), Buffer.from('are you?'));
  expect((await session.waitForFrame(0x06)).payload.toString()).toBe('are you?');
  await Promise.all(crowd.map((peer) => peer[Symbol.asyncDispose]()));
  await using late = await joinRaw(port, 'late');
  late.destroy();
  session.destroy();
  child.stdin.end();
  expect(await exited).toEqual([0, null]);
});
