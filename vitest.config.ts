import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const conditions = ['@tcpcomm/source', 'module', 'node', 'development|production'];
const jsonReport = process.env['TCPCOMM_TEST_REPORT'];

const ALL = ['{packages,apps}/*/test/**/*.test.ts', 'benchmarks/test/**/*.test.ts'];
/** Tests that look at what their own process takes, or change what all of it shares. */
const ALONE = [
  'packages/cpu-monitor/test/**/*.test.ts',
  'packages/contract-tests/test/{client-thread,file-conflicts}.test.ts',
  'apps/demo-server/test/{worker-lines,date-time}.test.ts',
  'apps/demo-client/test/{listing,list-command}.test.ts',
  'benchmarks/test/{bench,collect-garbage,temporary-folder}.test.ts',
];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects: [
      { extends: true, test: { name: 'alone', include: ALONE } },
      // Two hundred files share processes: to start one for each, and load the library into it, takes longer than many of them do.
      { extends: true, test: { name: 'together', include: ALL, exclude: ALONE, isolate: false } },
    ],
    pool: 'forks',
    // Not one less than there are cores, where that is one: most tests wait for sockets, disks and processes.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Worker threads and child processes that a test starts with process.execArgv run from source too.
    execArgv: ['--conditions=@tcpcomm/source'],
    // They load the same sources hundreds of times: compiled once, that takes a third of the time.
    env: { NODE_COMPILE_CACHE: new URL('node_modules/.cache/node-compile', import.meta.url).pathname },
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // .ci/run counts from this file: its closing line comes from results, not from text.
    reporters: jsonReport ? ['default', ['json', { outputFile: jsonReport }]] : ['default'],
  },
});
