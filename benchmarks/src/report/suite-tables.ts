import { METRIC_NAMES, type MetricName } from '../harness/metrics.ts';
import type { SubjectResult, SuiteOutcome } from '../harness/run-suite.ts';
import { OURS, type BenchmarkCase, type Ratio, type Suite } from '../harness/suite.ts';
import type { Table } from './table.ts';

/** How a metric is called in a table. */
const METRIC_LABELS: Readonly<Record<MetricName, string>> = {
  megabytesPerSecond: 'MB/s',
  messagesPerSecond: 'messages/s',
  requestsPerSecond: 'requests/s',
  filesPerSecond: 'files/s',
  handshakesPerSecond: 'handshakes/s',
  heapKilobytesPerSession: 'heap KB/session',
  externalKilobytesPerSession: 'external KB/session',
  rssKilobytesPerSession: 'RSS KB/session',
  idleCpuPercent: 'idle CPU %',
  p50Ms: 'p50 ms',
  p99Ms: 'p99 ms',
  megabitsPerSecond: 'Mbit/s',
  messagesLost: 'lost',
  readPercent: 'read %',
  countedPercent: 'counted %',
  errorPercent: 'error %',
  worstSecondErrorPercent: 'worst 1 s error %',
  shareErrorPercent: 'worst share error %',
  settledAfterMs: 'settled after ms',
  pageCacheGrowthPercent: 'page cache %',
  cpuSeconds: 'CPU s',
  peakRssMegabytes: 'peak RSS MB',
  serverPeakRssMegabytes: 'server RSS MB',
  clientPeakRssMegabytes: 'client RSS MB',
};

export interface CaseTable {
  readonly title: string;
  /** What was between the two ends; empty for nothing. */
  readonly link: string;
  readonly table: Table;
  /** Who is missing, and why. */
  readonly absences: readonly string[];
}

/**
 * One table for each case that was run: the metrics as they are, how far the headline metric was apart over the rounds, and
 * the ratios that the suite is about.
 */
export function caseTables({ suite, results, absences, links }: SuiteOutcome): CaseTable[] {
  return suite.cases.flatMap((benchmarkCase) => {
    const here = results.filter((result) => result.case === benchmarkCase.name);
    const absent = absences.filter((absence) => absence.case === benchmarkCase.name);
    if (here.length + absent.length === 0) return [];
    return {
      title: `${suite.name}: ${benchmarkCase.name}`,
      link: links[benchmarkCase.name] ?? '',
      table: tableOf(benchmarkCase, here, benchmarkCase.ratios ?? suite.ratios ?? headlineRatios(suite, benchmarkCase)),
      absences: absent.map(({ subject, kind, reason }) => `${subject} ${kind}: ${reason}`),
    };
  });
}

function headlineRatios({ baseline }: Suite, { headline }: BenchmarkCase): Ratio[] {
  return [...new Set([OURS, baseline])].map((to) => ({ metric: headline, to }));
}

function tableOf({ headline }: BenchmarkCase, results: readonly SubjectResult[], ratios: readonly Ratio[]): Table {
  const metrics = METRIC_NAMES.filter((name) => results.some((result) => result.metrics[name] !== undefined));
  const references = ratios.map(({ metric, to }) => ({
    metric,
    value: results.find(({ subject }) => subject === to)?.metrics[metric],
  }));
  return {
    head: [
      'subject',
      ...metrics.map((name) => METRIC_LABELS[name]),
      `${METRIC_LABELS[headline]} lowest–highest`,
      ...ratios.map(({ metric, to }) => `${METRIC_LABELS[metric]} ÷ ${to}`),
    ],
    rows: results.map(({ subject, metrics: values, headlineRange }) => [
      subject,
      ...metrics.map((name) => formatNumber(values[name])),
      headlineRange.map(formatNumber).join('–'),
      ...references.map(({ metric, value }) => formatRatio(values[metric], value)),
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
