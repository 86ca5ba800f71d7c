import type { Suite } from '../harness/suite.ts';
import type { MessageLoad } from '../subjects/message-load.ts';

/** What it costs to have a client on a thread of its own. */
export const suite: Suite<MessageLoad> = {
  name: 'threads',
  url: import.meta.url,
  summary: 'a client on a thread of its own beside one on the thread of its user',
  notes: [
    '`tcpcomm` has its connection on the thread that handles its messages, `tcpcomm-thread` on one of its own: every message crosses.',
    'The server sends, on one thread; messages may be kept (`owned`). `CPU s` is of both processes, all threads.',
    'With two cores the three threads share them: what a thread of its own gains in speed cannot be seen so, only what it costs.',
  ],
  baseline: 'tcpcomm',
  ratios: [
    { metric: 'megabytesPerSecond', to: 'tcpcomm' },
    { metric: 'cpuSeconds', to: 'tcpcomm' },
  ],
  cases: [
    {
      name: '64-byte-messages',
      headline: 'messagesPerSecond',
      load: { pattern: 'one-way', messageBytes: 64, count: 12_000_000 },
      seconds: 8,
    },
    {
      name: '1MiB-messages',
      headline: 'megabytesPerSecond',
      load: { pattern: 'one-way', messageBytes: 1_048_576, count: 6_144 },
      seconds: 8,
    },
    {
      name: 'round-trip',
      headline: 'p50Ms',
      load: { pattern: 'round-trip', messageBytes: 64, count: 50_000 },
      ratios: [
        { metric: 'p50Ms', to: 'tcpcomm' },
        { metric: 'cpuSeconds', to: 'tcpcomm' },
      ],
      seconds: 10,
    },
  ],
  subjects: {
    tcpcomm: () => import('../subjects/tcpcomm-owned-messages.ts'),
    'tcpcomm-thread': () => import('../subjects/tcpcomm-thread-messages.ts'),
  },
};
