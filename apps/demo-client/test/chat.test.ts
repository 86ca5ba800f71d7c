import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startServer } from './demo-server-process.ts';
import { killPrograms, Program, run } from './program.ts';

const CLIENT = 'demo-client/src/main.ts';

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

function chat(port: string, ...args: string[]): Program {
  return new Program(CLIENT, ['chat', '--port', port, ...args], { cwd: here });
}

it('what one says all others on the channel hear, with the name in front, and the speaker does not', async () => {
  const { port } = await startServer();
  const [anna, ben, carla] = ['anna', 'ben', 'carla'].map((id) => chat(port, '--json', '--id', id, '--channel', '9'));
  await Promise.all([anna, ben, carla].map((program) => program!.event({ event: 'note' })));
  anna!.child.stdin.write('hello, you two\n');
  expect(await ben!.event({ event: 'text' })).toEqual({ event: 'text', channel: 9, text: 'anna: hello, you two' });
  expect(await carla!.event({ event: 'text' })).toEqual({ event: 'text', channel: 9, text: 'anna: hello, you two' });
  for (const program of [anna, ben, carla]) program!.child.stdin.end();
  const [annas] = await Promise.all([anna, ben, carla].map((program) => program!.finished));
  expect(annas).toMatchObject({ status: 0, stdout: expect.not.stringContaining('"event":"text"') as string });
});

it('files are fetched and sent by commands, and waited for at the end of the input', async () => {
  const { port } = await startServer('--root', root);
  await writeFile(join(root, 'with space.txt'), 'theirs');
  await writeFile(join(here, 'mine.txt'), 'mine');
  const anna = chat(port);
  anna.child.stdin.end('/get "with space.txt"\n/send mine.txt given.txt\n');
  const { status, stdout, stderr } = await anna.finished;
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('✓ ↓ with space.txt');
  expect((await readdir(here)).sort()).toEqual(['mine.txt', 'with space.txt']);
  expect((await readdir(root)).sort()).toEqual(['given.txt', 'with space.txt']);
});

it('folders are listed, fetched and sent by commands', async () => {
  const { port } = await startServer('--root', root);
  await mkdir(join(root, 'theirs'));
  await writeFile(join(root, 'theirs', 'a.txt'), 'theirs');
  await mkdir(join(here, 'mine'));
  await writeFile(join(here, 'mine', 'b.txt'), 'mine');
  const anna = chat(port);
  anna.child.stdin.end('/ls\n/ls -r theirs\n/get -r theirs\n/send -r mine given\n');
  const { status, stdout, stderr } = await anna.finished;
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^\S+ \S+ +theirs\/$/m);
  expect(stdout).toMatch(/^\S+ \S+ {2}6 B {2}a\.txt\n1 file, 0 folders, 6 B$/m);
  expect(stdout).toMatch(/^✓ ↓ theirs\/ {2}1 file, 0 folders, 6 B in /m);
  expect(await readdir(join(here, 'theirs'))).toEqual(['a.txt']);
  expect(await readdir(join(root, 'given'))).toEqual(['b.txt']);
});

it('what fails is told, the chat goes on, and its status says so', async () => {
  const { port } = await startServer('--root', root);
  const anna = chat(port);
  anna.child.stdin.end('/get missing.txt\n/ls missing\n/dance\n/send missing.txt\nstill here\n/quit\nnever sent\n');
  const { status, stderr } = await anna.finished;
  expect(status).toBe(1);
  expect(stderr).toContain('error: "missing.txt": there is no such file');
  expect(stderr).toContain('error: "missing": there is no such file');
  expect(stderr).toContain('there is no /dance; /help tells what there is');
  expect(stderr).toContain('LOCAL is to be a file, there is nothing at missing.txt');
  expect(stderr).toContain('error: 4 of what was asked for failed');
});

it('a server that stops ends the chat with the reason', async () => {
  const { server, port } = await startServer();
  const anna = chat(port, '--json');
  await anna.event({ event: 'note' });
  server.child.kill('SIGTERM');
  const { status, stdout } = await anna.finished;
  expect(status).toBe(1);
  expect(stdout).toContain('the server has stopped');
});

it('Ctrl-C ends the chat with status 130', async () => {
  const { port } = await startServer();
  const anna = chat(port, '--json');
  await anna.event({ event: 'note' });
  anna.child.kill('SIGINT');
  expect((await anna.finished).status).toBe(130);
});

it('messages that are no text go to nobody', async () => {
  const { server, port } = await startServer();
  const ben = chat(port, '--json', '--id', 'ben');
  await ben.event({ event: 'note' });
  await run(CLIENT, ['text', 'x'.repeat(70_000), '--port', port, '--id', 'anna']);
  expect(await server.event({ event: 'message' })).toMatchObject({ bytes: 70_000, listeners: 0 });
});
