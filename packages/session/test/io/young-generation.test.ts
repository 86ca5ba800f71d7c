import { setImmediate } from 'node:timers/promises';
import { GCProfiler } from 'node:v8';
import { expect, it } from 'vitest';
import { allocateForReceived } from '../../src/io/memory.ts';

it('received memory that is let go at once is collected with the young generation, not with all of the heap', async () => {
  const profiler = new GCProfiler();
  profiler.start();
  // 4 GiB of which no page is touched. Left to itself V8 marks the heap at least 30 times for that.
  for (let count = 0; count < 4096; count += 1) {
    allocateForReceived(1_048_576);
    if (count % 16 === 0) await setImmediate();
  }
  const kinds = profiler.stop().statistics.map(({ gcType }) => gcType);
  const young = kinds.filter((kind) => kind === 'Scavenge').length;
  const full = kinds.filter((kind) => kind === 'MarkSweepCompact').length;
  expect(young).toBeGreaterThan(50);
  expect(full).toBeLessThan(young / 5);
});
