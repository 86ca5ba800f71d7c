import { expect, it } from 'vitest';
import { WriteStall } from '../../../src/engine/liveness/write-stall.ts';

it('nothing in flight has no deadline', () => {
  expect(new WriteStall(30_000).deadlineMs).toBe(Infinity);
});

it('the time runs from the first byte in flight, whatever is sent behind it', () => {
  const stall = new WriteStall(30_000);
  stall.handleSent(1000);
  stall.handleSent(20_000);
  expect(stall.deadlineMs).toBe(31_000);
});

it('any progress gives the peer all of the time again', () => {
  const stall = new WriteStall(30_000);
  stall.handleSent(0);
  stall.handleProgress(true, 29_999);
  expect(stall.deadlineMs).toBe(59_999);
});

it('with all acknowledged it stands still, until there is something in flight again', () => {
  const stall = new WriteStall(30_000);
  stall.handleSent(0);
  stall.handleProgress(false, 10);
  expect(stall.deadlineMs).toBe(Infinity);
  stall.handleSent(100_000);
  expect(stall.deadlineMs).toBe(130_000);
});

it('an endless time never ends', () => {
  const stall = new WriteStall(Infinity);
  stall.handleSent(0);
  expect(stall.deadlineMs).toBe(Infinity);
});
