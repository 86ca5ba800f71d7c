import { describe, expect, it } from 'vitest';
import { LatencyMeter } from '../src/measure/latency-meter.ts';
import { MessageTicker } from '../src/measure/message-ticker.ts';
import { readStampedMessage, StampedMessageReader, writeStampedMessage } from '../src/measure/stamped-message.ts';
import { endlessFileBytes, sendingMs, settlingMs } from '../src/subjects/latency-load.ts';

describe('a stamped message', () => {
  it('is read as it was written', () => {
    const stamp = { sentMs: 123_456.789, number: 7, total: 9 };
    expect(writeStampedMessage(stamp)).toHaveLength(32);
    expect(readStampedMessage(writeStampedMessage(stamp))).toEqual(stamp);
  });

  it.each([1, 31, 32, 33, 96])('is found in a stream that comes in chunks of %s bytes', (size) => {
    const stamps = [1, 2, 3].map((number) => ({ sentMs: number * 10, number, total: 0 }));
    const stream = Buffer.concat(stamps.map(writeStampedMessage));
    const read: unknown[] = [];
    const reader = new StampedMessageReader((bytes) => read.push(readStampedMessage(bytes)));
    for (let start = 0; start < stream.length; start += size) reader.read(stream.subarray(start, start + size));
    expect(read).toEqual(stamps);
  });

  it('is the last when it says how many there were', () => {
    const totals: number[] = [];
    const ticker = new MessageTicker(60_000, (message) => totals.push(readStampedMessage(message).total));
    ticker.finish();
    expect(totals).toEqual([1]);
  });
});

describe('a latency meter', () => {
  let nowMs = 0;
  const meter = new LatencyMeter(() => nowMs);
  const bulkAt = (ms: number, bytes: number) => {
    nowMs = ms;
    meter.handleBulk(bytes);
  };
  const messageAt = (ms: number, stamp: { sentMs: number; number: number; total: number }) => {
    nowMs = ms;
    meter.handleMessage(writeStampedMessage(stamp));
  };

  it('measures what comes after the bulk stream is up to speed', async () => {
    const ended = meter.begin(100);
    bulkAt(1000, 5_000_000);
    messageAt(1090, { sentMs: 1050, number: 1, total: 0 });
    bulkAt(1100, 7_000_000); // from here on
    bulkAt(1200, 125_000);
    messageAt(1210, { sentMs: 1200, number: 2, total: 0 });
    bulkAt(1300, 125_000);
    messageAt(1330, { sentMs: 1300, number: 4, total: 4 });
    const total = await ended;
    expect(total).toBe(4);
    expect(meter.metrics(total)).toEqual({ p50Ms: 10, p99Ms: 30, megabitsPerSecond: 10, messagesLost: 1 });
  });

  it('begins anew, and knows no rate where nothing was bulk', async () => {
    const ended = meter.begin(100);
    messageAt(2007, { sentMs: 2000, number: 1, total: 1 });
    expect(meter.metrics(await ended)).toEqual({ p50Ms: 7, p99Ms: 7, messagesLost: 0 });
  });
});

it('a load begins with a second to settle, less when it is short, and its file outlasts it', () => {
  const load = { count: 8000, bytesPerSecond: 1_000_000 };
  expect([settlingMs(load), sendingMs(load)]).toEqual([1000, 9000]);
  expect(settlingMs({ ...load, count: 80 })).toBe(10);
  expect(endlessFileBytes(load)).toBeGreaterThan(9_000_000);
});
