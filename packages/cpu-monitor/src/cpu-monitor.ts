import { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { type CpuSource, type CpuSourceName, type CpuTarget, findCpuSource } from './cpu-source.ts';
import { DelayMeter } from './delay-meter.ts';
import { type CpuMonitorOptions, type MonitorSetup, resolveMonitorOptions } from './monitor-options.ts';
import { UsageWindow } from './usage-window.ts';

/** What was measured, as averages over the window that ends now. */
export interface CpuSample {
  /** When, on the clock of `performance.now()`. */
  readonly atMs: number;
  /** Over how long it is an average: the window, or less at the beginning, or more if nothing could be measured for so long. */
  readonly spanMs: number;
  /** Percent of one core; above 100 only for a process, several threads of which are at work. */
  readonly threadUsage: number;
  /** Percent of all cores together. */
  readonly cpuUsage: number;
  /** 0 to 1: the share of the time in which the event loop had something to do. For a process that of this thread. */
  readonly eventLoopUtilization: number;
  /**
   * The longest time since the last sample by which a turn of this thread's event loop came too late, in milliseconds, above the 20 that are
   * not noticed; undefined for a worker, where it cannot be seen from here.
   */
  readonly eventLoopDelayMs: number | undefined;
}

export interface CpuMonitorEvents {
  sample: [sample: CpuSample];
  /** It measures no more: it was stopped, or the worker has ended. */
  stop: [];
}

/**
 * Measures how much CPU time a thread, a worker or the process uses, and how busy its event loop is.
 *
 * It costs a timer, and another one of 20 ms for this thread's event loop; neither keeps the process alive. Nothing is measured before `start`.
 */
export class CpuMonitor extends EventEmitter<CpuMonitorEvents> implements Disposable, AsyncDisposable {
  readonly #source: CpuSource;
  readonly #setup: MonitorSetup;
  readonly #seesDelay: boolean;
  #run: Run | undefined;
  #last: CpuSample | undefined;

  /**
   * @param target the thread that calls, the process, or a worker
   * @throws TypeError for what is no target, RangeError for an option out of its range
   */
  constructor(target: CpuTarget = 'current-thread', options: CpuMonitorOptions = {}) {
    super();
    this.#setup = resolveMonitorOptions(options);
    this.#source = findCpuSource(target);
    this.#seesDelay = typeof target === 'string';
  }

  /** Where the figures come from: the best that this Node.js and this system have. */
  get source(): CpuSourceName {
    return this.#source.name;
  }

  get isRunning(): boolean {
    return this.#run !== undefined;
  }

  /** Percent of one core, averaged over the window; undefined until it has been measured. */
  get threadUsage(): number | undefined {
    return this.#last?.threadUsage;
  }

  /** Percent of all cores together, averaged over the window; undefined until it has been measured. */
  get cpuUsage(): number | undefined {
    return this.#last?.cpuUsage;
  }

  /** The last sample; undefined until there is one. It stays when the monitor is stopped. */
  get sample(): CpuSample | undefined {
    return this.#last;
  }

  /** Begins to measure, from now on; does nothing when it does so already. */
  start(): void {
    if (this.#run) return;
    this.#last = undefined;
    const run = new Run(this.#setup, this.#seesDelay, () => this.#measure(run));
    this.#run = run;
    this.#measure(run);
  }

  /** Measures no more; does nothing when it does not. */
  stop(): void {
    if (!this.#run) return;
    this.#run.end();
    this.#run = undefined;
    this.emit('stop');
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    return Promise.resolve();
  }

  #measure(run: Run): void {
    if (this.#source.isGone()) this.stop();
    // A thread that is busy within one call answers later; it is not asked again meanwhile.
    if (run !== this.#run || run.isAsking) return;
    const askedMs = performance.now();
    const answer = this.#source.readCpuMs();
    if (!(answer instanceof Promise)) {
      this.#take(run, askedMs, answer);
      return;
    }
    run.isAsking = true;
    void answer.then((cpuMs) => {
      run.isAsking = false;
      // Between asking and hearing it is not known when the other thread has looked: too long makes it worthless.
      if (performance.now() - askedMs < this.#setup.intervalMs) this.#take(run, askedMs, cpuMs);
    });
  }

  #take(run: Run, atMs: number, cpuMs: number | undefined): void {
    if (run !== this.#run || cpuMs === undefined) return;
    const { active, idle } = this.#source.readLoop();
    const usage = run.window.add({ atMs, cpuMs, loopActiveMs: active, loopIdleMs: idle });
    if (usage === undefined) return;
    const threadUsage = usage.share * 100;
    this.#last = {
      ...{ atMs, spanMs: usage.spanMs, threadUsage, cpuUsage: threadUsage / availableParallelism() },
      ...{ eventLoopUtilization: usage.loopShare, eventLoopDelayMs: run.delay?.takeLongestMs() },
    };
    this.emit('sample', this.#last);
  }
}

/** From `start` to `stop`. */
class Run {
  readonly window: UsageWindow;
  /** Undefined where it is not this thread that is measured. */
  readonly delay: DelayMeter | undefined;
  readonly #timer: NodeJS.Timeout;
  /** Whether the target has been asked and has not answered. */
  isAsking = false;

  constructor({ intervalMs, windowMs }: MonitorSetup, seesDelay: boolean, measure: () => void) {
    this.window = new UsageWindow(windowMs);
    this.delay = seesDelay ? new DelayMeter() : undefined;
    this.#timer = setInterval(measure, intervalMs);
    this.#timer.unref();
  }

  end(): void {
    clearInterval(this.#timer);
    this.delay?.stop();
  }
}
