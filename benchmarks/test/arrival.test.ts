import { expect, it } from 'vitest';
import { Arrival } from '../src/measure/arrival.ts';
import { RoundTrips } from '../src/measure/round-trips.ts';

it('an arrival is complete with the last unit that was expected', async () => {
  const arrival = new Arrival();
  const arrived = arrival.expect(10);
  for (const units of [4, 5, 1]) arrival.add(units);
  expect(await arrived).toBeGreaterThanOrEqual(0);
});

it('an arrival of more than was expected fails', async () => {
  const arrival = new Arrival();
  const arrived = arrival.expect(10);
  arrival.add(11);
  await expect(arrived).rejects.toThrow('1 more arrived than were asked for');
});

it('round trips go one at a time, as many as asked for', async () => {
  let inFlight = 0;
  let sent = 0;
  const roundTrips = new RoundTrips(() => {
    sent += 1;
    inFlight += 1;
    expect(inFlight).toBe(1);
    queueMicrotask(() => {
      inFlight -= 1;
      roundTrips.handleReply();
    });
  });
  const { p50Ms, p99Ms } = await roundTrips.run(20);
  expect(sent).toBe(20);
  expect(p99Ms).toBeGreaterThanOrEqual(p50Ms!);
});
