import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { type CpuPlatform, type CpuSource, findCpuSource, THIS_PLATFORM } from '../src/cpu-source.ts';

/** A Node.js that is too old for the first, on Linux. */
const OLD_NODE: CpuPlatform = { ...THIS_PLATFORM, threadCpuUsage: undefined, workerCpuUsage: undefined };
/** And one on a system without `/proc`. */
const OLD_ELSEWHERE: CpuPlatform = { ...OLD_NODE, readThreadSchedstat: () => undefined };

/** What it costs to be busy for so long, as the source has it. */
async function costOf(source: CpuSource, busyMs: number): Promise<number> {
  const before = (await source.readCpuMs()) ?? NaN;
  const endMs = performance.now() + busyMs;
  while (performance.now() < endMs);
  return ((await source.readCpuMs()) ?? NaN) - before;
}

describe('the current thread', () => {
  it.each([
    [THIS_PLATFORM, 'process.threadCpuUsage'],
    [OLD_NODE, '/proc/thread-self/schedstat'],
    [{ ...OLD_NODE, readThreadSchedstat: () => 'not as expected' }, 'eventLoopUtilization'],
    [OLD_ELSEWHERE, 'eventLoopUtilization'],
  ])('is read from the best that there is', async (platform, name) => {
    const source = findCpuSource('current-thread', platform);
    expect(source.name).toBe(name);
    expect(source.isGone()).toBe(false);
    const cost = await costOf(source, 200);
    // Another process may have had the processor meanwhile.
    expect(cost).toBeGreaterThan(20);
    expect(cost).toBeLessThan(2_000);
  });
});

describe('a worker', () => {
  const busy = `const { parentPort } = require('node:worker_threads');
    parentPort.on('message', () => { const end = Date.now() + 200; while (Date.now() < end); parentPort.postMessage(1); });`;

  it.each([
    [THIS_PLATFORM, 'worker.cpuUsage'],
    [OLD_NODE, 'eventLoopUtilization'],
  ])('is read from the best that there is', async (platform, name) => {
    const worker = new Worker(busy, { eval: true });
    const source = findCpuSource(worker, platform);
    expect(source.name).toBe(name);
    await once(worker, 'online');
    const before = (await source.readCpuMs()) ?? 0;
    worker.postMessage(1);
    await once(worker, 'message');
    expect(((await source.readCpuMs()) ?? NaN) - before).toBeGreaterThan(20);
    expect(source.isGone()).toBe(false);
    await worker.terminate();
    expect(source.isGone()).toBe(true);
    // It is no number any more, or the last one.
    expect([undefined, 0]).toContain(await source.readCpuMs());
  });
});

it('the process is read from process.cpuUsage', async () => {
  const source = findCpuSource('process', OLD_ELSEWHERE);
  expect(source.name).toBe('process.cpuUsage');
  expect(await costOf(source, 200)).toBeGreaterThan(20);
});
