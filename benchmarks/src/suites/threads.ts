import type { Suite } from '../harness/suite.ts';
import { prepareSource } from '../subjects/file-source.ts';
import type { ThreadsLoad } from '../subjects/threads-load.ts';

/** Of which each has at most one more thread than the one before. */
const ONE_CLIENT = ['tcpcomm', 'client-thread', 'worker', 'handlers'];

/** What it costs to have the work on other threads than the user's, and what it brings. */
export const suite: Suite<ThreadsLoad> = {
  name: 'threads',
  url: import.meta.url,
  summary: 'clients and servers whose work is on other threads than that of their user, beside those without',
  notes: [
    '`tcpcomm` does all of its work on the thread that made it, at either end. `client-thread`: the client has a thread of its own. `worker`: the server has one worker, and every message crosses between that and the thread that made it. `handlers`: the handlers are on the worker, so none does; `two-handlers`: on two.',
    'Messages go from the server to the client, one channel, and may be kept (`owned`). `CPU s` is of both processes, all threads: over the same load it says what a message or a GB costs. The file has 3 GB.',
    '`blocked`: a message there and back every 20 ms for 8 s, while the thread that made the server stands still for 5 s of that.',
    '`computing`: eight clients, each waits for an answer that takes the server 1 ms of computing. The clients themselves take little.',
    'This machine has two cores, which all threads share: what a thread gains in speed where both ends are busy cannot be seen so, only what it costs. `computing` is busy at the server alone, and shows two workers beside one.',
  ],
  baseline: 'tcpcomm',
  isOnDisk: true,
  ratios: [
    { metric: 'megabytesPerSecond', to: 'tcpcomm' },
    { metric: 'cpuSeconds', to: 'tcpcomm' },
  ],
  cases: [
    {
      name: '64-byte-messages',
      headline: 'messagesPerSecond',
      load: { kind: 'messages', pattern: 'one-way', messageBytes: 64, count: 12_000_000 },
      subjects: ONE_CLIENT,
      seconds: 8,
    },
    {
      name: '1MiB-messages',
      headline: 'megabytesPerSecond',
      load: { kind: 'messages', pattern: 'one-way', messageBytes: 1_048_576, count: 6_144 },
      subjects: ONE_CLIENT,
      seconds: 8,
    },
    {
      name: 'round-trip',
      headline: 'p50Ms',
      load: { kind: 'messages', pattern: 'round-trip', messageBytes: 64, count: 50_000 },
      subjects: ONE_CLIENT,
      ratios: [
        { metric: 'p50Ms', to: 'tcpcomm' },
        { metric: 'cpuSeconds', to: 'tcpcomm' },
      ],
      seconds: 10,
    },
    {
      name: '3gb-to-client',
      headline: 'megabytesPerSecond',
      load: { kind: 'large-file', direction: 'server-to-client', count: 3_000_000_000 },
      subjects: ['tcpcomm', 'client-thread', 'worker'],
      seconds: 10,
    },
    {
      name: 'blocked',
      headline: 'p99Ms',
      load: { kind: 'blocked', count: 400, intervalMs: 20 },
      subjects: ['tcpcomm', 'worker', 'handlers'],
      ratios: [{ metric: 'p99Ms', to: 'tcpcomm' }],
      seconds: 10,
    },
    {
      name: 'computing',
      headline: 'messagesPerSecond',
      load: { kind: 'computing', clients: 8, computingMs: 1, count: 5_000 },
      subjects: ['tcpcomm', 'handlers', 'two-handlers'],
      ratios: [{ metric: 'messagesPerSecond', to: 'tcpcomm' }],
      seconds: 6,
    },
  ],
  subjects: {
    tcpcomm: () => import('../subjects/tcpcomm-one-thread.ts'),
    'client-thread': () => import('../subjects/tcpcomm-client-thread.ts'),
    worker: () => import('../subjects/tcpcomm-one-worker.ts'),
    handlers: () => import('../subjects/tcpcomm-handlers.ts'),
    'two-handlers': () => import('../subjects/tcpcomm-two-handlers.ts'),
  },
  prepare: async (load, folder) => {
    if (load.kind === 'large-file') await prepareSource(load, folder);
  },
};
