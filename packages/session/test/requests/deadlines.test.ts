import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Deadlines, type Waiter } from '../../src/requests/deadlines.ts';

const waiters = new Map<string, Waiter>();
let deadlines: Deadlines;
/** Who was ended, and when. */
let ended: [name: string, atMs: number][];
let startMs: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  waiters.clear();
  deadlines = new Deadlines(waiters);
  ended = [];
  startMs = performance.now();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function wait(name: string, timeoutMs: number): void {
  const handleTimeout = () => {
    ended.push([name, performance.now() - startMs]);
    waiters.delete(name);
  };
  const deadlineMs = performance.now() + timeoutMs;
  waiters.set(name, { deadlineMs, handleTimeout });
  deadlines.include(deadlineMs);
}

it('each is ended when its time is over, in whatever order they began', () => {
  wait('a', 300);
  wait('b', 100);
  wait('c', 200);
  vi.advanceTimersByTime(99);
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(101);
  wait('d', 50);
  vi.advanceTimersByTime(1000);
  expect(ended).toEqual([
    ['b', 100],
    ['c', 200],
    ['d', 250],
    ['a', 300],
  ]);
  expect(vi.getTimerCount()).toBe(0);
});

it('who has left is not ended, and whoever comes then has its own time', () => {
  wait('a', 100);
  vi.advanceTimersByTime(50);
  waiters.delete('a');
  wait('b', 100);
  vi.advanceTimersByTime(1000);
  expect(ended).toEqual([['b', 150]]);
});

it('one timer is there for all of them, however many come and leave', () => {
  const look = vi.spyOn(waiters, 'values');
  for (let count = 0; count < 1000; count += 1) {
    wait('a', 30_000);
    vi.advanceTimersByTime(1);
    waiters.delete('a');
    expect(vi.getTimerCount()).toBe(1);
  }
  vi.advanceTimersByTime(28_999);
  expect(look).not.toHaveBeenCalled();
  // As the first one has set it.
  vi.advanceTimersByTime(1);
  expect(look).toHaveBeenCalledTimes(1);
  expect(vi.getTimerCount()).toBe(0);
});

it('those whose time is over one after the other are looked at now and then, not for each', () => {
  for (let at = 0; at < 100; at += 1) wait(String(at), 1000 + at);
  const look = vi.spyOn(waiters, 'values');
  vi.advanceTimersByTime(2000);
  expect(ended.map(([name]) => name)).toEqual(Array.from({ length: 100 }, (_, at) => String(at)));
  for (const [name, atMs] of ended) {
    expect(atMs).toBeGreaterThanOrEqual(1000 + Number(name) - 1);
    expect(atMs).toBeLessThanOrEqual(1000 + Number(name) + 10);
  }
  expect(look.mock.calls.length).toBeLessThanOrEqual(11);
});

it('a time that is longer than any timer takes is waited for all the same, and one without end has no timer', () => {
  wait('for ever', Infinity);
  expect(vi.getTimerCount()).toBe(0);
  wait('a year', 365 * 86_400_000);
  vi.advanceTimersByTime(364 * 86_400_000);
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(2 * 86_400_000);
  expect(ended).toEqual([['a year', 365 * 86_400_000]]);
});

it('where nobody waits any more nothing is left, and it begins anew', () => {
  wait('a', 100);
  waiters.clear();
  deadlines.clear();
  expect(vi.getTimerCount()).toBe(0);
  wait('b', 100);
  vi.advanceTimersByTime(100);
  expect(ended).toEqual([['b', 100]]);
});
