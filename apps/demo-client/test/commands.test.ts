import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startServer } from './demo-server-process.ts';
import { runHere } from './program-here.ts';
import { type Finished, jsonLines, killPrograms, Program, run } from './program.ts';

const CLIENT = 'demo-client/src/main.ts';
const ODD_NAME = 'größe: 日本語 (1).bin';
const bytes = randomBytes(1_500_000);

let folder: string;
let root: string;
let here: string;
let server: Program;
let port: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tcpcomm-commands-'));
  root = join(folder, 'root');
  await mkdir(root);
  ({ server, port } = await startServer('--root', root));
});

afterAll(async () => {
  await killPrograms();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  here = await mkdtemp(join(folder, 'here-'));
});

/** The client as a program, in the folder of the test. */
function client(...args: string[]): Promise<Finished> {
  return run(CLIENT, ['--port', port, ...args], { cwd: here });
}

/** The client in this process: what of it is no matter of processes. */
function clientHere(...args: string[]): Promise<Finished> {
  return runHere('--port', port, ...args);
}

describe('get', () => {
  it('fetches a file into the working directory', async () => {
    await writeFile(join(root, ODD_NAME), bytes);
    const { status, stdout, stderr } = await client('get', ODD_NAME);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(
      /^✓ ↓ größe: 日本語 \(1\)\.bin {2}1\.5 MB in .*, xxh64 [0-9a-f]{16}$|^✓ ↓ .* xxh64 [0-9a-f]{16}$/,
    );
    expect(await readFile(join(here, ODD_NAME))).toEqual(bytes);
  });

  it('takes the place that it is told', async () => {
    await writeFile(join(root, 'a.bin'), bytes);
    expect((await clientHere('get', 'a.bin', join(here, 'b.bin'))).status).toBe(0);
    expect(await readdir(here)).toEqual(['b.bin']);
  });

  it('prints a JSON object a line when asked to', async () => {
    await writeFile(join(root, 'a.bin'), bytes);
    const { stdout } = await clientHere('get', 'a.bin', here, '--json');
    const lines = jsonLines(stdout);
    const localPath = expect.stringMatching(/a\.bin$/) as string;
    expect(lines[0]).toMatchObject({ event: 'progress', direction: 'incoming', name: 'a.bin', totalBytes: 1_500_000 });
    expect(lines.at(-1)).toMatchObject({ event: 'result', name: 'a.bin', localPath, totalBytes: 1_500_000 });
    expect(lines.at(-1)!.xxh64).toMatch(/^[0-9a-f]{16}$/);
  });

  it('prints nothing when all goes well and it was told to be quiet', async () => {
    await writeFile(join(root, 'a.bin'), bytes);
    expect(await clientHere('get', 'a.bin', here, '--quiet')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('says that there is no such file, and leaves nothing', async () => {
    const { status, stderr } = await clientHere('get', 'missing.bin', here);
    expect(status).toBe(1);
    expect(stderr).toBe(
      'error: "missing.bin": there is no such file\n' +
        "REMOTE is a path below the server's --root, with / between folders; the server makes no folders. demo:client ls shows what is there.\n",
    );
    expect(await readdir(here)).toEqual([]);
  });

  it('says that a name leads out of the root', async () => {
    const { status, stderr } = await clientHere('get', '../secret', here);
    expect(status).toBe(1);
    expect(stderr).toContain('not a relative name below the offered folder');
    expect(stderr).toContain("Name a path below the server's --root");
  });

  it('keeps a file that is there already if it is told to', async () => {
    await writeFile(join(root, 'a.bin'), bytes);
    await writeFile(join(here, 'a.bin'), 'mine');
    const { status, stderr } = await clientHere('get', 'a.bin', here, '--overwrite', 'refuse');
    expect(status).toBe(1);
    expect(stderr).toContain('the file exists already');
    expect(await readFile(join(here, 'a.bin'), 'utf8')).toBe('mine');
  });

  it('looks for the folder of LOCAL before it connects', async () => {
    const nowhere = join(here, 'nowhere');
    const { status, stderr } = await clientHere('get', 'a.bin', join(nowhere, 'a.bin'), '--port', '1');
    expect(status).toBe(1);
    expect(stderr).toBe(`error: LOCAL is to be in a folder that exists, there is no folder ${nowhere}\n`);
  });
});

describe('send', () => {
  it('sends a file under its own name', async () => {
    await writeFile(join(here, ODD_NAME), bytes);
    expect((await client('send', ODD_NAME)).status).toBe(0);
    expect(await readFile(join(root, ODD_NAME))).toEqual(bytes);
  });

  it('sends it as what it is told, a slash at the end meaning a folder', async () => {
    await mkdir(join(root, 'sub'), { recursive: true });
    await writeFile(join(here, 'x.txt'), 'text');
    expect((await clientHere('send', join(here, 'x.txt'), 'sub/')).status).toBe(0);
    expect((await clientHere('send', join(here, 'x.txt'), 'sub/y.txt')).status).toBe(0);
    expect((await readdir(join(root, 'sub'))).sort()).toEqual(['x.txt', 'y.txt']);
  });

  it('sends an empty file', async () => {
    await writeFile(join(here, 'empty'), '');
    expect((await clientHere('send', join(here, 'empty'))).status).toBe(0);
    expect(await readFile(join(root, 'empty'))).toHaveLength(0);
  });

  it('looks for LOCAL before it connects', async () => {
    const path = join(here, 'missing.txt');
    expect(await clientHere('send', path, '--port', '1')).toMatchObject({
      status: 1,
      stderr: `error: LOCAL is to be a file, there is nothing at ${path}\n`,
    });
    expect(await clientHere('send', here, '--port', '1')).toMatchObject({
      status: 1,
      stderr: `error: LOCAL is to be a file, ${here} is a folder: -r sends it\n`,
    });
  });

  it('says that the folder is missing at the server', async () => {
    await writeFile(join(here, 'x.txt'), 'text');
    const { status, stderr } = await clientHere('send', join(here, 'x.txt'), 'no-such-folder/x.txt');
    expect(status).toBe(1);
    expect(stderr).toContain('the server makes no folders');
  });
});

describe('text', () => {
  it('ends when the server has taken the text', async () => {
    const { status, stdout } = await client('text', 'hello', '--channel', '7', '--id', 'anna');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^✓ channel 7: hello {2}taken by the server after /);
    const event = await server.event({ event: 'message', machineId: 'anna' });
    expect(event).toMatchObject({ channel: 7, text: 'hello', bytes: 5, listeners: 0 });
  });

  it('shows escape sequences, never obeys them', async () => {
    const { stdout } = await clientHere('text', '\x1b[31mred\nline');
    expect(stdout).toContain('\\u{1b}[31mred\\nline');
  });
});

describe('what goes wrong on the way to the server', () => {
  it('nobody listens: says how to start the server', async () => {
    const { status, stdout, stderr } = await clientHere('text', 'hello', '--port', '1');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('cannot connect to 127.0.0.1, port 1');
    expect(stderr).toContain(
      'Is the server running? Start it in another terminal: npx --yes pnpm@12 demo:server --port 1',
    );
  });

  it('as JSON: one error with its code and what to do', async () => {
    const { status, stdout, stderr } = await run(CLIENT, ['text', 'hello', '--port', '1', '--json']);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(jsonLines(stdout)).toEqual([
      {
        event: 'error',
        code: 'ERR_TCPCOMM_CONNECT_FAILED',
        message: expect.stringContaining('ECONNREFUSED') as string,
        advice: expect.stringContaining('demo:server') as string,
      },
    ]);
  });

  it('the machine id is in use: says --id', async () => {
    const first = new Program(CLIENT, ['chat', '--json', '--id', 'twin', '--port', port]);
    await first.event({ event: 'note' });
    const { status, stderr } = await clientHere('text', 'hello', '--id', 'twin');
    first.child.stdin.end();
    expect((await first.finished).status).toBe(0);
    expect(status).toBe(1);
    expect(stderr).toBe(
      'error: the machine id "twin" is in use\n' +
        'Choose another with --id, or start the server with --allow-duplicate-ids.\n',
    );
  });

  it('the machine id is blank: says --id', async () => {
    const { status, stderr } = await clientHere('text', 'hello', '--id', ' ');
    expect(status).toBe(1);
    expect(stderr).toContain('Give one with --id');
  });

  it('the server offers no files: says --root', async () => {
    const bare = await startServer();
    const { status, stderr } = await clientHere('get', 'a.bin', here, '--port', bare.port);
    expect(status).toBe(1);
    expect(stderr).toContain(
      `Start the server with a folder to offer: npx --yes pnpm@12 demo:server --port ${bare.port} --root FOLDER`,
    );
    bare.server.child.kill('SIGTERM');
    expect((await bare.server.finished).status).toBe(0);
  });

  it('something else listens: says --port', async () => {
    const web = createServer().listen(0, '127.0.0.1');
    await once(web, 'listening');
    const webPort = String((web.address() as AddressInfo).port);
    const { status, stderr } = await clientHere('text', 'hello', '--port', webPort);
    web.close();
    expect(status).toBe(1);
    expect(stderr).toContain(`Something else than a tcpcomm server listens on port ${webPort}`);
  });
});

describe('a wrong command line', () => {
  it('is told apart from failure by status 2', async () => {
    const { status, stdout, stderr } = await run(CLIENT, ['get']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain("missing required argument 'remote'");
  });

  it.each([
    [['text', 'x', '--channel', '251'], 'Expected a whole number from 1 to 250.'],
    [['text', 'x', '--port', '65536'], 'Expected a whole number from 1 to 65535.'],
  ])('%j says what was expected', async (args, message) => {
    const { status, stdout, stderr } = await runHere(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('is JSON for those who asked for JSON', async () => {
    const { status, stdout } = await run(CLIENT, ['text', 'x', '--channel', '251', '--json']);
    expect(status).toBe(2);
    expect(jsonLines(stdout)).toMatchObject([{ event: 'error', code: 'ERR_TCPCOMM_USAGE' }]);
  });
});

it('output that no terminal reads has no escape sequences, and progress about once a second', async () => {
  const slow = await startServer('--root', root, '--rate', '1M');
  await writeFile(join(root, 'slow.bin'), randomBytes(2_400_000));
  const { status, stdout } = await run(CLIENT, ['get', 'slow.bin', here, '--port', slow.port]);
  expect(status).toBe(0);
  expect(stdout).not.toContain('\x1b');
  const progress = stdout.split('\n').filter((line) => / \d+ %, .* of 2\.4 MB, /.test(line));
  expect(progress.length).toBeGreaterThanOrEqual(1);
  expect(progress.length).toBeLessThanOrEqual(3);
});

describe('what holds a file back', () => {
  it('the client tells of a file that it sends, with the round trip', async () => {
    const throttled = await startServer('--root', root, '--rate', '500k');
    await writeFile(join(here, 'mine.bin'), bytes);
    const sender = new Program(CLIENT, ['send', join(here, 'mine.bin'), '--json', '--port', throttled.port]);
    await sender.event({ event: 'progress', direction: 'outgoing', limitedBy: 'throttle' });
    // It is known from the first acknowledgement on.
    await sender.line((line) => Number((JSON.parse(line) as { roundTripMs?: number }).roundTripMs) > 0);
    expect(await throttled.server.event({ event: 'progress' })).not.toHaveProperty('limitedBy');
  });

  it('the server tells of a file that is fetched: its total too is a throttle', async () => {
    const throttled = await startServer('--root', root, '--rate', 'unlimited', '--total', '500k');
    await writeFile(join(root, 'theirs.bin'), bytes);
    const receiver = new Program(CLIENT, ['get', 'theirs.bin', here, '--json', '--port', throttled.port]);
    await throttled.server.event({ event: 'progress', direction: 'outgoing', limitedBy: 'throttle' });
    expect(await receiver.event({ event: 'progress' })).not.toHaveProperty('limitedBy');
  });
});
