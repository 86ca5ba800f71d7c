import { describe, expect, it } from 'vitest';
import { ArrayArrival, ArraySender, createArray, sendArrays } from '../src/subjects/array-load.ts';

describe('a sender', () => {
  it.each([
    [10, 4],
    [3, 4],
    [1, 1],
  ])('sends %s arrays, %s ahead of what has been acknowledged', (count, ahead) => {
    let sent = 0;
    const sender = new ArraySender(ahead, (next) => {
      sent += next;
    });
    sender.begin(count);
    for (let acknowledged = 0; acknowledged < count; acknowledged += 1) {
      expect(sent).toBe(Math.min(count, acknowledged + ahead));
      sender.handleAcknowledged(1);
    }
    expect(sent).toBe(count);
  });

  it('sends at once what was acknowledged at once, and nothing when all has been sent', () => {
    const sent: number[] = [];
    const sender = new ArraySender(4, (next) => sent.push(next));
    sender.begin(9);
    sender.handleAcknowledged(3);
    sender.handleAcknowledged(4);
    sender.handleAcknowledged(2);
    expect(sent).toEqual([4, 3, 2]);
    sender.begin(1);
    expect(sent).toEqual([4, 3, 2, 1]);
  });
});

it('arrays whose sending is a promise go so many at once', async () => {
  let underWay = 0;
  let most = 0;
  let sent = 0;
  await sendArrays(10, 4, async () => {
    sent += 1;
    underWay += 1;
    most = Math.max(most, underWay);
    await Promise.resolve();
    underWay -= 1;
  });
  expect([sent, most, underWay]).toEqual([10, 4, 0]);
});

describe('an arrival', () => {
  it('is complete with the last array', async () => {
    const arrival = new ArrayArrival(800);
    const arrived = arrival.expect(2);
    arrival.add(createArray(800));
    arrival.add(createArray(800));
    expect((await arrived).megabytesPerSecond).toBeGreaterThan(0);
  });

  it.each([
    ['of another type', new BigInt64Array(createArray(800).buffer as ArrayBuffer)],
    ['of another length', createArray(792)],
    ['with another first element', createArray(800).with(0, 1)],
    ['with another element in the middle', createArray(800).with(50, 1)],
    ['with another last element', createArray(800).with(99, 1)],
  ])('of an array %s fails', async (_what, array) => {
    const arrival = new ArrayArrival(800);
    const arrived = arrival.expect(1);
    arrival.add(array);
    await expect(arrived).rejects.toThrow('what came is not the array that was sent');
  });
});
