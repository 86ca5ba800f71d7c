import { appendFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { Screen } from '@tcpcomm/demo-server';
import type { TcpCommServer } from '@tcpcomm/server';
import { Relay, createTemporaryFolder, type TemporaryFolder, testBytes, waitUntil } from '@tcpcomm/test-support';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type CommandSteps, runCommand } from '../src/run-command.ts';
import { RetryPlan } from '../src/retry-plan.ts';
import { TextReport } from '../src/text-report.ts';
import { completion, startGet, startSend } from '../src/transfer-commands.ts';
import { startServerHere } from './program-here.ts';

const SIZE = 4_000_000;
const CUT_AT = 2_500_000;
const FIRST_PAUSE_MS = 50;
const FILE = { isRecursive: false, overwrite: 'replace', integrity: 'xxh64' } as const;
const FOLDER = { ...FILE, isRecursive: true } as const;
const bytes = testBytes(SIZE);

let folder: TemporaryFolder;
let server: TcpCommServer;
let relay: Relay;

beforeEach(async () => {
  folder = createTemporaryFolder();
  await mkdir(folder.join('root', 'photos'), { recursive: true });
  await mkdir(folder.join('here', 'photos'), { recursive: true });
  const started = await startServerHere(folder.join('root'));
  server = started.server;
  relay = await Relay.start(started.port);
});

afterEach(async () => {
  await relay[Symbol.asyncDispose]();
  await server.close();
  await folder[Symbol.asyncDispose]();
});

/** A command of the client, what it prints as it does, and its exit status in the end. */
function begin(steps: CommandSteps, port = relay.port) {
  const [printed, errors]: [string[], string[]] = [[], []];
  const screenOf = (lines: string[]) => new Screen({ write: (text) => lines.push(...text.trimEnd().split('\n')) });
  const report = new TextReport(screenOf(printed), false, screenOf(errors));
  const options = { host: '127.0.0.1', port, machineId: 'anna', timeoutMs: 5_000, json: false, quiet: false };
  return { printed, errors, status: runCommand(options, report, steps) };
}

function get(name: string, settings: typeof FILE | typeof FOLDER = FILE, maxAttempts = 3): CommandSteps {
  return {
    act: (context) => completion(startGet(context, name, folder.join('here', name), settings)),
    retries: new RetryPlan(maxAttempts, FIRST_PAUSE_MS),
  };
}

function send(name: string, settings: typeof FILE | typeof FOLDER = FILE): CommandSteps {
  return {
    act: (context) => completion(startSend(context, folder.join('here', name), undefined, settings)),
    // The server may take its time to put in order what it has received.
    retries: new RetryPlan(8, FIRST_PAUSE_MS),
  };
}

/** Cuts the connection once, when so many more bytes have passed. */
async function cutOnce(direction: 'forth' | 'back', afterBytes = CUT_AT): Promise<void> {
  const passed = relay.passed[direction] + afterBytes;
  relay.cutAfter(direction, afterBytes);
  await waitUntil('the cut', () => relay.passed[direction] === passed);
  relay.cutAfter(direction, Infinity);
}

const CUT = /^Connection lost\. Trying again in 50\.0 ms \(attempt 2 of \d\) \.\.\.$/;

it.each([
  ['get', 'root', 'here', 'back', '↓'],
  ['send', 'here', 'root', 'forth', '↑'],
] as const)('%s goes on by itself where the connection was cut', async (command, source, target, direction, arrow) => {
  await writeFile(folder.join(source, 'big.bin'), bytes);
  const { printed, errors, status } = begin(command === 'get' ? get('big.bin') : send('big.bin'));
  await cutOnce(direction);
  expect([await status, errors]).toEqual([0, []]);
  const [, percent, megabytes] = /resumed at (\d+) %, (\S+) MB need not be sent again$/.exec(printed.at(-2)!)!;
  expect(printed.slice(0, 2)).toEqual([expect.stringMatching(CUT), 'Connected again.']);
  expect(printed.at(-2)).toBe(`${arrow} big.bin  resumed at ${percent!} %, ${megabytes!} MB need not be sent again`);
  expect(printed.at(-1)).toMatch(
    new RegExp(`^✓ ${arrow} big\\.bin  4\\.0 MB in .*, ${megabytes!} MB were there already  xxh64 `),
  );
  expect(printed.slice(2, -2).filter((line) => !/^Connected again|^"big.bin": another transfer is/.test(line))).toEqual(
    [],
  );
  // The same of 4 MB: the megabytes are rounded to a tenth, the percent rounded down.
  const [least, most] = [-0.05, 0.05].map((rounding) => Math.floor(((Number(megabytes) + rounding) / 4) * 100));
  expect(Number(percent)).toBeGreaterThanOrEqual(least!);
  expect(Number(percent)).toBeLessThanOrEqual(most!);
  // Each byte that came before the cut went once.
  expect(Math.abs(relay.passed[direction] - (CUT_AT + SIZE - Number(megabytes) * 1e6))).toBeLessThan(150_000);
  expect((await readFile(folder.join(target, 'big.bin'))).equals(bytes)).toBe(true);
  expect((await readdir(folder.join(target))).sort()).toEqual(['big.bin', 'photos']);
});

it.each([
  ['get -r', 'root', 'here', 'back'],
  ['send -r', 'here', 'root', 'forth'],
] as const)('%s goes on by itself with what is left of the folder', async (command, source, target, direction) => {
  for (let index = 0; index < 20; index += 1) {
    await writeFile(folder.join(source, 'photos', `${String(index)}.jpg`), testBytes(50_000, index + 1));
  }
  await writeFile(folder.join(source, 'photos', 'zzz.bin'), bytes);
  const { printed, errors, status } = begin(command === 'get -r' ? get('photos', FOLDER) : send('photos', FOLDER));
  // In the middle of the large file, which comes last.
  await cutOnce(direction, 3_000_000);
  expect([await status, errors]).toEqual([0, []]);
  expect(printed.slice(0, 2)).toEqual([expect.stringMatching(CUT), 'Connected again.']);
  expect(printed.at(-1)).toMatch(
    /^✓ . photos\/ {2}21 files, 0 folders, 5\.0 MB in .*, 20 unchanged, [1-3]\.\d MB were there already$/,
  );
  expect(relay.passed[direction]).toBeLessThan(6_000_000);
  expect((await readFile(folder.join(target, 'photos', 'zzz.bin'))).equals(bytes)).toBe(true);
  expect(await readdir(folder.join(target, 'photos'))).toHaveLength(21);
});

it('a server that stays away ends it after so many attempts, and the same command goes on later', async () => {
  await writeFile(folder.join('root', 'big.bin'), bytes);
  const { printed, errors, status } = begin(get('big.bin'));
  await cutOnce('back');
  await relay[Symbol.asyncDispose]();
  expect(await status).toBe(1);
  expect(printed).toEqual([
    expect.stringMatching(CUT),
    expect.stringMatching(/^Cannot connect to 127\.0\.0\.1, .* Trying again in 0\.1 s \(attempt 3 of 3\) \.\.\.$/),
  ]);
  expect(errors[0]).toMatch(/^error: cannot connect to 127\.0\.0\.1/);
  expect((await readdir(folder.join('here'))).sort()).toEqual(['big.bin.part', 'big.bin.part.journal', 'photos']);

  relay = await Relay.start(server.address!.port);
  const again = begin(get('big.bin'));
  expect(await again.status).toBe(0);
  expect(again.printed[0]).toMatch(/^↓ big\.bin {2}resumed at [1-6]\d %, \d\.\d MB need not be sent again$/);
});

it('a connection that is lost over and over does not end it while it gets further', async () => {
  await writeFile(folder.join('root', 'big.bin'), bytes);
  const { printed, status } = begin(get('big.bin', FILE, 2));
  for (let cut = 0; cut < 4; cut += 1) await cutOnce('back', 800_000);
  expect(await status).toBe(0);
  expect(printed.filter((line) => line.includes('(attempt 2 of 2)'))).toHaveLength(4);
});

it('a server that stops and is started again is gone on with', async () => {
  await writeFile(folder.join('root', 'big.bin'), bytes);
  const { port } = server.address!;
  const { printed, status } = begin(get('big.bin', FILE, 8), port);
  await waitUntil('it moves', () => [...server.sessions].some((session) => session.stats().transfers.length > 0));
  await server.close({ drainMs: 0 });
  ({ server } = await startServerHere(folder.join('root'), port));
  expect(await status).toBe(0);
  expect(printed[0]).toMatch(/^The session was closed by the peer: the server has stopped\. Trying again in /);
});

it('a file that has changed meanwhile begins anew, and says so', async () => {
  await writeFile(folder.join('root', 'big.bin'), bytes);
  const { printed, status } = begin(get('big.bin'));
  await cutOnce('back');
  appendFileSync(folder.join('root', 'big.bin'), 'more');
  expect(await status).toBe(0);
  expect(printed).toContain('↓ big.bin  begins anew: the file has changed since the earlier attempt');
  expect(await readFile(folder.join('here', 'big.bin'))).toHaveLength(SIZE + 4);
});

it('what the server refuses is not tried again', async () => {
  const { printed, errors, status } = begin(get('missing.bin'));
  expect([await status, printed]).toEqual([1, []]);
  expect(errors[0]).toBe('error: "missing.bin": there is no such file');
});

it('a client that the server turns out is not tried again', async () => {
  await writeFile(folder.join('root', 'big.bin'), bytes);
  server.on('transfer', (_transfer, session) => void session.close({ drainMs: 0 }));
  const { printed, errors, status } = begin(get('big.bin'));
  expect([await status, printed]).toEqual([1, []]);
  expect(errors[0]).toMatch(/^error: the session was closed by the peer/);
});

it('a server that was never there is not tried again', async () => {
  const { printed, errors, status } = begin(get('big.bin'), 1);
  expect([await status, printed]).toEqual([1, []]);
  expect(errors.join('\n')).toContain('Is the server running?');
});
