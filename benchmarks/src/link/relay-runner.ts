// The program of a relay's process: one relay, until the harness lets go of it.
import type { Endpoint } from '../harness/subject.ts';
import type { LinkShape } from './link.ts';
import { SlowRelay } from './slow-relay.ts';

export interface RelayOrder {
  readonly target: Endpoint;
  readonly shape: LinkShape;
}

process.once('message', (order: RelayOrder) => {
  void SlowRelay.start(order.target, order.shape).then(({ endpoint }) => process.send?.(endpoint));
});
process.on('disconnect', () => process.exit());
