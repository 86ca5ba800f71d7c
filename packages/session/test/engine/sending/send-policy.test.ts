import { untyped } from '@tcpcomm/test-support';
import { UsageError } from '@tcpcomm/protocol';
import { describe, expect, it } from 'vitest';
import { PRIORITIES, requireSendPolicy, SendPolicy } from '../../../src/engine/sending/send-policy.ts';
import { errorOf } from '../error-of.ts';

describe('a policy', () => {
  it('has its priority, a weight of 1 and no limit, until it is told otherwise', () => {
    const policy = new SendPolicy('background');
    expect([policy.priority, policy.level, policy.weight, policy.bytesPerSecond]).toEqual([
      'background',
      3,
      1,
      Infinity,
    ]);
    expect(policy.delayMs(0)).toBe(0);
  });

  it('changes what is given, and keeps the rest', () => {
    const policy = new SendPolicy('normal');
    policy.change({ weight: 3, bytesPerSecond: 10_000 }, 0);
    policy.change({ priority: 'urgent' }, 0);
    expect([policy.priority, policy.level, policy.weight, policy.bytesPerSecond]).toEqual(['urgent', 0, 3, 10_000]);
    policy.change({}, 0);
    expect([policy.priority, policy.weight, policy.bytesPerSecond]).toEqual(['urgent', 3, 10_000]);
  });

  it('has four priorities, the most urgent first', () => {
    expect(PRIORITIES).toEqual(['urgent', 'normal', 'low', 'background']);
    expect(PRIORITIES.map((priority) => new SendPolicy(priority).level)).toEqual([0, 1, 2, 3]);
  });
});

describe('a rate of its own', () => {
  it('lets a frame go when the ones before are paid, so that the average holds', () => {
    const policy = new SendPolicy('normal');
    policy.change({ bytesPerSecond: 100_000 }, 0);
    policy.handleSent(14_096, 0);
    // A burst of 4,096 is free; 10,000 bytes are a tenth of a second.
    expect(policy.delayMs(0)).toBeCloseTo(100, 1);
    expect(policy.delayMs(101)).toBe(0);
  });

  it.each([0, Infinity])('of %d is none', (bytesPerSecond) => {
    const policy = new SendPolicy('normal');
    policy.change({ bytesPerSecond: 1 }, 0);
    policy.handleSent(1_000_000, 0);
    expect(policy.delayMs(0)).toBeGreaterThan(100_000);
    policy.change({ bytesPerSecond }, 0);
    expect([policy.delayMs(0), policy.bytesPerSecond]).toEqual([0, Infinity]);
    policy.handleSent(1_000_000, 0);
    expect(policy.delayMs(0)).toBe(0);
  });

  it('that changes keeps what is owed: setting it again and again is no way around it', () => {
    const policy = new SendPolicy('normal');
    policy.change({ bytesPerSecond: 1000 }, 0);
    policy.handleSent(14_096, 0);
    policy.change({ bytesPerSecond: 2000 }, 0);
    expect(policy.delayMs(0)).toBeCloseTo(5000, -1);
    policy.change({ bytesPerSecond: 1000 }, 0);
    expect(policy.delayMs(0)).toBeCloseTo(10_000, -1);
  });
});

describe('what is required of one', () => {
  it.each([
    {},
    { priority: 'urgent' as const },
    { weight: 1 },
    { weight: 2.5 },
    { weight: 100 },
    { bytesPerSecond: 0 },
    { bytesPerSecond: 1 },
    { bytesPerSecond: Infinity },
  ])('%j will do', (options) => {
    expect(() => requireSendPolicy(options)).not.toThrow();
  });

  const range = 'a number of bytes a second from 1 to Infinity, or 0 for no limit';
  it.each([
    [{ priority: 'high' }, 'priority must be "urgent" or "normal" or "low" or "background", got "high"'],
    [{ priority: 0 }, 'priority must be "urgent" or "normal" or "low" or "background", got 0'],
    [{ weight: 0 }, 'weight must be a number from 1 to 100, got 0'],
    [{ weight: 0.5 }, 'weight must be a number from 1 to 100, got 0.5'],
    [{ weight: 101 }, 'weight must be a number from 1 to 100, got 101'],
    [{ weight: NaN }, 'weight must be a number from 1 to 100, got NaN'],
    [{ weight: '2' }, 'weight must be a number from 1 to 100, got "2"'],
    [{ bytesPerSecond: -1 }, `bytesPerSecond must be ${range}, got -1`],
    [{ bytesPerSecond: 0.5 }, `bytesPerSecond must be ${range}, got 0.5`],
    [{ bytesPerSecond: NaN }, `bytesPerSecond must be ${range}, got NaN`],
    [{ bytesPerSecond: null }, `bytesPerSecond must be ${range}, got null`],
  ])('%j will not, and the error says why', (options, message) => {
    const error = errorOf(() => {
      requireSendPolicy(untyped(options));
    });
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ message });
  });
});
