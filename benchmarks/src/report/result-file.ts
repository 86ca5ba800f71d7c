import type { Metrics } from '../harness/metrics.ts';
import type { SuiteOutcome } from '../harness/run-suite.ts';
import type { Machine } from './machine.ts';

/** What `--json` writes of a suite. Other programs read it: docs/BENCHMARKS.md describes it. */
export interface SuiteFile {
  readonly suite: string;
  readonly machine: Machine;
  readonly results: readonly { readonly case: string; readonly subject: string; readonly metrics: Metrics }[];
}

/** Of one suite the object itself, of several an array of them. A subject without result in a case has no entry for it. */
export function toResultFile(outcomes: readonly SuiteOutcome[], machine: Machine): SuiteFile | readonly SuiteFile[] {
  const files = outcomes.map(({ suite, results }) => ({
    suite: suite.name,
    machine,
    results: results.map(({ case: name, subject, metrics }) => ({ case: name, subject, metrics })),
  }));
  return files.length === 1 ? files[0]! : files;
}
