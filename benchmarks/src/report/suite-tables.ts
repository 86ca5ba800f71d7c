import { METRIC_NAMES, type MetricName } from '../harness/metrics.ts';
import type { SubjectResult, SuiteOutcome } from '../harness/run-suite.ts';
import { type BenchmarkCase, OURS } from '../harness/suite.ts';
import type { Table } from './table.ts';

/** How a metric is called in a table. */
const METRIC_LABELS: Readonly<Record<MetricName, string>> = {
  megabytesPerSecond: 'MB/s',
  messagesPerSecond: 'messages/s',
  p50Ms: 'p50 ms',
  p99Ms: 'p99 ms',
  errorPercent: 'error %',
  cpuSeconds: 'CPU s',
  peakRssMegabytes: 'peak RSS MB',
};

export interface CaseTable {
  readonly title: string;
  readonly table: Table;
  /** Who is missing, and why. */
  readonly absences: readonly string[];
}

/**
 * One table for each case that was run: the metrics as they are, how far the headline metric was apart over the rounds, and
 * its ratios to ours and to the suite's baseline.
 */
export function caseTables({ suite, results, absences }: SuiteOutcome): CaseTable[] {
  return suite.cases.flatMap((benchmarkCase) => {
    const here = results.filter((result) => result.case === benchmarkCase.name);
    const absent = absences.filter((absence) => absence.case === benchmarkCase.name);
    if (here.length + absent.length === 0) return [];
    return {
      title: `${suite.name}: ${benchmarkCase.name}`,
      table: tableOf(benchmarkCase, here, [...new Set([OURS, suite.baseline])]),
      absences: absent.map(({ subject, kind, reason }) => `${subject} ${kind}: ${reason}`),
    };
  });
}

function tableOf({ headline }: BenchmarkCase, results: readonly SubjectResult[], references: readonly string[]): Table {
  const metrics = METRIC_NAMES.filter((name) => results.some((result) => result.metrics[name] !== undefined));
  const label = METRIC_LABELS[headline];
  const referenceValues = references.map(
    (reference) => results.find(({ subject }) => subject === reference)?.metrics[headline],
  );
  return {
    head: [
      'subject',
      ...metrics.map((name) => METRIC_LABELS[name]),
      `${label} lowest–highest`,
      ...references.map((reference) => `${label} ÷ ${reference}`),
    ],
    rows: results.map(({ subject, metrics: values, headlineRange }) => [
      subject,
      ...metrics.map((name) => formatNumber(values[name])),
      headlineRange.map(formatNumber).join('–'),
      ...referenceValues.map((reference) => formatRatio(values[headline], reference)),
    ]),
  };
}

/** Three significant digits, but no less than whole numbers. */
export function formatNumber(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '-';
  const digits = Math.abs(value) >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 };
  return value.toLocaleString('en-US', digits);
}

export function formatRatio(value: number | undefined, reference: number | undefined): string {
  if (value === undefined || reference === undefined || reference === 0) return '-';
  return (value / reference).toFixed(2);
}
