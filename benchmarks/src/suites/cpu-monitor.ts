import type { BenchmarkCase, Suite } from '../harness/suite.ts';
import type { CpuLoad } from '../subjects/cpu-load.ts';

const SHARES = [0, 0.25, 0.5, 0.75, 1];

/** How right a `CpuMonitor` is. */
export const suite: Suite<CpuLoad> = {
  name: 'cpu-monitor',
  url: import.meta.url,
  summary: 'what a CpuMonitor says of a thread that is busy for a known share of the time',
  notes: [
    'A thread is busy for a share of each 10 ms. It measures itself (`thread`), is measured from outside (`worker`), or the process that it is in is (`process`); by the options that are the default, for 4 s.',
    '`read %` is what the monitor says, percent of a core; `counted %` what the scheduler of Linux has counted between the same moments (/proc/PID/task/TID/schedstat), which the monitor does not look at; `error %` how far they are apart, in percent of a core. All are medians.',
    'What is counted is not quite the share: on a busy machine the thread does not always get the processor when it wants it, and a process has other threads too.',
  ],
  baseline: 'worker',
  ratios: [],
  cases: SHARES.map(shareCase),
  subjects: {
    thread: () => import('../subjects/cpu-monitor-thread.ts'),
    worker: () => import('../subjects/cpu-monitor-worker.ts'),
    process: () => import('../subjects/cpu-monitor-process.ts'),
  },
};

function shareCase(share: number): BenchmarkCase<CpuLoad> {
  return { name: `${share * 100}%`, headline: 'readPercent', load: { share, count: 4_000 }, seconds: 6 };
}
