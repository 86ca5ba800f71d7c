import { readdirSync, readFileSync } from 'node:fs';
import { peakRssBytes } from './usage.ts';

/** The unit of times in /proc, USER_HZ: 100 on every architecture of Linux that Node.js runs on. */
const TICKS_PER_SECOND = 100;
const SAMPLE_INTERVAL_MS = 20;

/** User and system time of the children of this process that have ended, and of theirs. Undefined where it cannot be told. */
export function endedChildrenCpuSeconds(): number | undefined {
  return process.platform === 'linux' ? cpuSecondsOf('self').endedChildren : undefined;
}

/** What a program and its descendants use, while it lives: Linux tells it in proc(5). */
export class ProgramUsage {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout | undefined;
  #peakRssBytes = 0;

  constructor(pid: number) {
    this.#pid = pid;
    if (process.platform !== 'linux') return;
    this.#samplePeak();
    this.#timer = setInterval(() => {
      this.#samplePeak();
    }, SAMPLE_INTERVAL_MS);
  }

  /** The largest resident memory of any of them. Each keeps its own peak; what it reaches in its last 20 ms may be missed. */
  get peakRssMegabytes(): number {
    return this.#peakRssBytes / 1e6;
  }

  /** User and system time, those that have ended included. Undefined where it cannot be told. */
  get cpuSeconds(): number | undefined {
    if (process.platform !== 'linux') return undefined;
    return livingTree(this.#pid)
      .map((pid) => cpuSecondsOf(pid))
      .reduce((sum, { own, endedChildren }) => sum + own + endedChildren, 0);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #samplePeak(): void {
    try {
      this.#peakRssBytes = Math.max(this.#peakRssBytes, ...livingTree(this.#pid).map((pid) => peakRssBytes(pid)));
    } catch {
      // One of them has just ended: the next sample is complete again.
    }
  }
}

function cpuSecondsOf(pid: number | 'self'): { readonly own: number; readonly endedChildren: number } {
  // Behind the name in parentheses, which may hold anything, comes the third field; utime, stime, cutime, cstime are 14 to 17.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
    .map(Number);
  const seconds = (index: number) => (fields[index] ?? 0) / TICKS_PER_SECOND;
  return { own: seconds(11) + seconds(12), endedChildren: seconds(13) + seconds(14) };
}

function livingTree(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  const children = threads.flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' '));
  return [
    pid,
    ...children
      .map(Number)
      .filter((child) => child > 0)
      .flatMap(livingTree),
  ];
}
