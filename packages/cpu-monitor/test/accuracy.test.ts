import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { CpuMonitor, type CpuSample } from '../src/index.ts';
import { kernelCpuMs } from './kernel-accounting.ts';
import { type LoadReport, startLoad } from './load.ts';

const WINDOW_MS = 1_000;
const MEASURED = 6;
/** Percent of a core: what the issue of a figure allows, and what a reading that comes a tick late makes of it. */
const TOLERANCE = 3;

/** What a monitor said, beside what the kernel had counted at the same moments. */
class Comparison {
  readonly #readings: { readonly sample: CpuSample; readonly kernelMs: number }[] = [];

  add(sample: CpuSample, kernelMs: number): void {
    this.#readings.push({ sample, kernelMs });
  }

  get isEnough(): boolean {
    return this.#errors().length >= MEASURED;
  }

  /** The median of the differences, in percent of a core: one reading may have been kept waiting by another process. */
  get errorPercent(): number {
    const errors = this.#errors().toSorted((one, other) => one - other);
    return errors[Math.floor(errors.length / 2)] ?? Infinity;
  }

  /** Of the samples whose window begins where another sample was taken. */
  #errors(): number[] {
    return this.#readings.flatMap(({ sample, kernelMs }) => {
      const begin = this.#readings.find((other) => Math.abs(other.sample.atMs - (sample.atMs - sample.spanMs)) < 1);
      if (begin === undefined) return [];
      return [Math.abs(sample.threadUsage - ((kernelMs - begin.kernelMs) / sample.spanMs) * 100)];
    });
  }
}

describe('beside what the kernel has counted', () => {
  it.each([0, 0.5, 1])('a thread that is busy for %d of the time', async (share) => {
    const worker = startLoad({ share, windowMs: WINDOW_MS });
    try {
      const [begun] = (await once(worker, 'message')) as [LoadReport & { kind: 'begun' }];
      const fromInside = new Comparison();
      const fromOutside = new Comparison();
      worker.on('message', (report: LoadReport) => {
        if (report.kind === 'sample') fromInside.add(report.sample, report.kernelCpuMs);
      });
      using monitor = new CpuMonitor(worker, { windowMs: WINDOW_MS });
      expect([begun.source, monitor.source]).toEqual(['process.threadCpuUsage', 'worker.cpuUsage']);
      monitor.on('sample', (sample) => {
        fromOutside.add(sample, kernelCpuMs(begun.threadPath));
      });
      monitor.start();
      while (!fromInside.isEnough || !fromOutside.isEnough) await once(monitor, 'sample');
      expect(fromInside.errorPercent).toBeLessThanOrEqual(TOLERANCE);
      expect(fromOutside.errorPercent).toBeLessThanOrEqual(TOLERANCE);
    } finally {
      await worker.terminate();
    }
  });
});

describe('a process', () => {
  it('uses what its threads use together, which may be more than a core', async () => {
    const workers = [startLoad({ share: 1, windowMs: WINDOW_MS }), startLoad({ share: 1, windowMs: WINDOW_MS })];
    try {
      const begun = await Promise.all(workers.map((worker) => once(worker, 'message')));
      const paths = begun.map(([report]) => (report as LoadReport & { kind: 'begun' }).threadPath);
      using monitor = new CpuMonitor('process', { intervalMs: 100, windowMs: 500 });
      const counted = () => paths.reduce((sum, path) => sum + kernelCpuMs(path), 0);
      const beganMs = counted();
      monitor.start();
      const samples: CpuSample[] = [];
      monitor.on('sample', (sample) => samples.push(sample));
      while ((samples.at(-1)?.spanMs ?? 0) < 500) await once(monitor, 'sample');
      const last = samples.at(-1);
      const ofThreads = ((counted() - beganMs) / (last?.spanMs ?? 0)) * 100;
      // The other threads of the process, such as the one that reads this, come on top.
      expect(last?.threadUsage).toBeGreaterThan(ofThreads - 10);
      expect(last?.cpuUsage).toBeCloseTo((last?.threadUsage ?? 0) / availableParallelism(), 6);
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  });
});
