// The program of a relay's process: one relay, until the harness lets go of it.
import { Relay } from '@tcpcomm/test-support';
import type { Endpoint } from '../harness/subject.ts';
import { type LinkShape, MIN_QUEUE_MS } from './link.ts';

export interface RelayOrder {
  readonly target: Endpoint;
  readonly shape: LinkShape;
}

/** What passes together is what a link brings in this time: no timer is more exact. */
const SEGMENT_MS = 1;

process.once('message', (order: RelayOrder) => {
  void startRelay(order).then(({ port }) => process.send?.({ host: '127.0.0.1', port } satisfies Endpoint));
});
process.on('disconnect', () => process.exit());

/** Its queue holds what the link takes up in a round trip (at least 50 ms of its rate); then TCP holds the sender back. */
function startRelay({ target, shape: { megabitsPerSecond, roundTripMs } }: RelayOrder): Promise<Relay> {
  const bytesPerSecond = (megabitsPerSecond * 1e6) / 8;
  return Relay.start(target.port, {
    bytesPerSecond,
    delayMs: roundTripMs / 2,
    queueBytes: (bytesPerSecond * Math.max(roundTripMs, MIN_QUEUE_MS)) / 1000,
    nextSegmentBytes: () => (bytesPerSecond * SEGMENT_MS) / 1000,
  });
}
