import { networkInterfaces } from 'node:os';
import { TcpCommClient } from '@tcpcomm/client';
import { TcpCommServer } from '@tcpcomm/server';
import { describe, expect, it } from 'vitest';
import { checkForLeaks } from '@tcpcomm/test-support';

checkForLeaks();

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ family, internal }) => family === 'IPv6' && internal),
);

/** Where a server may listen, and the hosts at which clients then find it. */
const ADDRESSES = [
  { host: '127.0.0.1', reachedAt: ['127.0.0.1', 'localhost'] },
  { host: '0.0.0.0', reachedAt: ['127.0.0.1', '127.0.0.2', 'localhost'] },
  { host: 'localhost', reachedAt: ['localhost'] },
  { host: undefined, reachedAt: ['127.0.0.1', 'localhost'] },
];
const IPV6_ADDRESSES = [
  { host: '::1', reachedAt: ['::1'] },
  { host: '::', reachedAt: ['::1', '127.0.0.1', 'localhost'] },
];

describe('a server', () => {
  it.each(ADDRESSES)('that listens on $host is reached at $reachedAt', expectReachedAt);
  it.skipIf(!hasIpv6).each(IPV6_ADDRESSES)('that listens on $host is reached at $reachedAt', expectReachedAt);
});

async function expectReachedAt({ host, reachedAt }: { host: string | undefined; reachedAt: string[] }): Promise<void> {
  await using server = new TcpCommServer();
  const address = await server.start(host === undefined ? 0 : { port: 0, host });
  expect(address.port).toBeGreaterThan(0);
  expect(server.address).toEqual(address);
  for (const name of reachedAt) {
    await using client = new TcpCommClient();
    await client.connect(name, address.port);
    expect(client.remotePort).toBe(address.port);
    expect(server.getSession(client.machineId)?.isOpen).toBe(true);
  }
}

it('a server that listens on one address is not reached at another', async () => {
  await using server = new TcpCommServer();
  const { port } = await server.start({ port: 0, host: '127.0.0.1' });
  await using client = new TcpCommClient();
  await expect(client.connect('127.0.0.2', port)).rejects.toMatchObject({ code: 'ERR_TCPCOMM_CONNECT_FAILED' });
});

it('a port that is in use is an error that says so, and that server never listens', async () => {
  // Where several listen at one port two of them would not be in the way of each other.
  await using first = new TcpCommServer({ threads: 0 });
  const { port } = await first.start({ port: 0, host: '127.0.0.1' });
  await using second = new TcpCommServer();
  const error = await second.start({ port, host: '127.0.0.1' }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'TcpCommError', code: 'ERR_TCPCOMM_LISTEN_FAILED' });
  expect((error as Error).message).toContain(`cannot listen on 127.0.0.1, port ${port}: `);
  expect((error as Error).message).toContain('EADDRINUSE');
  expect(second.address).toBeUndefined();
  await using client = new TcpCommClient();
  await client.connect('127.0.0.1', port);
  expect(first.sessions.size).toBe(1);
});

it('an address that this machine does not have is an error', async () => {
  await using server = new TcpCommServer();
  await expect(server.start({ port: 0, host: '192.0.2.1' })).rejects.toMatchObject({
    code: 'ERR_TCPCOMM_LISTEN_FAILED',
  });
});

it('a port is free again when its server has closed', async () => {
  const first = new TcpCommServer();
  const { port } = await first.start({ port: 0, host: '127.0.0.1' });
  const client = new TcpCommClient();
  await client.connect('127.0.0.1', port);
  await first.close();
  await client.closed;
  await using second = new TcpCommServer();
  expect((await second.start({ port, host: '127.0.0.1' })).port).toBe(port);
});
