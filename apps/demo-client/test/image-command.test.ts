import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawJulia } from '../src/image/julia-picture.ts';
import { startServer } from './demo-server-process.ts';
import { jsonLines, killPrograms, Program, run } from './program.ts';
import { runHere, startServerHere } from './program-here.ts';

const CLIENT = 'demo-client/src/main.ts';
const SPEC = { width: 320, height: 200, seed: 8 };
const SIZE = ['--width', '320', '--height', '200', '--seed', '8'];
/** At 300 kB/s, of which most is to come when the first piece has gone, it takes longer than a server waits for when it stops. */
const LARGER = ['--width', '960', '--height', '600'];
const SHA256 = createHash('sha256').update(drawJulia(SPEC)).digest('hex');

let root: string;
/** One that keeps images in `root`. */
let server: Program;
let port: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tcpcomm-root-'));
  ({ server, port } = await startServer('--root', root, '--threads', '2'));
});

afterAll(async () => {
  await killPrograms();
  await rm(root, { recursive: true });
});

/** Whether it tells that some of the image has gone. */
function hasMoved(line: string): boolean {
  return Number((JSON.parse(line) as { transferredBytes?: number }).transferredBytes) > 0;
}

/** What is in a PNG file. */
async function readPng(name: string): Promise<Record<string, unknown>> {
  const { width, height, channels, data } = decode(await readFile(join(root, name)));
  return { width, height, channels, sha256: createHash('sha256').update(data).digest('hex') };
}

it('the image arrives, is kept as a PNG, and both ends tell of it', async () => {
  const { status, stdout, stderr } = await run(CLIENT, ['image', ...SIZE, '--port', port, '--id', 'anna']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const lines = stdout.split('\n');
  expect(lines).toEqual([
    'Drawing 320 x 200 pixels ...',
    expect.stringMatching(
      new RegExp(`^✓ ↑ julia 8 {2}320 x 200, 3 colours, 192\\.0 kB in \\S+ m?s, .*/s {2}sha256 ${SHA256}$`),
    ),
    expect.stringMatching(
      /^ {2}red \d+ to \d+, mean [\d.]+; green \d+ to \d+, mean [\d.]+; blue \d+ to \d+, mean [\d.]+$/,
    ),
    expect.stringMatching(/^ {2}kept by the server as anna-julia 8\.png, [\d.]+ kB {2}looked at in \S+ m?s$/),
    '  fetch it: npx --yes pnpm@12 demo:client get "anna-julia 8.png"',
  ]);
  expect(await readPng('anna-julia 8.png')).toEqual({ width: 320, height: 200, channels: 3, sha256: SHA256 });

  const event = await server.event({ event: 'image' });
  const path = join(root, 'anna-julia 8.png');
  const size = { width: 320, height: 200, bytes: 192_000 };
  expect(event).toMatchObject({ machineId: 'anna', id: 1, label: 'julia 8', ...size, sha256: SHA256, path });
  expect((event.colours as { name: string }[]).map(({ name }) => name)).toEqual(['red', 'green', 'blue']);
  for (const name of ['receivedMs', 'examinedMs']) expect(event[name]).toBeGreaterThanOrEqual(0);
});

it('programs are told of its progress and of what came of it, in JSON', async () => {
  const { status, stdout } = await runHere('image', ...SIZE, '--port', port, '--id', 'ben', '--json');
  expect(status).toBe(0);
  const lines = jsonLines(stdout);
  const progress = { event: 'progress', direction: 'outgoing', name: 'julia 8', totalBytes: 192_000 };
  expect(lines.filter(({ event }) => event === 'progress').at(-1)).toMatchObject({ ...progress, percent: 100 });
  expect(lines.at(-1)).toMatchObject({
    event: 'result',
    label: 'julia 8',
    width: 320,
    height: 200,
    bytes: 192_000,
    sha256: SHA256,
    colours: [{ name: 'red' }, { name: 'green' }, { name: 'blue' }],
    png: { name: 'ben-julia 8.png', isOffered: true },
  });
});

it('an image of the same name is kept beside the first, which can be fetched by its name', async () => {
  await writeFile(join(root, 'carla-julia 8.png'), 'mine');
  const { stdout } = await runHere('image', ...SIZE, '--port', port, '--id', 'carla');
  const [, name = ''] = /demo:client get "(.*)"$/.exec(stdout)!;
  expect(name).toBe('carla-julia 8 (1).png');
  expect(await readFile(join(root, 'carla-julia 8.png'), 'utf8')).toBe('mine');
  const fetched = join(root, 'fetched.png');
  expect((await runHere('get', name, fetched, '--port', port)).status).toBe(0);
  expect(await readPng('fetched.png')).toMatchObject({ sha256: SHA256 });
});

it('a folder for images is another one than that of the files, and offers none', async () => {
  const images = await mkdtemp(join(root, 'images-'));
  const files = await mkdtemp(join(root, 'files-'));
  const other = await startServer('--root', files, '--images', images);
  expect(await other.server.event({ event: 'listening' })).toMatchObject({ root: files, images });
  const { stdout } = await runHere('image', ...SIZE, '--port', other.port, '--id', 'anna');
  expect(stdout).toContain('  kept by the server as anna-julia 8.png');
  expect(stdout).not.toContain('fetch it');
  expect(await readdir(images)).toEqual(['anna-julia 8.png']);
  expect(await readdir(files)).toEqual([]);

  await rm(images, { recursive: true });
  // The client is not told where it was.
  const failed = await runHere('image', ...SIZE, '--port', other.port, '--json');
  expect(failed.status).toBe(1);
  const message = 'the image was not kept: ENOENT';
  expect(jsonLines(failed.stdout).at(-1)).toEqual({ event: 'error', code: 'ERR_TCPCOMM_REQUEST_FAILED', message });
  expect(await other.server.event({ event: 'image', code: 'ENOENT' })).toMatchObject({
    label: 'julia 8',
    message: expect.stringContaining(images) as string,
  });
});

it('a server without folders looks at the image and does not keep it', async () => {
  const bare = await startServer();
  expect(await bare.server.event({ event: 'listening' })).toMatchObject({ root: null, images: null });
  const { status, stdout } = await runHere('image', ...SIZE, '--port', bare.port);
  expect(status).toBe(0);
  expect(stdout).toContain('  not kept, the server was started with neither --images nor --root');
  const event = await bare.server.event({ event: 'image' });
  expect(event).toMatchObject({ sha256: SHA256 });
  expect(event).not.toHaveProperty('png');
});

it('people at the server see where it is, and what its colours are', async () => {
  const images = await mkdtemp(join(root, 'images-'));
  const people = new Program('demo-server/src/main.ts', ['--port', '0', '--images', images, '--threads', '0']);
  const peoplePort = /port (\d+)/.exec(await people.line((line) => line.startsWith('listening')))![1]!;
  expect(await people.line((line) => line.startsWith('  images'))).toBe(
    `  images   arrays on channel 100 become PNG files in ${images}`,
  );
  await runHere('image', ...SIZE, '--port', peoplePort, '--id', 'anna');
  await people.line((line) => new RegExp(`✓ ↓ anna: julia 8 {2}320 x 200, .* sha256 ${SHA256}$`).test(line));
  await people.line((line) => /^ {2}red \d+ to \d+, mean [\d.]+; green /.test(line));
  await people.line((line) => line.startsWith(`  ${join(images, 'anna-julia 8.png')}, `));
});

it('nothing is printed when all goes well and it was told to be quiet', async () => {
  const result = await runHere('image', ...SIZE, '--port', port, '--quiet');
  expect(result).toEqual({ status: 0, stdout: '', stderr: '' });
});

describe('what goes wrong', () => {
  it('a server that takes no images: the client says so at once, and what to do', async () => {
    const bare = await startServerHere(root);
    const { status, stderr } = await runHere('image', ...SIZE, '--port', String(bare.port));
    await bare.server.close();
    expect(status).toBe(1);
    expect(stderr).toBe(
      'error: nobody answers requests on channel 200\n' +
        'This server takes no questions and no images as this client sends them. ' +
        `Start one of the same version: npx --yes pnpm@12 demo:server --port ${bare.port}\n`,
    );
  });

  it('Ctrl-C while it is sent ends with status 130; the server says so and keeps nothing of it', async () => {
    const images = await mkdtemp(join(root, 'images-'));
    const slow = await startServer('--images', images, '--rate', '300k');
    const client = new Program(CLIENT, ['image', ...LARGER, '--port', slow.port, '--id', 'anna', '--json']);
    await client.line(hasMoved);
    client.child.kill('SIGINT');
    expect((await client.finished).status).toBe(130);
    expect(await slow.server.event({ event: 'image' })).toMatchObject({
      machineId: 'anna',
      label: 'julia 5',
      code: 'ERR_TCPCOMM_SESSION_CLOSED',
    });
    expect(await readdir(images)).toEqual([]);
  });

  it('Ctrl-C while it is drawn ends with status 130', async () => {
    const client = new Program(CLIENT, ['image', '--width', '9000', '--height', '9000', '--port', '1']);
    await client.line((line) => line.startsWith('Drawing'));
    client.child.kill('SIGINT');
    expect(await client.finished).toMatchObject({ status: 130, stderr: 'cancelled\n' });
  });

  it('a server that stops while it is sent ends the command with the reason', async () => {
    const slow = await startServer('--rate', '300k');
    const client = new Program(CLIENT, ['image', ...LARGER, '--port', slow.port, '--json']);
    await client.line(hasMoved);
    slow.server.child.kill('SIGTERM');
    const { status, stdout } = await client.finished;
    expect(status).toBe(1);
    expect(jsonLines(stdout).at(-1)).toMatchObject({
      event: 'error',
      message: 'the server is gone: the server has stopped',
    });
    expect((await slow.server.finished).status).toBe(0);
  });

  it.each([
    [['--width', '0'], "option '--width <pixels>' argument '0' is invalid. Expected a whole number from 1 to 65535."],
    [['--height', '-3'], 'Expected a whole number from 1 to 65535.'],
    [['--height', '65536'], 'Expected a whole number from 1 to 65535.'],
    [['--width', '1.5'], 'Expected a whole number from 1 to 65535.'],
    [['--seed', 'sunset'], 'Expected a whole number from 0 to 4294967295.'],
    [
      ['--width', '20000', '--height', '5000'],
      'error: an image of 20000 x 5000 pixels has 300.0 MB, the server takes 268.4 MB at most',
    ],
  ])('%j is a wrong command line: status 2, before anything is drawn', async (args, message) => {
    const { status, stdout, stderr } = await runHere('image', ...args, '--port', '1');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

it('--help teaches it', async () => {
  expect((await runHere('--help')).stdout).toContain('$ npx --yes pnpm@12 demo:client image --seed 8');
  expect((await runHere('image', '--help')).stdout).toMatch(/--width <pixels> +how wide \(default: 1280\)/);
});
