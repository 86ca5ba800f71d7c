import { expect, it } from 'vitest';
import { Keepalive } from '../../../src/engine/liveness/keepalive.ts';

it('a ping is due after a silence, and again after the next', () => {
  const keepalive = new Keepalive(15_000, 45_000, 1000);
  expect(keepalive.deadlineMs).toBe(16_000);
  expect([keepalive.isPingDue(15_999), keepalive.isPingDue(16_000)]).toEqual([false, true]);
  keepalive.handlePinged(16_000);
  expect([keepalive.isPingDue(16_000), keepalive.deadlineMs]).toEqual([false, 31_000]);
  keepalive.handlePinged(31_000);
  // The next ping and the end of patience fall together.
  expect(keepalive.deadlineMs).toBe(46_000);
});

it('any byte that comes puts both off', () => {
  const keepalive = new Keepalive(15_000, 45_000, 0);
  keepalive.handlePinged(15_000);
  keepalive.handleReceived(20_000);
  expect(keepalive.deadlineMs).toBe(35_000);
  expect([keepalive.isPeerDead(64_999), keepalive.isPeerDead(65_000)]).toEqual([false, true]);
});

it('a peer that never answers is dead after the timeout, however often it was asked', () => {
  const keepalive = new Keepalive(10_000, 45_000, 0);
  const asked: number[] = [];
  let nowMs = 0;
  while (!keepalive.isPeerDead(nowMs)) {
    nowMs = keepalive.deadlineMs;
    if (keepalive.isPeerDead(nowMs) || !keepalive.isPingDue(nowMs)) continue;
    asked.push(nowMs);
    keepalive.handlePinged(nowMs);
  }
  expect([nowMs, asked]).toEqual([45_000, [10_000, 20_000, 30_000, 40_000]]);
});
