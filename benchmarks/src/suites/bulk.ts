import type { Suite } from '../harness/suite.ts';
import type { MessageLoad } from '../subjects/message-load.ts';

/** Large messages on one channel, as fast as they go. */
export const suite: Suite<MessageLoad> = {
  name: 'bulk',
  url: import.meta.url,
  summary: 'large messages on one channel, server to client',
  notes: [
    'The client asks, the server sends; the time is the client’s, from its first byte to its last.',
    '`net` writes the same 8-byte header before each payload and reads with `onread`; its receiver only counts bytes, in a buffer of 64 KiB. That of `net-whole` has each message whole.',
    "`tcpcomm` is lent its messages (`messageMemory: 'lent'`), whole ones, whose memory is used again as that of `net` is; `tcpcomm-owned` may keep them, as `http2` its chunks.",
    '`http2` has windows of 8 MB for stream and session, no TLS and no framing of messages.',
  ],
  baseline: 'net',
  cases: [
    {
      name: '64KiB',
      headline: 'megabytesPerSecond',
      load: { pattern: 'one-way', messageBytes: 65_536, count: 196_608 },
      seconds: 12,
    },
    {
      name: '1MiB',
      headline: 'megabytesPerSecond',
      load: { pattern: 'one-way', messageBytes: 1_048_576, count: 12_288 },
      seconds: 12,
    },
  ],
  subjects: {
    tcpcomm: () => import('../subjects/tcpcomm-messages.ts'),
    'tcpcomm-owned': () => import('../subjects/tcpcomm-owned-messages.ts'),
    net: () => import('../subjects/net-bulk.ts'),
    'net-whole': () => import('../subjects/net-whole-bulk.ts'),
    http2: () => import('../subjects/http2-bulk.ts'),
  },
};
