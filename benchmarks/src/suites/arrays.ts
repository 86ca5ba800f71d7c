import type { Suite } from '../harness/suite.ts';
import type { ArrayLoad } from '../subjects/array-load.ts';

/** A `Float64Array` arrives as a `Float64Array`: how many bytes of them a second. */
export const suite: Suite<ArrayLoad> = {
  name: 'arrays',
  url: import.meta.url,
  summary: 'arrays of 1 KB to 1 GB, in memory of their own when they have arrived',
  notes: [
    'The server sends when the client asks, so that `ws` need not mask. Each array is acknowledged by the receiving program; up to 1 MB sixteen are sent ahead, larger ones one after another.',
    'The time is from the order until all arrays are the receiving program’s, which looks at the type, the length, the first, the middle and the last element of each.',
    'Each arrives in memory of its own, but for small ones of `ws`: those are views of what was read where they happen to be aligned, else copies. It has larger ones twice in memory for a while.',
    'Memory that is written to for the first time costs as much as the rest together, or more; every subject has that.',
    '`net` writes a length and the array, all that may go at once; it copies what is small, and reads what is large straight to its place, up to 256 KiB at a time. `ws` sends one message for each, corked. Both acknowledge all that came at once with one write.',
    '`socket.io` sends chunks of 512 KiB, eight ahead, each acknowledged. Up to 1 MB it is given a quarter of the arrays, its CPU time is projected to all of them.',
  ],
  baseline: 'net',
  cases: [
    {
      name: '1KB',
      headline: 'megabytesPerSecond',
      load: { arrayBytes: 1_000, ahead: 16, count: 300_000 },
      seconds: 12,
      shares: { 'socket.io': 1 / 4 },
    },
    {
      name: '64KB',
      headline: 'megabytesPerSecond',
      load: { arrayBytes: 64_000, ahead: 16, count: 20_000 },
      seconds: 12,
      shares: { 'socket.io': 1 / 4 },
    },
    {
      name: '1MB',
      headline: 'megabytesPerSecond',
      load: { arrayBytes: 1_000_000, ahead: 16, count: 2_000 },
      seconds: 14,
      shares: { 'socket.io': 1 / 4 },
    },
    {
      name: '16MB',
      headline: 'megabytesPerSecond',
      load: { arrayBytes: 16_000_000, ahead: 1, count: 100 },
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
