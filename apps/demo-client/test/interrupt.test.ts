import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startServer } from './demo-server-process.ts';
import { killPrograms, Program } from './program.ts';

const CLIENT = 'demo-client/src/main.ts';
const SIZE = 4_000_000;

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

it('Ctrl-C ends a fetch with status 130, and the same command goes on with it', async () => {
  const { port } = await startServer('--root', root, '--rate', '3M');
  await writeFile(join(root, 'big.bin'), randomBytes(SIZE));
  const get = () => new Program(CLIENT, ['get', 'big.bin', here, '--json', '--port', port]);
  const client = get();
  await client.line((line) => Number((JSON.parse(line) as { transferredBytes?: number }).transferredBytes) > 1_000_000);
  client.child.kill('SIGINT');
  const { status, stdout } = await client.finished;
  expect(status).toBe(130);
  expect(JSON.parse(stdout.split('\n').at(-1)!)).toEqual({
    event: 'interrupted',
    advice: 'Run the same command again to go on.',
  });
  expect((await readdir(here)).sort()).toEqual(['big.bin.part', 'big.bin.part.journal']);

  const again = get();
  const { resumedFromBytes } = await again.event({ event: 'resumed' });
  expect(resumedFromBytes).toBeGreaterThan(900_000);
  expect((await again.finished).status).toBe(0);
  expect(await readdir(here)).toEqual(['big.bin']);
  expect((await readFile(join(here, 'big.bin'))).equals(await readFile(join(root, 'big.bin')))).toBe(true);
});

it('Ctrl-C ends a sending with status 130, and the server keeps what it has for the next time', async () => {
  const { server, port } = await startServer('--root', root, '--rate', '3M');
  await writeFile(join(here, 'big.bin'), randomBytes(SIZE));
  const client = new Program(CLIENT, ['send', join(here, 'big.bin'), '--port', port]);
  await server.line((line) => Number((JSON.parse(line) as { transferredBytes?: number }).transferredBytes) > 1_000_000);
  client.child.kill('SIGINT');
  const { status, stderr } = await client.finished;
  expect({ status, stderr }).toEqual({ status: 130, stderr: 'stopped\nRun the same command again to go on.\n' });
  expect(await server.event({ event: 'transfer' })).toMatchObject({ state: 'failed', name: 'big.bin' });
  expect((await readdir(root)).sort()).toEqual(['big.bin.part', 'big.bin.part.journal']);
});

it.each(['SIGINT', 'SIGTERM'] as const)(
  '%s: the server lets a transfer end that nearly has, says goodbye, and ends with status 0',
  async (signal) => {
    const { server, port } = await startServer('--root', root, '--rate', '1M');
    await writeFile(join(root, 'small.bin'), randomBytes(1_000_000));
    const client = new Program(CLIENT, ['get', 'small.bin', here, '--json', '--port', port]);
    await client.event({ event: 'progress' });
    server.child.kill(signal);
    expect((await client.finished).status).toBe(0);
    expect((await server.finished).status).toBe(0);
    expect(await readdir(here)).toEqual(['small.bin']);
  },
);

it('when the server is killed the fetch waits for another, and Ctrl-C ends the waiting', async () => {
  const { server, port } = await startServer('--root', root, '--rate', '3M');
  await writeFile(join(root, 'big.bin'), randomBytes(SIZE));
  const client = new Program(CLIENT, ['get', 'big.bin', here, '--json', '--port', port]);
  await client.line((line) => Number((JSON.parse(line) as { transferredBytes?: number }).transferredBytes) > 1_000_000);
  server.child.kill('SIGKILL');
  expect(await client.event({ event: 'retry' })).toMatchObject({
    code: 'ERR_TCPCOMM_CONNECTION_LOST',
    attempt: 2,
    maxAttempts: 9,
    pauseMs: 1_000,
  });
  client.child.kill('SIGINT');
  expect((await client.finished).status).toBe(130);
  expect((await readdir(here)).sort()).toEqual(['big.bin.part', 'big.bin.part.journal']);
});

it('with one attempt a server that is killed ends the fetch; too little of the file is not kept', async () => {
  const { server, port } = await startServer('--root', root, '--rate', '100k');
  await writeFile(join(root, 'big.bin'), randomBytes(SIZE));
  const client = new Program(CLIENT, ['get', 'big.bin', here, '--json', '--attempts', '1', '--port', port]);
  await client.event({ event: 'progress' });
  server.child.kill('SIGKILL');
  const { status, stdout } = await client.finished;
  expect(status).toBe(1);
  expect(JSON.parse(stdout.split('\n').at(-1)!)).toMatchObject({
    event: 'error',
    code: 'ERR_TCPCOMM_CONNECTION_LOST',
    advice: 'Run the same command again; get and send go on where they were cut.',
  });
  expect(await readdir(here)).toEqual([]);
});
