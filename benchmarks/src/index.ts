export { bench, type BenchEnvironment } from './bench.ts';
export { METRIC_NAMES, type MetricName, type Metrics } from './harness/metrics.ts';
export type { Driving, End, Endpoint, Load, Serving, Subject } from './harness/subject.ts';
export type { BenchmarkCase, Suite } from './harness/suite.ts';
export type { SuiteFile } from './report/result-file.ts';
