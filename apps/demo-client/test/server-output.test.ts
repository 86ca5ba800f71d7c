import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer } from './demo-server-process.ts';
import { runHere } from './program-here.ts';
import { killPrograms, Program, run } from './program.ts';

const CLIENT = 'demo-client/src/main.ts';
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tcpcomm-root-'));
});

afterAll(async () => {
  await killPrograms();
  await rm(root, { recursive: true });
});

it('the server tells people of sessions, texts and transfers, in plain lines where there is no terminal', async () => {
  await writeFile(join(root, 'a.txt'), 'hello');
  const server = new Program('demo-server/src/main.ts', ['--port', '0', '--root', root]);
  const port = /port (\d+)/.exec(await server.line((line) => line.startsWith('listening')))![1]!;
  await run(CLIENT, ['get', 'a.txt', join(root, 'b.txt'), '--port', port, '--id', 'anna']);
  await runHere('get', 'missing', '--port', port, '--id', 'anna');
  await run(CLIENT, ['text', 'evil \x1b[2J text', '-c', '7', '--port', port, '--id', 'ben']);
  await runHere('text', 'hello', '--port', port, '--id', '');
  await server.line((line) => line.includes('turned away'));
  server.child.kill('SIGTERM');
  const { status, stdout, stderr } = await server.finished;
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).not.toContain('\x1b');
  const lines = stdout
    .split('\n')
    .map((line) => line.replace(/^\d\d:\d\d:\d\d /, ''))
    // Some clients are gone before they have answered.
    .filter((line) => !/^ {2}\w+ is Node\.js /.test(line));
  expect(lines).toEqual([
    `listening on 127.0.0.1, port ${port}`,
    `  files    clients may read and write below ${root}`,
    `  images   arrays on channel 100 become PNG files in ${root}`,
    '  rate     9.0 MB/s for each session, both directions added up',
    '  total    unlimited',
    '  threads  2 workers for the sessions',
    '  chat     a text on a channel goes to all other clients, on the same channel',
    '  stop     Ctrl-C',
    '+ anna came in, session 1 from 127.0.0.1',
    expect.stringMatching(/^✓ ↑ anna: a\.txt {2}5 B in .* {2}xxh64 [0-9a-f]{16}$/),
    '- anna is gone, session 1: it said goodbye',
    '+ anna came in, session 1 from 127.0.0.1',
    '✗ ↑ anna: missing  there is no such file',
    '- anna is gone, session 1: it said goodbye',
    '+ ben came in, session 1 from 127.0.0.1',
    '  ben on 7 evil \\u{1b}[2J text  to 0',
    '- ben is gone, session 1: it said goodbye',
    '! turned away "" from 127.0.0.1: the machine id is blank, this server wants one',
    'closing',
    'closed',
  ]);
});

it('the server tells of the rates that it was given', async () => {
  const server = new Program('demo-server/src/main.ts', ['--port', '0', '--rate', 'unlimited', '--total', '20M']);
  expect(await server.line((line) => line.startsWith('  rate'))).toBe('  rate     unlimited');
  expect(await server.line((line) => line.startsWith('  total'))).toBe(
    '  total    20.0 MB/s for all sessions together, both directions added up',
  );
  const { server: forPrograms } = await startServer('--rate', '2M', '--total', 'unlimited');
  expect(await forPrograms.event({ event: 'listening' })).toMatchObject({
    bytesPerSecond: 2_000_000,
    totalBytesPerSecond: null,
  });
});

it('clients of the same machine id are let in when it is told to, and known apart', async () => {
  const server = new Program('demo-server/src/main.ts', ['--port', '0', '--allow-duplicate-ids']);
  const port = /port (\d+)/.exec(await server.line((line) => line.startsWith('listening')))![1]!;
  const [one, two] = [1, 2].map(() => new Program(CLIENT, ['chat', '--json', '--id', 'twin', '--port', port]));
  await Promise.all([one, two].map((program) => program!.event({ event: 'note' })));
  one!.child.stdin.write('hello\n');
  expect((await two!.event({ event: 'text' })).text).toMatch(/^twin#[12]: hello$/);
});
