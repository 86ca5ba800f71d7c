import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { CpuMonitor, type CpuSample } from '../src/index.ts';

const FAST = { intervalMs: 20, windowMs: 100 } as const;
const IDLE = 'setInterval(() => {}, 60_000)';

async function samplesOf(monitor: CpuMonitor, count: number): Promise<CpuSample[]> {
  const samples: CpuSample[] = [];
  while (samples.length < count) samples.push(...((await once(monitor, 'sample')) as [CpuSample]));
  return samples;
}

function block(durationMs: number): void {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs);
}

describe('a monitor', () => {
  it.each(['current-thread', 'process'] as const)('of the %s says nothing before it has measured', async (target) => {
    using monitor = new CpuMonitor(target, FAST);
    expect([monitor.isRunning, monitor.threadUsage, monitor.cpuUsage, monitor.sample]).toEqual([
      false,
      ...[undefined, undefined, undefined],
    ]);
    monitor.start();
    const [sample] = await samplesOf(monitor, 1);
    expect([monitor.isRunning, monitor.sample, monitor.threadUsage]).toEqual([true, sample, sample?.threadUsage]);
    expect(monitor.cpuUsage).toBe(sample?.cpuUsage);
  });

  it('sees that the event loop was held up', async () => {
    using monitor = new CpuMonitor('current-thread', FAST);
    monitor.start();
    await samplesOf(monitor, 2);
    block(300);
    const samples = await samplesOf(monitor, 3);
    expect(Math.max(...samples.map(({ eventLoopDelayMs }) => eventLoopDelayMs ?? 0))).toBeGreaterThan(150);
    expect(Math.max(...samples.map(({ eventLoopUtilization }) => eventLoopUtilization))).toBeGreaterThan(0.5);
    for (const sample of samples) expect(sample.eventLoopUtilization).toBeLessThanOrEqual(1);
  });

  it('of a worker sees what the worker does, not this thread', async () => {
    const worker = new Worker(IDLE, { eval: true });
    await once(worker, 'online');
    using monitor = new CpuMonitor(worker, FAST);
    monitor.start();
    const samples: CpuSample[] = [];
    while ((samples.at(-1)?.spanMs ?? 0) < FAST.windowMs) {
      block(5);
      samples.push(...(await samplesOf(monitor, 1)));
    }
    expect(samples.at(-1)?.threadUsage).toBeLessThan(60);
    expect(samples.at(-1)?.eventLoopDelayMs).toBeUndefined();
    await worker.terminate();
  });

  it('of a worker ends with the worker', async () => {
    const worker = new Worker(IDLE, { eval: true });
    await once(worker, 'online');
    const monitor = new CpuMonitor(worker, FAST);
    monitor.start();
    await samplesOf(monitor, 2);
    const stopped = once(monitor, 'stop');
    await worker.terminate();
    await stopped;
    expect(monitor.isRunning).toBe(false);
    expect(monitor.threadUsage).toBeTypeOf('number');
    monitor.start();
    expect([monitor.isRunning, monitor.threadUsage]).toEqual([false, undefined]);
  });

  it('of a worker that is held in a call waits for its answer, and makes nothing up', async () => {
    const held = `const { execSync } = require('node:child_process');
      require('node:worker_threads').parentPort.on('message', () => execSync('sleep 0.5'));`;
    const worker = new Worker(held, { eval: true });
    await once(worker, 'online');
    using monitor = new CpuMonitor(worker, FAST);
    monitor.start();
    let longest: CpuSample | undefined;
    worker.postMessage('hold');
    // The next sample but for what was under way is of all the time that it took.
    while ((longest?.spanMs ?? 0) < 300) [longest] = await samplesOf(monitor, 1);
    expect(longest?.threadUsage).toBeLessThan(50);
    await worker.terminate();
  });

  it('begins anew when it is started again', async () => {
    using monitor = new CpuMonitor('current-thread', FAST);
    monitor.start();
    await samplesOf(monitor, 7);
    monitor.stop();
    expect(monitor.threadUsage).toBeTypeOf('number');
    monitor.start();
    expect(monitor.threadUsage).toBeUndefined();
    const [first] = await samplesOf(monitor, 1);
    expect(first?.spanMs).toBeLessThan(FAST.windowMs);
  });

  it('measures once, however often it is started, and stops once', async () => {
    let stops = 0;
    const monitor = new CpuMonitor('process', FAST);
    monitor.on('stop', () => (stops += 1));
    monitor.start();
    monitor.start();
    const samples = await samplesOf(monitor, 3);
    expect(new Set(samples.map(({ atMs }) => atMs)).size).toBe(3);
    monitor.stop();
    monitor.stop();
    await monitor[Symbol.asyncDispose]();
    expect([stops, monitor.isRunning]).toEqual([1, false]);
    const last = monitor.sample;
    // While another one goes on.
    using other = new CpuMonitor('process', FAST);
    other.start();
    await samplesOf(other, 3);
    expect(monitor.sample).toBe(last);
  });
});

describe('wrong arguments', () => {
  it.each([
    ['thread', '"thread"'],
    [5, '5'],
    [null, 'null'],
    [{}, 'an object'],
    [Worker, 'a function'],
  ])('a target of %j', (target, described) => {
    expect((): unknown => Reflect.construct(CpuMonitor, [target])).toThrow(
      `target must be 'current-thread', 'process' or a Worker, got ${described}`,
    );
  });

  it('no target is the current thread', () => {
    expect(new CpuMonitor().source).toBe('process.threadCpuUsage');
  });

  it.each([
    [{ intervalMs: 9 }, 'intervalMs must be a whole number from 10 to 3600000, got 9'],
    [{ intervalMs: 10.5 }, 'intervalMs must be a whole number from 10 to 3600000, got 10.5'],
    [{ intervalMs: NaN }, 'intervalMs must be a whole number from 10 to 3600000, got NaN'],
    [{ intervalMs: '10' }, 'intervalMs must be a whole number from 10 to 3600000, got "10"'],
    [{ intervalMs: {} }, 'intervalMs must be a whole number from 10 to 3600000, got an object'],
    [{ windowMs: 199 }, 'windowMs must be a whole number from 200 to 3600000, got 199'],
    [{ windowMs: Infinity }, 'windowMs must be a whole number from 200 to 3600000, got Infinity'],
    [5, 'options must be an object, got 5'],
    [null, 'options must be an object, got null'],
  ])('options of %j', (options, message) => {
    expect((): unknown => Reflect.construct(CpuMonitor, ['process', options])).toThrow(message);
  });
});
