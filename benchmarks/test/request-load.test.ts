import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { runRequests } from '../src/subjects/request-load.ts';

it.each([
  [100, 1],
  [100, 16],
  [5, 16],
])('asks %s times, with up to %s in flight', async (count, inFlight) => {
  let asked = 0;
  let underWay = 0;
  let most = 0;
  const { requestsPerSecond, p50Ms, p99Ms } = await runRequests({ count, inFlight, requestBytes: 4 }, async () => {
    asked += 1;
    underWay += 1;
    most = Math.max(most, underWay);
    await turn();
    underWay -= 1;
    return new Uint8Array(4);
  });
  expect([asked, most, underWay]).toEqual([count, Math.min(count, inFlight), 0]);
  expect(requestsPerSecond).toBeGreaterThan(0);
  expect(p99Ms).toBeGreaterThanOrEqual(p50Ms!);
});

it('a reply of another length fails', async () => {
  const running = runRequests({ count: 1, inFlight: 1, requestBytes: 4 }, async () => new Uint8Array(3));
  await expect(running).rejects.toThrow('3 bytes came back, 4 were sent');
});
