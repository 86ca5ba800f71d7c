import { expect, it } from 'vitest';
import type { SpokenText } from '../src/demo/conversation.ts';
import { HoldupTally } from '../src/demo/holdup-tally.ts';
import { summaryLine } from '../src/demo/summary.ts';

function spoken(latencyMs: number, wasWhileFilesMoved = true): SpokenText {
  return { from: 'anna', to: 'ben', channel: 1, text: 'hello', latencyMs, wasWhileFilesMoved };
}

it('the summary tells the median text and round trip, and what held the files back, the most frequent first', () => {
  const holdups = new HoldupTally();
  holdups.add({ limitedBy: 'link', roundTripMs: undefined });
  holdups.add({ limitedBy: 'application', roundTripMs: 9 });
  for (const roundTripMs of [3, 1, 2, 1]) holdups.add({ limitedBy: 'throttle', roundTripMs });
  for (const roundTripMs of [1, 4]) holdups.add({ limitedBy: 'peer-window', roundTripMs });
  expect(summaryLine([spoken(5), spoken(1), spoken(2), spoken(900, false)], holdups)).toBe(
    'While files moved: texts 2.0 ms, round trip 2.0 ms (medians); ' +
      'files held back by throttle 50 %, receiver 25 %, link 13 %, nothing 13 %',
  );
});

it('what hardly ever held a file back is left out', () => {
  const holdups = new HoldupTally();
  holdups.add({ limitedBy: 'link', roundTripMs: 1 });
  for (let look = 0; look < 200; look += 1) holdups.add({ limitedBy: 'throttle', roundTripMs: 1 });
  expect(summaryLine([spoken(1)], holdups)).toMatch(/held back by throttle 100 %$/);
});

it('what nobody knows is not made up', () => {
  expect(summaryLine([], new HoldupTally())).toBe(
    'While files moved: texts unknown, round trip unknown (medians); files held back by nothing known',
  );
});
