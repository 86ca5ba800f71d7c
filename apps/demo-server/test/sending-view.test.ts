import { expect, it } from 'vitest';
import { formatHoldup, formatRoundTrip } from '../src/terminal/sending-view.ts';

it.each([
  ['throttle', 'held back by throttle'],
  ['link', 'held back by link'],
  ['peer-window', 'held back by receiver'],
  ['application', ''],
] as const)('limited by %s is told as %j', (limitedBy, text) => {
  expect(formatHoldup(limitedBy)).toBe(text);
});

it.each([
  [1.23, '1.2 ms round trip'],
  [250, '0.3 s round trip'],
  [undefined, ''],
])('a round trip of %s ms is told as %j', (roundTripMs, text) => {
  expect(formatRoundTrip(roundTripMs)).toBe(text);
});
