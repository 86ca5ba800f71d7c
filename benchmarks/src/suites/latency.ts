import type { BenchmarkCase, Suite } from '../harness/suite.ts';
import { prepareSource } from '../subjects/file-source.ts';
import { endlessFileBytes, type LatencyLoad } from '../subjects/latency-load.ts';

/** A small message now and then, while as much as the link takes goes the same way over the same connection. */
export const suite: Suite<LatencyLoad> = {
  name: 'latency',
  url: import.meta.url,
  summary: 'a message every 20 ms while a file saturates the link, one connection',
  notes: [
    'One way, server to client: from handing a message of 32 bytes over until its handler has it, on a clock common to both processes.',
    '`Mbit/s` is what of the file, or of the peers’ bulk stream, arrives meanwhile. The first second of each is not measured.',
    '`tcpcomm` sends a real file, from disk to disk, with its hash. The others have no files: blocks of 64 KiB from memory, the next when the stream or socket wants more.',
    '`tcpcomm-no-window` has no bound on what is in flight. `ws` and `socket.io` have one stream for both, `http2` two streams of a session, `ssh2` two channels of a connection.',
    'Where network namespaces are not permitted a relay stands in, and the table says so. They take root and `iproute2`.',
  ],
  baseline: 'tcpcomm-no-window',
  ratios: [
    { metric: 'p50Ms', to: 'tcpcomm' },
    { metric: 'p99Ms', to: 'tcpcomm' },
    { metric: 'megabitsPerSecond', to: 'tcpcomm-no-window' },
  ],
  cases: [
    latencyCase('10mbit', 10, 0),
    latencyCase('100mbit', 100, 0),
    latencyCase('1000mbit', 1000, 0),
    latencyCase('50mbit-100ms', 50, 100),
  ],
  subjects: {
    tcpcomm: () => import('../subjects/tcpcomm-latency.ts'),
    'tcpcomm-no-window': () => import('../subjects/tcpcomm-no-window-latency.ts'),
    ws: () => import('../subjects/ws-latency.ts'),
    http2: () => import('../subjects/http2-latency.ts'),
    'http2-8mb': () => import('../subjects/http2-8mb-latency.ts'),
    ssh2: () => import('../subjects/ssh2-latency.ts'),
    'socket.io': () => import('../subjects/socket-io-latency.ts'),
  },
  prepare: (load, folder) =>
    prepareSource({ kind: 'large-file', direction: 'server-to-client', count: endlessFileBytes(load) }, folder),
};

function latencyCase(name: string, megabitsPerSecond: number, roundTripMs: number): BenchmarkCase<LatencyLoad> {
  return {
    name,
    headline: 'p99Ms',
    load: { count: 8000, bytesPerSecond: (megabitsPerSecond * 1e6) / 8 },
    seconds: 14,
    link: { megabitsPerSecond, roundTripMs },
  };
}
