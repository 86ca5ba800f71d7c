import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UnbufferedWriter } from '@tcpcomm/unbuffered-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bench } from '../src/bench.ts';
import { findProgram } from '../src/measure/find-program.ts';
import type { SuiteFile } from '../src/report/result-file.ts';
import { suites } from '../src/suites/suite-list.ts';

let folder: string;
const outerTemporaryFolder = process.env.TMPDIR;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tcpcomm-bench-test-'));
  process.env.TMPDIR = folder;
});

afterAll(async () => {
  if (outerTemporaryFolder === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = outerTemporaryFolder;
  await rm(folder, { recursive: true });
});

describe('a quick run', () => {
  it('measures a case of several suites, prints the tables, writes the file, and leaves nothing behind', async () => {
    const jsonPath = join(folder, 'result.json');
    const cases = ['64KiB', 'one-way', '3gb-to-client'].flatMap((name) => ['--case', name]);
    const subjects = ['tcpcomm', 'net'].flatMap((name) => ['--subject', name]);
    const { status, printed } = await run(
      ...['bulk', 'messages', 'files', '--quick', '--scale', '0.005', ...cases, ...subjects, '--json', jsonPath],
    );
    expect(status).toBe(0);
    expect(printed).toContain('== bulk: ');
    expect(printed).toMatch(/^net +[\d,]+ /m);

    const files = JSON.parse(await readFile(jsonPath, 'utf8')) as SuiteFile[];
    expect(files.map(({ suite }) => suite)).toEqual(['bulk', 'messages', 'files']);
    const results = files.flatMap((file) => file.results);
    expect(results.map((result) => `${result.case} ${result.subject}`)).toEqual([
      ...['64KiB tcpcomm', '64KiB net', 'one-way tcpcomm', 'one-way net', '3gb-to-client tcpcomm'],
    ]);
    for (const { metrics } of results) {
      expect(metrics.megabytesPerSecond).toBeGreaterThan(0.1);
      expect(metrics.megabytesPerSecond).toBeLessThan(100_000);
      expect(metrics.cpuSeconds).toBeGreaterThan(0);
      expect(metrics.peakRssMegabytes).toBeGreaterThan(10);
      expect(metrics.peakRssMegabytes).toBeLessThan(2000);
    }
    expect(files[0]!.machine.cores).toBeGreaterThan(0);
    expect(await readdir(folder)).toEqual(['result.json']);
  });

  it.each(['3gb-to-server', '10000x4kb-to-client'])(
    'moves files with every program that is installed: %s',
    { timeout: 60_000 },
    async (name) => {
      const { status, printed, progress } = await run('files', '--quick', '--scale', '0.002', '--case', name);
      expect(progress).not.toContain('failed');
      expect(status).toBe(0);
      expect(printed).toMatch(/^tcpcomm +[\d.]+ /m);
      expect(printed).toMatch(/^cp +[\d.]+ /m);
      expect((await readdir(folder)).filter((entry) => entry.startsWith('tcpcomm-bench-'))).toEqual([]);
    },
  );

  it('writes a file past the page cache and through it', { timeout: 60_000 }, async () => {
    const name = '4MiB-warm';
    const subjects = ['unbuffered-writer', 'fs-buffered', 'dd-direct'];
    const jsonPath = join(folder, `${name}.json`);
    const names = subjects.flatMap((subject) => ['--subject', subject]);
    const { status } = await run('writer', '--quick', '--scale', '0.01', '--case', name, ...names, '--json', jsonPath);
    expect(status).toBe(0);
    if (findProgram('fincore') === undefined) return;
    const { results } = JSON.parse(await readFile(jsonPath, 'utf8')) as SuiteFile;
    const isDirect = await writesDirectly(join(folder, 'probe'));
    for (const { subject, metrics } of results) {
      if (subject === 'fs-buffered') expect(metrics.pageCacheGrowthPercent).toBeGreaterThan(50);
      else if (isDirect) expect(metrics.pageCacheGrowthPercent).toBeLessThan(2);
    }
  });

  it('measures messages beside a file over a link of its own, and says what that is', async () => {
    const jsonPath = join(folder, 'latency.json');
    const { status, printed, progress } = await run(
      ...['latency', '--quick', '--case', '50mbit-100ms', '--subject', 'tcpcomm', '--json', jsonPath],
    );
    expect(status).toBe(0);
    expect(progress).toContain('latency 50mbit-100ms: A relay of ours');
    expect(printed).toContain('50 Mbit/s each way, 100 ms there and back');
    const { results } = JSON.parse(await readFile(jsonPath, 'utf8')) as SuiteFile;
    expect(results[0]!.metrics).toMatchObject({ messagesLost: 0 });
    expect(results[0]!.metrics.p50Ms).toBeGreaterThan(49); // never sooner than the link's delay
  });

  it('measures a throttled session', async () => {
    const jsonPath = join(folder, 'throttle.json');
    await run('throttle', '--quick', '--case', '1MBps-down', '--json', jsonPath);
    const { results } = JSON.parse(await readFile(jsonPath, 'utf8')) as SuiteFile;
    expect(results[0]!.metrics.megabytesPerSecond).toBeGreaterThan(0);
    expect(results[0]!.metrics.errorPercent).toBeGreaterThanOrEqual(0);
  });

  it.each([
    ['connect', ['tcpcomm', 'ws', 'socket.io'], ['handshakesPerSecond']],
    ['idle', ['tcpcomm'], ['heapKilobytesPerSession', 'externalKilobytesPerSession', 'idleCpuPercent']],
    ['chatter', ['tcpcomm'], ['messagesPerSecond', 'p50Ms', 'p99Ms']],
  ] as const)('has many sessions: %s', { timeout: 60_000 }, async (name, subjects, metricNames) => {
    const jsonPath = join(folder, `${name}.json`);
    const names = subjects.flatMap((subject) => ['--subject', subject]);
    const { status } = await run(
      ...['sessions', '--quick', '--scale', '0.005', '--case', name, ...names, '--json', jsonPath],
    );
    expect(status).toBe(0);
    const { results } = JSON.parse(await readFile(jsonPath, 'utf8')) as SuiteFile;
    expect(results.map(({ subject }) => subject)).toEqual(subjects);
    for (const { metrics } of results) {
      for (const metricName of metricNames) expect(metrics[metricName]).toEqual(expect.any(Number));
    }
  });

  it('has its work on threads, all of it', { timeout: 60_000 }, async () => {
    const jsonPath = join(folder, 'threads.json');
    const { status } = await run(
      ...['threads', '--quick', '--scale', '0.002', '--subject', 'client-thread', '--subject', 'two-handlers'],
      ...['--json', jsonPath],
    );
    expect(status).toBe(0);
    const { results } = JSON.parse(await readFile(jsonPath, 'utf8')) as SuiteFile;
    expect(results.map(({ case: name, subject }) => `${name} ${subject}`)).toEqual([
      ...['64-byte-messages', '1MiB-messages', 'round-trip', '3gb-to-client'].map((name) => `${name} client-thread`),
      'computing two-handlers',
    ]);
    for (const { metrics } of results) expect(metrics.cpuSeconds).toBeGreaterThan(0);
  });

  it('asks and is answered by every subject', { timeout: 60_000 }, async () => {
    const jsonPath = join(folder, 'requests.json');
    const { status } = await run(
      ...['requests', '--quick', '--scale', '0.002', '--case', '64-in-flight', '--json', jsonPath],
    );
    expect(status).toBe(0);
    const { results } = JSON.parse(await readFile(jsonPath, 'utf8')) as SuiteFile;
    expect(results.map(({ subject }) => subject)).toEqual(['tcpcomm', 'socket.io', 'grpc', 'http1', 'ws']);
    for (const { metrics } of results) {
      const { requestsPerSecond, p50Ms = 0, p99Ms } = metrics;
      expect(requestsPerSecond).toBeGreaterThan(10);
      expect(p50Ms).toBeGreaterThan(0);
      expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
    }
  });

  it.each(['1MB'])('has arrays of %s arrive from every subject', { timeout: 60_000 }, async (name) => {
    const jsonPath = join(folder, `arrays-${name}.json`);
    const { status } = await run('arrays', '--quick', '--scale', '0.004', '--case', name, '--json', jsonPath);
    expect(status).toBe(0);
    const { results } = JSON.parse(await readFile(jsonPath, 'utf8')) as SuiteFile;
    expect(results.map(({ subject }) => subject)).toEqual(['tcpcomm', 'net', 'ws', 'socket.io']);
    for (const { metrics } of results) {
      expect(metrics.megabytesPerSecond).toBeGreaterThan(0.1);
      expect(metrics.serverPeakRssMegabytes).toBeGreaterThan(10);
      expect(metrics.clientPeakRssMegabytes).toBeGreaterThan(10);
    }
  });

  it('compares a CPU monitor with the kernel', async () => {
    const jsonPath = join(folder, 'cpu-monitor.json');
    await run('cpu-monitor', '--quick', '--case', '50%', '--subject', 'worker', '--json', jsonPath);
    const { results } = JSON.parse(await readFile(jsonPath, 'utf8')) as SuiteFile;
    const { readPercent = 0, countedPercent = 0, errorPercent } = results[0]!.metrics;
    expect(readPercent).toBeGreaterThan(10);
    expect(countedPercent).toBeGreaterThan(10);
    expect(errorPercent).toEqual(expect.any(Number));
  });

  it('times round trips', async () => {
    const jsonPath = join(folder, 'round-trip.json');
    await run('messages', '--quick', '--case', 'round-trip', '--subject', 'tcpcomm', '--json', jsonPath);
    const { results } = JSON.parse(await readFile(jsonPath, 'utf8')) as SuiteFile;
    const { p50Ms = 0, p99Ms = 0 } = results[0]!.metrics;
    expect(p50Ms).toBeGreaterThan(0.001);
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
    expect(p99Ms).toBeLessThan(1000);
  });
});

it('an unknown suite ends with status 2 and the list of suites', async () => {
  const { status, progress } = await run('nonsense');
  expect(status).toBe(2);
  expect(progress).toContain(
    'there is no suite nonsense; the suites are bulk, messages, requests, arrays, files, writer, latency, throttle, sessions',
  );
});

it('--help and --list measure nothing', async () => {
  expect(await run('--help')).toMatchObject({ status: 0, printed: expect.stringContaining('pnpm bench [SUITE...]') });
  expect(await run('--list')).toMatchObject({ status: 0, printed: expect.stringContaining('round-trip') });
});

it('SIGINT ends the program with status 130, and nothing of it is left', async () => {
  const main = join(import.meta.dirname, '../src/main.ts');
  const program = spawn(
    process.execPath,
    [...process.execArgv, main, 'files', '--subject', 'tcpcomm', '--quick', '--rounds', '1000'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, TMPDIR: await mkdtemp(join(folder, 'interrupted-')) },
    },
  );
  await once(program.stderr, 'data'); // it has measured something, and goes on
  program.kill('SIGINT');
  expect(await once(program, 'close')).toEqual([130, null]);
  for (const name of await readdir(folder)) {
    if (name.startsWith('interrupted-')) expect(await readdir(join(folder, name))).toEqual([]);
  }
});

async function writesDirectly(path: string): Promise<boolean> {
  await using writer = await UnbufferedWriter.open(path);
  await writer.write(new Uint8Array(1));
  await writer.close();
  await rm(path);
  return writer.isDirect;
}

async function run(...args: string[]): Promise<{ status: number; printed: string; progress: string }> {
  const printed: string[] = [];
  const progress: string[] = [];
  const status = await bench(args, {
    suites,
    signal: new AbortController().signal,
    print: (text) => printed.push(text),
    printProgress: (text) => progress.push(text),
  });
  return { status, printed: printed.join('\n'), progress: progress.join('\n') };
}
