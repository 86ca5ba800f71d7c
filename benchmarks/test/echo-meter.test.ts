import { expect, it } from 'vitest';
import { EchoMeter } from '../src/measure/echo-meter.ts';

let nowMs = 0;

it('times messages from when they are stamped until they are back, in whatever order', async () => {
  const meter = new EchoMeter(64, () => nowMs);
  nowMs = 1000;
  const allBack = meter.begin(3);
  const messages = [1000, 1010, 1020].map((ms) => {
    nowMs = ms;
    return meter.stamp();
  });
  expect(messages.map(({ length }) => length)).toEqual([64, 64, 64]);
  nowMs = 1025;
  meter.handleEcho(messages[2]!);
  meter.handleEcho(messages[0]!);
  nowMs = 1100;
  meter.handleEcho(messages[1]!);
  expect(await allBack).toEqual({ messagesPerSecond: 30, p50Ms: 25, p99Ms: 90 });
});

it('begins anew', async () => {
  const meter = new EchoMeter(32, () => nowMs);
  for (const delayMs of [7, 3]) {
    const allBack = meter.begin(1);
    const message = meter.stamp();
    nowMs += delayMs;
    meter.handleEcho(message);
    expect(await allBack).toMatchObject({ p50Ms: delayMs, p99Ms: delayMs });
  }
});
