import { expect, it } from 'vitest';
import { RetryPlan } from '../src/retry-plan.ts';

it('pauses double up to half a minute, and the attempts are bounded', () => {
  const plan = new RetryPlan();
  const retries = Array.from({ length: 9 }, () => plan.next(0));
  expect(retries.map((retry) => retry?.pauseMs)).toEqual([
    1_000,
    2_000,
    4_000,
    8_000,
    16_000,
    30_000,
    30_000,
    30_000,
    undefined,
  ]);
  expect(retries[0]).toEqual({ attempt: 2, maxAttempts: 9, pauseMs: 1_000 });
  expect(retries[7]).toEqual({ attempt: 9, maxAttempts: 9, pauseMs: 30_000 });
  expect(plan.next(0)).toBeUndefined();
});

it('an attempt that gets further than any before it is the first of a new series', () => {
  const plan = new RetryPlan(3, 10);
  expect(plan.next(500)).toEqual({ attempt: 2, maxAttempts: 3, pauseMs: 10 });
  expect(plan.next(0)).toEqual({ attempt: 3, maxAttempts: 3, pauseMs: 20 });
  expect(plan.next(501)).toEqual({ attempt: 2, maxAttempts: 3, pauseMs: 10 });
  expect(plan.next(501)).toEqual({ attempt: 3, maxAttempts: 3, pauseMs: 20 });
  expect(plan.next(501)).toBeUndefined();
});

it('a plan of one attempt never tries again', () => {
  expect(new RetryPlan(1).next(1e9)).toBeUndefined();
});
