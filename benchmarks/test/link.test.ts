import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { checkForLeaks, testBytes } from '@tcpcomm/test-support';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openNamespaceLink } from '../src/link/namespace-link.ts';
import { NetworkNamespace } from '../src/link/network-namespace.ts';
import { planLink } from '../src/link/plan-link.ts';
import { openRelayLink } from '../src/link/relay-link.ts';

checkForLeaks();

const SHAPE = { megabitsPerSecond: 200, roundTripMs: 10 };
const sent = testBytes(3_000_000);

let echo: Server;

beforeEach(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(echo, 'listening');
});

afterEach(async () => {
  echo.close();
  await once(echo, 'close');
});

const target = () => ({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port });

async function sendThere(endpoint: { host: string; port: number }): Promise<Uint8Array> {
  const socket = connect(endpoint);
  socket.end(sent);
  return buffer(socket);
}

describe('a relay', () => {
  it('runs in a process of its own, which ends with the link', async () => {
    const link = await openRelayLink(SHAPE);
    expect(Buffer.compare(await sendThere(await link.reach(target())), sent)).toBe(0);
    await link[Symbol.asyncDispose]();
    await expect(link.failed).rejects.toThrow('the relay between the two ends has ended');
  });
});

describe('the plan of a link', () => {
  it('is a relay where there is a delay', async () => {
    const { description } = await planLink({ megabitsPerSecond: 50, roundTripMs: 100 });
    expect(description).toBe(
      'A relay of ours in a process of its own, 50 Mbit/s each way, 100 ms there and back, where up to 100 ms wait for their turn.',
    );
  });

  it('is a relay where the system permits no network namespaces, and says why', async () => {
    const { description } = await planLink({ megabitsPerSecond: 10, roundTripMs: 0 }, () =>
      Promise.reject(new Error('not permitted\nat all')),
    );
    expect(description).toContain('A relay of ours');
    expect(description).toContain('No network namespaces here: not permitted.');
  });

  it('is nothing where a case asks for none', async () => {
    const plan = await planLink(undefined);
    expect(plan.description).toBe('');
    await using link = await plan.open();
    expect(await link.reach(target())).toEqual(target());
  });
});

describe('a link of network namespaces', () => {
  it('joins two networks that nobody else is in, and leaves nothing behind', async ({ skip }) => {
    const link = await openNamespaceLink({ megabitsPerSecond: 100, roundTripMs: 0 }).catch((error: unknown) => {
      if (process.env.CI === 'true') throw error;
      return skip(`no network namespaces here: ${(error as Error).message}`);
    });
    const { server, client } = link.launchers;
    const listening = start(server, LISTEN, link.serverHost);
    const [port] = (await once(listening.stdout, 'data')) as [Buffer];
    const connecting = start(client, CONNECT, link.serverHost, port.toString().trim());
    expect(await text(connecting.stdout)).toBe('hello from another network');
    if (listening.exitCode === null) await once(listening, 'close');
    await link[Symbol.asyncDispose]();
    for (const [, namespace] of [server, client]) expect(existsSync(namespace!.replace('--net=', ''))).toBe(false);
  });

  it('fails with what a program in it says', async ({ skip }) => {
    await using namespace = await NetworkNamespace.create().catch((error: unknown) => {
      if (process.env.CI === 'true') throw error;
      return skip(`no network namespaces here: ${(error as Error).message}`);
    });
    await expect(namespace.run('ip', 'nonsense')).rejects.toThrow('nonsense');
  });
});

const LISTEN = `
  const server = require('node:net').createServer((socket) => {
    socket.end('hello from another network');
    server.close();
  });
  server.listen(0, process.argv[1], () => console.log(server.address().port));`;
const CONNECT = `
  require('node:net').connect(process.argv[2], process.argv[1]).pipe(process.stdout);`;

function start(launcher: readonly string[], script: string, ...args: readonly string[]) {
  const [program, ...inside] = [...launcher, process.execPath, '-e', script, ...args];
  return spawn(program!, inside, { stdio: ['ignore', 'pipe', 'inherit'] });
}
