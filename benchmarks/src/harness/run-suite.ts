import type { LinkPlan } from '../link/link.ts';
import { loopbackPlan } from '../link/loopback-link.ts';
import { planLink } from '../link/plan-link.ts';
import { missingPrograms } from '../measure/find-program.ts';
import { medianMetrics, type Metrics } from './metrics.ts';
import type { Load } from './subject.ts';
import { subjectNodeArguments } from './node-arguments.ts';
import { runPair } from './run-pair.ts';
import type { BenchmarkCase, Suite } from './suite.ts';

export interface SuiteRunOptions {
  readonly rounds: number;
  /** What the loads are multiplied with. */
  readonly scale: number;
  /** Of the suite's cases and subjects only these. Default: all. */
  readonly cases?: readonly string[] | undefined;
  readonly subjects?: readonly string[] | undefined;
  /** Where the subjects may put files; the caller's to remove. */
  readonly folder: string;
  /** How long one measurement of one subject may take, its start included, beyond the seconds that its case says. */
  readonly limitMs: number;
  /** Where to put a CPU profile of every process. Default: none is taken. */
  readonly profileFolder?: string | undefined;
  readonly signal: AbortSignal;
  /** Hears what a case's link is, before its measurements. */
  readonly onLink?: (caseName: string, description: string) => void;
  /** Hears of every measurement that takes long, as it begins. */
  readonly onBegun?: (begun: Begun) => void;
  /** Hears of every measurement as it ends. */
  readonly onMeasured?: (measured: Measured) => void;
}

export interface Begun {
  readonly case: string;
  readonly subject: string;
  readonly round: number;
  /** About how long it takes. */
  readonly seconds: number;
}

export interface Measured {
  readonly case: string;
  readonly subject: string;
  readonly round: number;
  readonly outcome: Metrics | Error;
}

export interface SubjectResult {
  readonly case: string;
  readonly subject: string;
  readonly metrics: Metrics;
  /** Lowest and highest of the case's headline metric over the rounds. */
  readonly headlineRange: readonly [number, number];
}

/** A subject that has no result in a case: it failed, or what it needs is not installed. */
export interface SubjectAbsence {
  readonly case: string;
  readonly subject: string;
  readonly kind: 'failed' | 'skipped';
  readonly reason: string;
}

export interface SuiteOutcome {
  readonly suite: Suite;
  readonly results: readonly SubjectResult[];
  readonly absences: readonly SubjectAbsence[];
  /** What was between the two ends, by case, where that was something. */
  readonly links: Readonly<Record<string, string>>;
}

const WARM_UP_SHARE = 0.2;

/** Runs a suite: case by case, in each the rounds, in each round the subjects one after another. */
export async function runSuite<L extends Load>(suite: Suite<L>, options: SuiteRunOptions): Promise<SuiteOutcome> {
  const results: SubjectResult[] = [];
  const absences: SubjectAbsence[] = [];
  const links: Record<string, string> = {};
  for (const benchmarkCase of suite.cases) {
    if (options.cases?.includes(benchmarkCase.name) === false) continue;
    const outcome = await new CaseRun(suite, benchmarkCase, options).run();
    results.push(...outcome.results);
    absences.push(...outcome.absences);
    if (outcome.link !== '') links[benchmarkCase.name] = outcome.link;
  }
  return { suite, results, absences, links };
}

class CaseRun<L extends Load> {
  readonly #suite: Suite<L>;
  readonly #case: BenchmarkCase<L>;
  readonly #options: SuiteRunOptions;
  readonly #samples = new Map<string, Metrics[]>();
  readonly #absences: SubjectAbsence[] = [];
  #linkPlan: LinkPlan = loopbackPlan;

  constructor(suite: Suite<L>, benchmarkCase: BenchmarkCase<L>, options: SuiteRunOptions) {
    this.#suite = suite;
    this.#case = benchmarkCase;
    this.#options = options;
  }

  async run(): Promise<Pick<SuiteOutcome, 'results' | 'absences'> & { readonly link: string }> {
    for (const subject of this.#case.subjects ?? Object.keys(this.#suite.subjects)) {
      if (this.#options.subjects?.includes(subject) === false) continue;
      const missing = missingPrograms(this.#suite.programs?.[subject] ?? []);
      if (missing.length === 0) this.#samples.set(subject, []);
      else this.#leaveOut(subject, 'skipped', `not installed here: ${missing.join(', ')}`);
    }
    if (this.#samples.size > 0) await this.#planLink();
    for (let round = 1; round <= this.#options.rounds; round += 1) {
      // Each round begins with another subject, so that none is always the one after the same neighbour's load.
      const subjects = [...this.#samples.keys()];
      const first = subjects.length > 0 ? (round - 1) % subjects.length : 0;
      for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)])
        await this.#measure(subject, round);
    }
    return {
      results: [...this.#samples].map(([subject, samples]) => this.#summarize(subject, samples)),
      absences: this.#absences,
      link: this.#linkPlan.description,
    };
  }

  async #planLink(): Promise<void> {
    this.#linkPlan = await planLink(this.#case.link);
    const { description } = this.#linkPlan;
    if (description !== '') this.#options.onLink?.(this.#case.name, description);
  }

  async #measure(subject: string, round: number): Promise<void> {
    const seconds = this.#expectedSeconds;
    if (seconds !== undefined) this.#options.onBegun?.({ case: this.#case.name, subject, round, seconds });
    const report = (outcome: Metrics | Error) =>
      this.#options.onMeasured?.({ case: this.#case.name, subject, round, outcome });
    try {
      const metrics = await this.#runPair(subject, round);
      this.#samples.get(subject)?.push(metrics);
      report(metrics);
    } catch (error) {
      this.#options.signal.throwIfAborted();
      // A subject that fails once is not asked again.
      this.#samples.delete(subject);
      this.#leaveOut(subject, 'failed', (error as Error).message);
      report(error as Error);
    }
  }

  async #runPair(subject: string, round: number): Promise<Metrics> {
    const { folder, scale, limitMs, signal } = this.#options;
    const share = this.#case.shares?.[subject] ?? 1;
    const load = this.#portion(scale * share);
    const warmUp = this.#portion(scale * share * WARM_UP_SHARE);
    for (const part of [load, warmUp]) await this.#suite.prepare?.(part, folder);
    await using link = await this.#linkPlan.open();
    const metrics = await runPair({
      link,
      part: { suiteUrl: this.#suite.url, subject, folder },
      load,
      warmUp,
      nodeArguments: {
        server: this.#nodeArguments(subject, round, 'server'),
        client: this.#nodeArguments(subject, round, 'client'),
      },
      limitMs: limitMs + (this.#expectedSeconds ?? 0) * 1000,
      signal,
    });
    const { cpuSeconds } = metrics;
    return cpuSeconds === undefined ? metrics : { ...metrics, cpuSeconds: cpuSeconds / share };
  }

  get #expectedSeconds(): number | undefined {
    const { seconds } = this.#case;
    return seconds === undefined ? undefined : Math.ceil(seconds * this.#options.scale);
  }

  #portion(factor: number): L {
    return { ...this.#case.load, count: Math.max(1, Math.round(this.#case.load.count * factor)) };
  }

  #nodeArguments(subject: string, round: number, role: string): string[] {
    const { profileFolder } = this.#options;
    const nodeArguments = [...subjectNodeArguments(), ...(this.#case.nodeArguments ?? [])];
    if (profileFolder === undefined) return nodeArguments;
    const name = [this.#suite.name, this.#case.name, subject, role, round].join('-');
    return [...nodeArguments, '--cpu-prof', `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=${name}.cpuprofile`];
  }

  #leaveOut(subject: string, kind: SubjectAbsence['kind'], reason: string): void {
    this.#absences.push({ case: this.#case.name, subject, kind, reason });
  }

  #summarize(subject: string, samples: readonly Metrics[]): SubjectResult {
    const headlines = samples.map((sample) => sample[this.#case.headline] ?? Number.NaN);
    return {
      case: this.#case.name,
      subject,
      metrics: medianMetrics(samples),
      headlineRange: [Math.min(...headlines), Math.max(...headlines)],
    };
  }
}
