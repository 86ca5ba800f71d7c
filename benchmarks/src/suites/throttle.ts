import type { BenchmarkCase, Suite } from '../harness/suite.ts';
import type { SteadyLoad, ThrottleLoad } from '../subjects/throttle-load.ts';

const MEASURED_MS = 5000;
/** With the second before that is not measured, and a fifth of all to warm up. */
const SECONDS = 8;
const RATES = { '64KBps': 65_536, '1MBps': 1_000_000, '10MBps': 10_000_000, '100MBps': 100_000_000 };
const DIRECTIONS = ['down', 'up', 'both'] as const;

/** How close a throttled rate is to the one that was asked for. */
export const suite: Suite<ThrottleLoad> = {
  name: 'throttle',
  url: import.meta.url,
  summary: 'how exactly a rate is kept, shared and changed',
  notes: [
    'Messages of 4 KiB without pause; `down` from the server, `up` to it, `both` at once, where the sum counts. What counts of a message are its payload and a header of 8 bytes; `MB/s` are with it.',
    'A rate is what arrives after the first arrival of a stretch, up to its last, by the time between the two. `error %` is over 5 s, `worst 1 s error %` the largest over each of them; the first second is not measured.',
    '`ten-sessions`: ten sessions share 10 MB/s, five of weight 1 and five of weight 3; `worst share error %` is the largest deviation of a session’s share from that.',
    '`rate-change`: from 1 to 8 MB/s, several times; the longest time until 100 ms begin over which the new rate is met within 5 %.',
    'There is no peer: none of them has a throttle.',
  ],
  baseline: 'tcpcomm',
  ratios: [],
  cases: [
    ...Object.entries(RATES).flatMap(([rate, bytesPerSecond]) =>
      DIRECTIONS.map((direction) => steadyCase(`${rate}-${direction}`, bytesPerSecond, direction)),
    ),
    {
      name: 'ten-sessions',
      headline: 'shareErrorPercent',
      load: {
        pattern: 'shared',
        totalBytesPerSecond: 10_000_000,
        weights: [1, 1, 1, 1, 1, 3, 3, 3, 3, 3],
        count: MEASURED_MS,
      },
      seconds: SECONDS,
    },
    {
      name: 'rate-change',
      headline: 'settledAfterMs',
      load: {
        pattern: 'changing',
        fromBytesPerSecond: 1_000_000,
        toBytesPerSecond: 8_000_000,
        count: MEASURED_MS,
      },
      seconds: SECONDS,
    },
  ],
  subjects: { tcpcomm: () => import('../subjects/tcpcomm-throttle.ts') },
};

function steadyCase(
  name: string,
  bytesPerSecond: number,
  direction: SteadyLoad['direction'],
): BenchmarkCase<ThrottleLoad> {
  return {
    name,
    headline: 'errorPercent',
    load: { pattern: 'steady', bytesPerSecond, direction, count: MEASURED_MS },
    seconds: SECONDS,
  };
}
