import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const conditions = ['@tcpcomm/source', 'module', 'node', 'development|production'];
const jsonReport = process.env['TCPCOMM_TEST_REPORT'];

/** Tests of code without sockets, files and threads of its own: what one of them does the next cannot see. */
const PURE = [
  'packages/{protocol,throttle,large-array}/test/**/*.test.ts',
  'packages/session/test/engine/**/*.test.ts',
];
const ALL = ['{packages,apps}/*/test/**/*.test.ts', 'benchmarks/test/**/*.test.ts'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects: [
      { extends: true, test: { name: 'real', include: ALL, exclude: PURE } },
      // A hundred files share processes: to start one for each would take longer than most of them do.
      { extends: true, test: { name: 'pure', include: PURE, isolate: false } },
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
