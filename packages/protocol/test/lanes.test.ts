import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelOfLane, laneKey, laneName, laneNumber, laneOf, laneOfKey, LANES } from '../src/index.ts';

const channel = fc.integer({ min: 1, max: 250 });
const lane = fc.nat({ max: LANES - 1 });

describe('the number of a lane', () => {
  it('is that of its channel for messages, and tells channel and lane', () => {
    fc.assert(
      fc.property(channel, lane, (of, which) => {
        const number = laneNumber(of, which);
        expect([channelOfLane(number), laneOf(number)]).toEqual([of, which]);
        expect(number === of).toBe(which === 0);
      }),
    );
  });

  it('is another one for each', () => {
    const numbers = Array.from({ length: 250 * LANES }, (_, at) => laneNumber((at % 250) + 1, Math.floor(at / 250)));
    expect(new Set(numbers).size).toBe(1_000);
  });

  it('has a name in JSON, which leads back to it', () => {
    expect([laneKey(7), laneKey(laneNumber(7, 1)), laneKey(laneNumber(250, 3))]).toEqual(['7', '7.1', '250.3']);
    fc.assert(
      fc.property(channel, lane, (of, which) => {
        expect(laneOfKey(laneKey(laneNumber(of, which)))).toBe(laneNumber(of, which));
      }),
    );
  });

  it.each(['', '0', '251', '-1', '01', '1.0', '1.4', '1.', '.1', '1.1.1', '1.5.', ' 1', '1e1', '1.1e0', 'NaN', '7.+1'])(
    '%j names none',
    (key) => {
      expect(laneOfKey(key)).toBeUndefined();
    },
  );

  it('has a name for people', () => {
    expect([0, 1, 2, 3].map((which) => laneName(laneNumber(9, which)))).toEqual([
      ...['channel 9', 'channel 9, lane of requests', 'channel 9, lane of replies', 'channel 9, lane of arrays'],
    ]);
  });
});
