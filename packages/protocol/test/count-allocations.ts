import { vi } from 'vitest';

export interface Allocations {
  /** How many byte arrays got memory of their own. Views do not count. */
  count: number;
  bytes: number;
}

/** Runs `action` and counts the byte arrays that it allocates. */
export function countAllocations(action: () => void): Allocations {
  const allocations: Allocations = { count: 0, bytes: 0 };
  const counting = new Proxy(Uint8Array, {
    construct(target, parameters: unknown[]) {
      const [first] = parameters;
      const isView = first instanceof ArrayBuffer;
      const array = Reflect.construct(target, parameters) as Uint8Array;
      if (!isView) {
        allocations.count += 1;
        allocations.bytes += array.byteLength;
      }
      return array;
    },
  });
  vi.stubGlobal('Uint8Array', counting);
  try {
    action();
  } finally {
    vi.unstubAllGlobals();
  }
  return allocations;
}
