import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startServer } from './demo-server-process.ts';
import { killPrograms, Program } from './program.ts';

const CLIENT = 'demo-client/src/main.ts';
const SIZE = 6_000_000;

let root: string;
let here: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tcpcomm-root-'));
  here = await mkdtemp(join(tmpdir(), 'tcpcomm-here-'));
});

afterEach(async () => {
  await killPrograms();
  await Promise.all([root, here].map((folder) => rm(folder, { recursive: true })));
});

it('Ctrl-C ends a fetch with status 130 and leaves no part of the file', async () => {
  const { port } = await startServer('--root', root, '--rate', '1M');
  await writeFile(join(root, 'big.bin'), randomBytes(SIZE));
  const client = new Program(CLIENT, ['get', 'big.bin', here, '--json', '--port', port]);
  await client.event({ event: 'progress' });
  expect(await readdir(here)).toEqual(['big.bin.part']);
  client.child.kill('SIGINT');
  const { status, stdout } = await client.finished;
  expect(status).toBe(130);
  expect(stdout.split('\n').at(-1)).toBe('{"event":"interrupted"}');
  expect(await readdir(here)).toEqual([]);
});

it('Ctrl-C ends a sending with status 130 and leaves no part of the file at the server', async () => {
  const { server, port } = await startServer('--root', root, '--rate', '1M');
  await writeFile(join(here, 'big.bin'), randomBytes(SIZE));
  const client = new Program(CLIENT, ['send', join(here, 'big.bin'), '--port', port]);
  await server.event({ event: 'progress' });
  client.child.kill('SIGINT');
  const { status, stderr } = await client.finished;
  expect({ status, stderr }).toEqual({ status: 130, stderr: 'cancelled\n' });
  expect(await server.event({ event: 'transfer' })).toMatchObject({ state: 'cancelled', name: 'big.bin' });
  await vi.waitFor(async () => expect(await readdir(root)).toEqual([]));
});

it('the server lets a transfer end that nearly has, says goodbye, and ends with status 0', async () => {
  const { server, port } = await startServer('--root', root, '--rate', '1M');
  await writeFile(join(root, 'small.bin'), randomBytes(1_000_000));
  const client = new Program(CLIENT, ['get', 'small.bin', here, '--json', '--port', port]);
  await client.event({ event: 'progress' });
  server.child.kill('SIGINT');
  expect((await client.finished).status).toBe(0);
  expect((await server.finished).status).toBe(0);
  expect(await readdir(here)).toEqual(['small.bin']);
});

it('a server that goes for good fails the fetch, which leaves no part of the file', async () => {
  const { server, port } = await startServer('--root', root, '--rate', '1M');
  await writeFile(join(root, 'big.bin'), randomBytes(SIZE));
  const client = new Program(CLIENT, ['get', 'big.bin', here, '--json', '--port', port]);
  await client.event({ event: 'progress' });
  server.child.kill('SIGKILL');
  const { status, stdout } = await client.finished;
  expect(status).toBe(1);
  expect(JSON.parse(stdout.split('\n').at(-1)!)).toMatchObject({ event: 'error', code: 'ERR_TCPCOMM_CONNECTION_LOST' });
  expect(await readdir(here)).toEqual([]);
});
