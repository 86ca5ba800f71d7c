// What a user's program does with the installed packages: a server and its clients on threads, messages, files both ways, a client that is cut off.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TcpCommClient } from '@tcpcomm/client';
import { CpuMonitor } from '@tcpcomm/cpu-monitor';
import { TcpCommServer } from '@tcpcomm/server';

const folder = await mkdtemp(join(tmpdir(), 'tcpcomm-program-'));
const content = randomBytes(5_000_000);
await writeFile(join(folder, 'file'), content);

const server = new TcpCommServer({
  threads: 2,
  handlers: new URL('./handlers.js', import.meta.url),
  files: { root: folder, write: true },
  bytesPerSecond: 0,
});
const { port } = await server.start({ port: 0, host: '127.0.0.1' });

/** What the client's connection goes through: it can be cut. */
const sockets = new Set();
const relay = createServer((near) => {
  const far = connect(port, '127.0.0.1');
  for (const [one, other] of [
    [near, far],
    [far, near],
  ]) {
    sockets.add(one);
    one.pipe(other);
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
});
relay.listen(0, '127.0.0.1');
await once(relay, 'listening');

const monitor = new CpuMonitor();
monitor.start();
const clients = [];
for (const thread of [false, true]) {
  const client = new TcpCommClient({ machineId: `thread: ${thread}`, thread });
  clients.push(client);
  await client.connect('127.0.0.1', relay.address().port);
  const echo = once(client, 'message');
  await client.sendText('hello', 7);
  const [bytes, channel] = await echo;
  assert.deepEqual([Buffer.from(bytes).toString(), channel], ['hello', 7]);
  await client.getFile('file', { to: join(folder, 'got') }).done;
  assert.ok(content.equals(await readFile(join(folder, 'got'))));
  await client.sendFile(join(folder, 'file'), { as: 'sent', overwrite: 'replace' }).done;
  assert.ok(content.equals(await readFile(join(folder, 'sent'))));
  const back = once(client, 'connected');
  for (const socket of sockets) socket.destroy();
  const [{ resumed }] = await back;
  assert.equal(resumed, true);
  client.on('message', () => undefined);
  await client.sendText('still there', 7, { confirm: true });
  await client.setMachineId(`renamed ${thread}`);
  assert.equal(server.getSession(`renamed ${thread}`)?.sessionId, client.sessionId);
}
await Promise.all(clients.map((client) => client.close()));
monitor.stop();
const { threading, workers } = server.info;
const cpuSources = [monitor.source, clients[1].cpuMonitor.source];
relay.close();
await server.close();
await rm(folder, { recursive: true });
console.log(JSON.stringify({ nodeVersion: process.versions.node, threading, workers: workers.length, cpuSources }));
