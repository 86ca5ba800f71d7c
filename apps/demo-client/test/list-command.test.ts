import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { createTemporaryFolder, type TemporaryFolder } from '@tcpcomm/test-support';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { TcpCommServer } from '@tcpcomm/server';
import { jsonLines } from './program.ts';
import { runHere, startServerHere } from './program-here.ts';

const NOON = Date.UTC(2026, 2, 1, 12, 5) / 1_000;

let root: TemporaryFolder;
let server: TcpCommServer;
let port: string;

beforeAll(async () => {
  vi.stubEnv('TZ', 'UTC');
  root = createTemporaryFolder();
  await mkdir(root.join('notes', 'old'), { recursive: true });
  await mkdir(root.join('empty'));
  await writeFile(root.join('film.bin'), new Uint8Array(1_500_000));
  await writeFile(root.join('notes', 'may.txt'), 'it rains');
  await writeFile(root.join('notes', 'evil\x1b[2J\n\u202egpj.exe'), '');
  for (const path of ['film.bin', 'notes/may.txt', 'notes/evil\x1b[2J\n\u202egpj.exe', 'notes/old', 'notes', 'empty']) {
    await utimes(root.join(path), NOON, NOON);
  }
  const started = await startServerHere(root.path);
  server = started.server;
  port = String(started.port);
});

afterAll(async () => {
  await server.close();
  await root[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
});

it.each([[[]], [['.']], [['/']]])('ls %j shows the root: times, sizes, names, and what it adds up to', async (path) => {
  expect(await runHere('ls', ...path, '--port', port)).toEqual({
    status: 0,
    stdout: [
      '2026-03-01 12:05          empty/',
      '2026-03-01 12:05  1.5 MB  film.bin',
      '2026-03-01 12:05          notes/',
      '1 file, 2 folders, 1.5 MB',
    ].join('\n'),
    stderr: '',
  });
});

it('ls of a folder shows control characters, never obeys them', async () => {
  const { stdout } = await runHere('ls', 'notes/', '--port', port);
  expect(stdout.split('\n')).toEqual([
    '2026-03-01 12:05  0 B  evil\\u{1b}[2J\\n\\u{202e}gpj.exe',
    '2026-03-01 12:05  8 B  may.txt',
    '2026-03-01 12:05       old/',
    '2 files, 1 folder, 8 B',
  ]);
});

it('ls -r shows all below, each folder before what is in it', async () => {
  const { status, stdout } = await runHere('ls', '-r', '--port', port);
  expect(status).toBe(0);
  expect(stdout.split('\n').map((line) => line.replace(/^\S+ \S+ +(\S+ M?B)? +(?=\S+$)/, ''))).toEqual([
    'empty/',
    'film.bin',
    'notes/',
    'notes/evil\\u{1b}[2J\\n\\u{202e}gpj.exe',
    'notes/may.txt',
    'notes/old/',
    '3 files, 3 folders, 1.5 MB',
  ]);
});

it('ls of an empty folder says that there is nothing', async () => {
  expect(await runHere('ls', 'empty', '--port', port)).toEqual({
    status: 0,
    stdout: '0 files, 0 folders, 0 B',
    stderr: '',
  });
});

it('ls --quiet leaves the last line out', async () => {
  expect((await runHere('ls', 'empty', '--quiet', '--port', port)).stdout).toBe('');
  expect((await runHere('ls', '--quiet', '--port', port)).stdout.split('\n')).toHaveLength(3);
});

it('ls --json gives an object for each, then the result', async () => {
  const { stdout } = await runHere('ls', 'notes', '--json', '--port', port);
  expect(jsonLines(stdout)).toEqual([
    {
      event: 'entry',
      path: 'evil\x1b[2J\n\u202egpj.exe',
      type: 'file',
      sizeBytes: 0,
      modified: '2026-03-01T12:05:00.000Z',
    },
    { event: 'entry', path: 'may.txt', type: 'file', sizeBytes: 8, modified: '2026-03-01T12:05:00.000Z' },
    { event: 'entry', path: 'old', type: 'folder', sizeBytes: 0, modified: '2026-03-01T12:05:00.000Z' },
    { event: 'result', folder: 'notes', files: 2, folders: 1, bytes: 8 },
  ]);
});

it.each([
  ['missing', '"missing": there is no such file', 'demo:client ls shows what is there.'],
  ['film.bin', '"film.bin": expected a folder, found something else', 'ls takes a folder.'],
  ['../elsewhere', 'not a relative name below the offered folder', "Name a path below the server's --root"],
])('ls %s fails, and says what to do', async (path, message, advice) => {
  const { status, stdout, stderr } = await runHere('ls', path, '--port', port);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain(`error: `);
  expect(stderr).toContain(message);
  expect(stderr).toContain(advice);
});
