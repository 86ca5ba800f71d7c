import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SendTimes } from '../../../src/engine/in-flight/send-times.ts';

describe('send times', () => {
  it('tell when the last of the acknowledged bytes was sent', () => {
    const times = new SendTimes();
    times.push(100, 1);
    times.push(100, 2);
    times.push(100, 3);
    expect([times.takeUpTo(50), times.takeUpTo(100), times.takeUpTo(250), times.takeUpTo(300)]).toEqual([1, 1, 3, 3]);
  });

  it('agree with a list of all bytes, however they are sent and acknowledged', () => {
    const step = fc.record({
      bytes: fc.integer({ min: 1, max: 20_000 }),
      afterMs: fc.nat(2),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 300 }), (steps) => {
        const times = new SendTimes();
        const sent: { readonly endBytes: number; readonly sentMs: number }[] = [];
        let [nowMs, sentBytes, acknowledgedBytes] = [0, 0, 0];
        for (const { bytes, afterMs, part } of steps) {
          nowMs += afterMs;
          sentBytes += bytes;
          times.push(bytes, nowMs);
          sent.push({ endBytes: sentBytes, sentMs: nowMs });
          expect(times.sentBytes).toBe(sentBytes);
          const total = acknowledgedBytes + Math.floor((sentBytes - acknowledgedBytes) * part);
          if (total === acknowledgedBytes) continue;
          acknowledgedBytes = total;
          expect(times.takeUpTo(total)).toBe(sent.find(({ endBytes }) => endBytes >= total)?.sentMs);
        }
      }),
    );
  });
});
