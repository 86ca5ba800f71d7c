import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type AcknowledgedSource, Unacknowledged } from '../../../src/engine/sending/unacknowledged.ts';

/** Counts what it is told to have arrived. */
class Counter implements AcknowledgedSource {
  arrivedBytes = 0;

  handleAcknowledged(bytes: number): void {
    this.arrivedBytes += bytes;
  }
}

it('tells each source how much of its own has arrived, in the order of sending, wherever acknowledgements fall', () => {
  const step = fc.record({
    source: fc.nat(2),
    bytes: fc.integer({ min: 1, max: 70_000 }),
    acknowledged: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const counters = [new Counter(), new Counter(), new Counter()];
      const unacknowledged = new Unacknowledged();
      /** Whose each byte is, as stretches of the stream. */
      const sent: { source: number; bytes: number }[] = [];
      let [sentBytes, arrivedBytes] = [0, 0];
      for (const { source, bytes, acknowledged } of steps) {
        unacknowledged.handleSent(counters[source]!, bytes);
        sent.push({ source, bytes });
        sentBytes += bytes;
        const more = Math.floor((sentBytes - arrivedBytes) * acknowledged);
        unacknowledged.handleAcknowledged(more);
        arrivedBytes += more;
        expect(counters.map((counter) => counter.arrivedBytes)).toEqual(arrivedOf(sent, arrivedBytes));
      }
    }),
  );
});

/** How much of each of three sources is in the first `bytes` that were sent. */
function arrivedOf(sent: readonly { source: number; bytes: number }[], bytes: number): number[] {
  const arrived = [0, 0, 0];
  let rest = bytes;
  for (const stretch of sent) {
    const taken = Math.min(stretch.bytes, rest);
    arrived[stretch.source]! += taken;
    rest -= taken;
  }
  return arrived;
}
