import type { Suite } from '../harness/suite.ts';
import { suite as arrays } from './arrays.ts';
import { suite as bulk } from './bulk.ts';
import { suite as cpuMonitor } from './cpu-monitor.ts';
import { suite as files } from './files.ts';
import { suite as latency } from './latency.ts';
import { suite as messages } from './messages.ts';
import { suite as requests } from './requests.ts';
import { suite as sessions } from './sessions.ts';
import { suite as threads } from './threads.ts';
import { suite as throttle } from './throttle.ts';
import { suite as writer } from './writer.ts';

/** All suites, in the order in which they run. */
export const suites: readonly Suite[] = [
  bulk,
  messages,
  requests,
  arrays,
  files,
  writer,
  latency,
  throttle,
  sessions,
  threads,
  cpuMonitor,
];
