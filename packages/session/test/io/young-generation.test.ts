import { setImmediate } from 'node:timers/promises';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { expect, it } from 'vitest';
import { allocateMemory } from '../../src/io/memory.ts';

it('memory that is let go at once is collected with the young generation, not with all of the heap', async () => {
  const kinds: number[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries() as unknown as { detail: { kind: number } }[]) kinds.push(detail.kind);
  });
  observer.observe({ entryTypes: ['gc'] });
  // 4 GiB of which no page is touched. With the 64 MiB of V8 alone that is a full collection at least 30 times.
  for (let count = 0; count < 4096; count += 1) {
    allocateMemory(1_048_576);
    if (count % 16 === 0) await setImmediate();
  }
  observer.disconnect();
  const young = kinds.filter((kind) => kind === constants.NODE_PERFORMANCE_GC_MINOR).length;
  const full = kinds.filter((kind) => kind === constants.NODE_PERFORMANCE_GC_MAJOR).length;
  expect(young).toBeGreaterThan(50);
  expect(full).toBeLessThan(young / 5);
});
