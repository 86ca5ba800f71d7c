import { describe, expect, it } from 'vitest';
import { Bottleneck } from '../src/link/bottleneck.ts';

/** 1000 bytes a millisecond, 50 ms long, 10,000 bytes may wait. */
const create = () => new Bottleneck({ bytesPerSecond: 1_000_000, delayMs: 50, queueBytes: 10_000 });
const bytes = (length: number) => new Uint8Array(length);
const length = (chunks: readonly Uint8Array[]) => chunks.reduce((sum, chunk) => sum + chunk.length, 0);

describe('a bottleneck', () => {
  it('lets bytes through at its rate, the delay later', () => {
    const line = create();
    line.put(bytes(10_000), 0);
    expect(length(line.take(49.9))).toBe(0);
    expect(length(line.take(51))).toBe(1000);
    expect(length(line.take(55.5))).toBe(4500);
    expect(line.isEmpty).toBe(false);
    expect(length(line.take(60))).toBe(4500);
    expect(line.isEmpty).toBe(true);
  });

  it('lets through what is due to the one who looks late', () => {
    const line = create();
    for (const atMs of [0, 1, 2]) line.put(bytes(1000), atMs);
    expect(length(line.take(1000))).toBe(3000);
  });

  it('gives a pause no credit: what comes after it goes at the rate again', () => {
    const line = create();
    line.put(bytes(1000), 0);
    line.put(bytes(2000), 1000);
    expect(length(line.take(1050))).toBe(1000);
    expect(length(line.take(1051))).toBe(1000);
    expect(length(line.take(1052))).toBe(1000);
  });

  it('keeps the order and every byte, however it is looked at', () => {
    const line = create();
    const sent = Uint8Array.from({ length: 5000 }, (_, index) => index % 251);
    for (let start = 0; start < sent.length; start += 700) line.put(sent.subarray(start, start + 700), start / 2000);
    const received: number[] = [];
    for (let nowMs = 0; nowMs < 60; nowMs += 0.3) for (const chunk of line.take(nowMs)) received.push(...chunk);
    expect(received).toEqual([...sent]);
    expect(line.isEmpty).toBe(true);
  });

  it('has room until its queue is full, and again when that has gone down', () => {
    const line = create();
    line.put(bytes(9000), 0);
    expect(line.hasRoom(0)).toBe(true);
    line.put(bytes(9000), 0);
    expect(line.hasRoom(0)).toBe(false);
    expect(line.hasRoom(7.9)).toBe(false);
    expect(line.hasRoom(8.1)).toBe(true);
  });

  it('has no room while nobody takes out what has come through', () => {
    const line = create();
    let accepted = 0;
    for (let nowMs = 0; nowMs < 1000; nowMs += 1) {
      if (!line.hasRoom(nowMs)) continue;
      line.put(bytes(1000), nowMs);
      accepted += 1000;
    }
    expect(accepted).toBe(60_000); // the queue, and what the length of the line holds
    line.take(1000);
    expect(line.hasRoom(1000)).toBe(true);
  });

  it('ignores empty chunks', () => {
    const line = create();
    line.put(bytes(0), 0);
    expect(line.isEmpty).toBe(true);
  });
});
