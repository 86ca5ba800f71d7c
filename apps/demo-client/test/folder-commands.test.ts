import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TcpCommServer } from '@tcpcomm/server';
import { createTemporaryFolder, type TemporaryFolder, testBytes } from '@tcpcomm/test-support';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { jsonLines } from './program.ts';
import { runHere, startServerHere } from './program-here.ts';

let folder: TemporaryFolder;
let server: TcpCommServer;
let port: string;
let root: string;
let here: string;
let tests = 0;

beforeAll(async () => {
  folder = createTemporaryFolder();
  await mkdir(folder.join('root'));
  const started = await startServerHere(folder.join('root'));
  server = started.server;
  port = String(started.port);
});

afterAll(async () => {
  await server.close();
  await folder[Symbol.asyncDispose]();
});

/** Each test has a folder below the root, and one of this machine. */
beforeEach(async () => {
  tests += 1;
  root = folder.join('root', String(tests));
  here = folder.join(`here-${tests}`);
  await mkdir(root);
  await mkdir(here);
});

async function createPhotos(parent: string): Promise<string> {
  const photos = join(parent, 'photos');
  await mkdir(join(photos, 'größe: 日本語', 'empty'), { recursive: true });
  await writeFile(join(photos, 'small.txt'), 'small');
  await writeFile(join(photos, 'größe: 日本語', 'large.bin'), testBytes(700_000));
  await chmod(join(photos, 'small.txt'), 0o600);
  await utimes(join(photos, 'small.txt'), 1_000_000_000, 1_000_000_000);
  return photos;
}

/** All that matters of a folder. */
async function contentOf(path: string): Promise<unknown[]> {
  const names = (await readdir(path, { recursive: true })).sort();
  return Promise.all(
    names.map(async (name) => {
      const stats = await stat(join(path, name));
      const bytes = stats.isFile() ? await readFile(join(path, name), 'base64') : undefined;
      return { name, bytes, mode: stats.mode, modifiedMs: Math.round(stats.mtimeMs) };
    }),
  );
}

it('get -r fetches a folder with permissions and times; the second time nothing is sent', async () => {
  const photos = await createPhotos(root);
  const get = () => runHere('get', '-r', `${tests}/photos`, '--to', join(here, 'copy'), '--port', port);
  const { status, stdout, stderr } = await get();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^✓ ↓ \d+\/photos\/ {2}2 files, 2 folders, 700\.0 kB in \S+ m?s, \S+ .B\/s, as \d+\/copy$/);
  expect(await contentOf(join(here, 'copy'))).toEqual(await contentOf(photos));
  expect((await get()).stdout).toMatch(
    /2 files, 2 folders, 700\.0 kB in \S+ m?s, 2 unchanged, 700\.0 kB were there already, as \d+\/copy$/,
  );
});

it('send -r sends a folder, to below an existing one if the name ends in a slash', async () => {
  const photos = await createPhotos(here);
  const { status, stdout, stderr } = await runHere('send', '-r', photos, '--as', `${tests}/`, '--port', port);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^✓ ↑ \d+\/photos\/ {2}2 files, 2 folders, 700\.0 kB in /);
  expect(await contentOf(join(root, 'photos'))).toEqual(await contentOf(photos));
  expect((await runHere('send', '-r', photos, `${tests}/photos`, '--port', port)).stdout).toContain(', 2 unchanged, ');
});

it('LOCAL is the fetched folder itself, or with a slash at its end the one that it goes into', async () => {
  await createPhotos(root);
  await runHere('get', '-r', `${tests}/photos/`, join(here, 'plain'), '--port', port);
  await runHere('get', '-r', `${tests}/photos`, join(here, 'plain/'), '--port', port);
  expect((await readdir(join(here, 'plain'))).sort()).toEqual(['größe: 日本語', 'photos', 'small.txt'].sort());
});

it('an empty folder is moved, too', async () => {
  await mkdir(join(root, 'empty'));
  const { status, stdout } = await runHere('get', '-r', `${tests}/empty`, join(here, 'empty'), '--port', port);
  expect(status).toBe(0);
  expect(stdout).toMatch(/\/empty\/ {2}0 files, 0 folders, 0 B in \S+ m?s$/);
  expect(await readdir(here)).toEqual(['empty']);
});

it('files that fail are told with their reasons, the first ten of them, and the others arrive', async () => {
  await mkdir(join(root, 'many'));
  await mkdir(join(here, 'many'));
  const names = Array.from({ length: 12 }, (_, index) => `evil\x1b[2J-${String(index + 10)}`);
  for (const name of names) {
    await writeFile(join(root, 'many', name), 'theirs');
    await writeFile(join(here, 'many', name), 'mine');
  }
  await writeFile(join(root, 'many', 'new'), 'theirs');
  const command = ['get', '-r', `${tests}/many`, join(here, 'many'), '--overwrite', 'refuse', '--port', port];
  const { status, stdout, stderr } = await runHere(...command);
  expect(status).toBe(1);
  expect(stdout).toMatch(/^! ↓ \d+\/many\/ {2}1 file, 0 folders, 6 B in \S+ m?s, \S+ B\/s, 12 failed$/);
  expect(stderr.split('\n')).toEqual([
    'error: 12 of what is in the folder failed',
    ...Array.from({ length: 10 }, (_, index) => `  ✗ evil\\u{1b}[2J-${String(index + 10)}  the file exists already`),
    '  and 2 more',
    'Run the same command again for these; the others need not be sent again.',
    '',
  ]);
  expect(await runHere(...command, '--quiet')).toEqual({ status: 1, stdout: '', stderr });
  expect(await readFile(join(here, 'many', names[0]!), 'utf8')).toBe('mine');
  expect(await readFile(join(here, 'many', 'new'), 'utf8')).toBe('theirs');
});

it('as JSON each that failed is a line, between the result and the error', async () => {
  const photos = await createPhotos(here);
  // At the server there is a folder in the file's place.
  await mkdir(join(root, 'photos', 'small.txt'), { recursive: true });
  const { status, stdout } = await runHere('send', '-r', photos, '--as', `${tests}/photos`, '--json', '--port', port);
  expect(status).toBe(1);
  const events = jsonLines(stdout).filter(({ event }) => event !== 'progress');
  expect(events).toMatchObject([
    { event: 'result', files: 1, folders: 2, unchangedFiles: 0, failed: 1, totalBytes: 700_000, resumedFromBytes: 0 },
    { event: 'failed', path: 'small.txt', code: 'ERR_TCPCOMM_NOT_A_FILE' },
    { event: 'error', code: 'ERR_DEMO_FOLDER_INCOMPLETE', message: '1 of what is in the folder failed' },
  ]);
});

it('progress as JSON tells how many files are done, and which one moves', async () => {
  await createPhotos(root);
  const { stdout } = await runHere('get', '-r', `${tests}/photos`, join(here, 'photos'), '--json', '--port', port);
  expect(jsonLines(stdout).filter(({ event }) => event === 'progress')).toContainEqual(
    expect.objectContaining({ totalFiles: 2, totalBytes: 700_005, currentFile: expect.any(String) as string }),
  );
});

it('--overwrite rename keeps both files, and tells the name; --sha256 verifies by that', async () => {
  await writeFile(join(here, 'a.txt'), 'mine');
  const send = () =>
    runHere('send', join(here, 'a.txt'), `${tests}/`, '--overwrite', 'rename', '--sha256', '--port', port);
  expect((await send()).stdout).toMatch(/^✓ ↑ \d+\/a\.txt {2}4 B in .*B\/s {2}sha256 [0-9a-f]{64}$/);
  expect((await send()).stdout).toMatch(/^✓ ↑ (\d+)\/a\.txt {2}4 B in .*, as \1\/a \(1\)\.txt {2}sha256 [0-9a-f]{64}$/);
  expect((await readdir(root)).sort()).toEqual(['a (1).txt', 'a.txt']);
});

it('a folder without -r, and a file with it, are told apart before anything is sent', async () => {
  await createPhotos(here);
  const [folderAsFile, fileAsFolder] = [
    await runHere('send', join(here, 'photos'), '--port', '1'),
    await runHere('send', '-r', join(here, 'photos', 'small.txt'), '--port', '1'),
  ];
  expect(folderAsFile.stderr).toBe(`error: LOCAL is to be a file, ${here}/photos is a folder: -r sends it\n`);
  expect(fileAsFolder.stderr).toBe(`error: LOCAL is to be a folder, ${here}/photos/small.txt is something else\n`);
  await createPhotos(root);
  const { status, stderr } = await runHere('get', `${tests}/photos`, join(here, 'x'), '--port', port);
  expect(status).toBe(1);
  expect(stderr).toContain('expected a file, found something else\nget and send take a folder with -r');
});

it.each([
  [['get', 'a', 'b', '--to', 'c'], 'error: [local] and --to say the same, give one of them'],
  [['send', 'a', 'b', '--as', 'c'], 'error: [remote] and --as say the same, give one of them'],
  [['get', 'a', '--overwrite', 'never'], 'Allowed choices are replace, refuse, rename.'],
  [['get', 'a', '--attempts', '0'], 'Expected a whole number from 1 to 1000.'],
])('%j is a wrong command line', async (args, message) => {
  const { status, stdout, stderr } = await runHere(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
});

it.each(['ls', 'get', 'send'])('%s --help teaches by examples', async (command) => {
  const { status, stdout } = await runHere(command, '--help');
  expect(status).toBe(0);
  expect(stdout).toMatch(new RegExp(`^  \\$ npx --yes pnpm@12 demo:client ${command} .*-r`, 'm'));
});
