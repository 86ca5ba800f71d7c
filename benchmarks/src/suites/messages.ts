import type { Suite } from '../harness/suite.ts';
import type { MessageLoad } from '../subjects/message-load.ts';

/** Small messages: how many a second, and how long one takes there and back when nothing else goes on. */
export const suite: Suite<MessageLoad> = {
  name: 'messages',
  url: import.meta.url,
  summary: '64-byte messages, one way in bulk and round trips one at a time',
  notes: [
    'One way: the client asks, the server sends, so that `ws` need not mask; the time is the client’s, from its first message to its last.',
    'Round trip: one message in flight on an idle connection, echoed by the server.',
    '`net` has the same 8-byte header, gathers messages into writes of 64 KB, reads with `onread` and finds each message’s borders.',
    "`tcpcomm` is lent its messages (`messageMemory: 'lent'`), whose memory is used again as that of `net` is; `tcpcomm-owned` may keep them, as `ws` may.",
    '`ws` sends corked batches of 2,000. `socket.io` is given 1/60 of the messages one way, its CPU time is projected to all of them.',
  ],
  baseline: 'net',
  cases: [
    {
      name: 'one-way',
      headline: 'messagesPerSecond',
      load: { pattern: 'one-way', messageBytes: 64, count: 24_000_000 },
      seconds: 12,
      shares: { 'socket.io': 1 / 60 },
    },
    {
      name: 'round-trip',
      headline: 'p50Ms',
      load: { pattern: 'round-trip', messageBytes: 64, count: 100_000 },
      seconds: 12,
    },
  ],
  subjects: {
    tcpcomm: () => import('../subjects/tcpcomm-messages.ts'),
    'tcpcomm-owned': () => import('../subjects/tcpcomm-owned-messages.ts'),
    net: () => import('../subjects/net-messages.ts'),
    ws: () => import('../subjects/ws-messages.ts'),
    'socket.io': () => import('../subjects/socket-io-messages.ts'),
  },
};
