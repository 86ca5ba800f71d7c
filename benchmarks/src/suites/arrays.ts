import type { Suite } from '../harness/suite.ts';
import type { ArrayLoad } from '../subjects/array-load.ts';

/** A `Float64Array` arrives as a `Float64Array`: how many bytes of them a second. */
export const suite: Suite<ArrayLoad> = {
  name: 'arrays',
  url: import.meta.url,
  summary: 'arrays of 1 KB to 1 GB, in memory of their own when they have arrived',
  notes: [
    'The server sends when the client asks. Each array is acknowledged by the receiving program; up to 1 MB sixteen are sent ahead, larger ones one after another.',
    'The time is from the order until all arrays are the receiving program’s, each in memory of its own, which looks at the first, the middle and the last element.',
    'Memory that is written to for the first time costs as much as the rest together, or more; every subject has that.',
    '`net` writes a length and the array, and reads straight to where the array will be. `ws` sends one message. `socket.io` sends chunks of 512 KiB, eight ahead.',
  ],
  baseline: 'net',
  cases: [
    {
      name: '1KB',
      headline: 'megabytesPerSecond',
      load: { arrayBytes: 1_000, ahead: 16, count: 100_000 },
      seconds: 10,
    },
    {
      name: '64KB',
      headline: 'megabytesPerSecond',
      load: { arrayBytes: 64_000, ahead: 16, count: 10_000 },
      seconds: 10,
    },
    {
      name: '1MB',
      headline: 'megabytesPerSecond',
      load: { arrayBytes: 1_000_000, ahead: 16, count: 1_000 },
      seconds: 12,
    },
    {
      name: '16MB',
      headline: 'megabytesPerSecond',
      load: { arrayBytes: 16_000_000, ahead: 1, count: 50 },
      seconds: 12,
    },
    {
      name: '256MB',
      headline: 'megabytesPerSecond',
      load: { arrayBytes: 256_000_000, ahead: 1, count: 4 },
      seconds: 20,
    },
    {
      name: '1GB',
      headline: 'megabytesPerSecond',
      load: { arrayBytes: 1_000_000_000, ahead: 1, count: 2 },
      seconds: 60,
    },
  ],
  subjects: {
    tcpcomm: () => import('../subjects/tcpcomm-arrays.ts'),
    net: () => import('../subjects/net-arrays.ts'),
    ws: () => import('../subjects/ws-arrays.ts'),
    'socket.io': () => import('../subjects/socket-io-arrays.ts'),
  },
};
