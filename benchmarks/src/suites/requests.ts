import type { Suite } from '../harness/suite.ts';
import type { RequestLoad } from '../subjects/request-load.ts';

/** Requests and their replies: how many a second with so many in flight. */
export const suite: Suite<RequestLoad> = {
  name: 'requests',
  url: import.meta.url,
  summary: 'requests answered by their own bytes, with 1, 64 and 1,024 in flight',
  notes: [
    'The client asks the next one whenever one has been answered; the latency is that of a request among the others in flight.',
    '`socket.io`: `emitWithAck`, over WebSocket only. `grpc`: unary calls of `@grpc/grpc-js` on one channel, bytes as they are, no TLS.',
    '`http1`: `node:http` with keep-alive, which has a connection for each request in flight. `ws`: numbers in front of messages, by hand, and nothing else.',
    '`tcpcomm` has a time limit of 30 s on each request; none of the others has any.',
    'With more than one in flight `socket.io`, `grpc` and `http1` are given a quarter or an eighth of the requests, their CPU time is projected to all of them.',
  ],
  baseline: 'grpc',
  ratios: [
    { metric: 'requestsPerSecond', to: 'tcpcomm' },
    { metric: 'requestsPerSecond', to: 'socket.io' },
    { metric: 'requestsPerSecond', to: 'grpc' },
  ],
  cases: [
    {
      name: '1-in-flight',
      headline: 'requestsPerSecond',
      load: { requestBytes: 64, inFlight: 1, count: 40_000 },
      seconds: 8,
    },
    {
      name: '64-in-flight',
      headline: 'requestsPerSecond',
      load: { requestBytes: 64, inFlight: 64, count: 400_000 },
      seconds: 12,
      shares: { 'socket.io': 1 / 4, grpc: 1 / 8, http1: 1 / 8 },
    },
    {
      name: '1024-in-flight',
      headline: 'requestsPerSecond',
      load: { requestBytes: 64, inFlight: 1024, count: 600_000 },
      seconds: 12,
      shares: { 'socket.io': 1 / 4, grpc: 1 / 8, http1: 1 / 8 },
    },
    {
      name: '16KiB-64-in-flight',
      headline: 'requestsPerSecond',
      // More than 2 GiB each way: counters of bytes are then no small integers of V8 any more, in a session as it is for most of its life.
      load: { requestBytes: 16_384, inFlight: 64, count: 240_000 },
      seconds: 12,
      shares: { 'socket.io': 1 / 4, grpc: 1 / 8, http1: 1 / 8 },
    },
  ],
  subjects: {
    tcpcomm: () => import('../subjects/tcpcomm-requests.ts'),
    'socket.io': () => import('../subjects/socket-io-requests.ts'),
    grpc: () => import('../subjects/grpc-requests.ts'),
    http1: () => import('../subjects/http1-requests.ts'),
    ws: () => import('../subjects/ws-requests.ts'),
  },
};
