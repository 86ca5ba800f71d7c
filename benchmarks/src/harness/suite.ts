import type { LinkShape } from '../link/link.ts';
import type { MetricName } from './metrics.ts';
import type { Load, Subject } from './subject.ts';

/** The name of our own subject; ratios are given to it and to a suite's baseline. */
export const OURS = 'tcpcomm';

/** A question with its cases, and who is asked. */
export interface Suite<L extends Load = Load> {
  readonly name: string;
  /** The `import.meta.url` of the module that exports it as `suite`: the processes load their subject through it. */
  readonly url: string;
  /** One line for `--list`. */
  readonly summary: string;
  /** What a reader of the tables must know, one sentence each. */
  readonly notes: readonly string[];
  /** The subject that the others are compared with, beside ours. */
  readonly baseline: string;
  /** The ratios that the tables give. Default: of a case's headline metric, to ours and to the baseline. */
  readonly ratios?: readonly Ratio[];
  readonly cases: readonly BenchmarkCase<L>[];
  /** Loaded only in the processes that need them, in the order of the tables. */
  readonly subjects: Readonly<Record<string, () => Promise<{ readonly subject: Subject<L> }>>>;
  /** The programs that a subject cannot do without. Where one is not installed, the subject is skipped. */
  readonly programs?: Readonly<Record<string, readonly string[]>>;
  /** Its files have to be on a disk: its folder is not one that lives in memory. */
  readonly isOnDisk?: boolean;
  /** Puts into the suite's folder what a load needs; called before each measurement. */
  prepare?(load: L, folder: string): Promise<void>;
}

/** A metric compared with that of another subject. */
export interface Ratio {
  readonly metric: MetricName;
  readonly to: string;
}

export interface BenchmarkCase<L extends Load = Load> {
  readonly name: string;
  /** The metric that the ratios are about. */
  readonly headline: MetricName;
  /** At scale 1: so much that a measurement takes one or two seconds; where it has to take longer, `seconds` says so. */
  readonly load: L;
  /** About how long a measurement takes at scale 1, with its warm-up, where that is longer. */
  readonly seconds?: number;
  /** For Node.js in both processes, besides those of this one. */
  readonly nodeArguments?: readonly string[];
  /** What is between the two ends. Default: nothing, both are on 127.0.0.1. */
  readonly link?: LinkShape;
  /** Who takes part, where not all of the suite's subjects do. */
  readonly subjects?: readonly string[];
  /** The ratios of its table. Default: the suite's. */
  readonly ratios?: readonly Ratio[];
  /** Subjects too slow for the whole load, and the share of it that they do. Their CPU time is projected to the whole. */
  readonly shares?: Readonly<Record<string, number>>;
}
