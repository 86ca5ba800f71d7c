import { getHeapSpaceStatistics } from 'node:v8';

/** So much memory outside the heap goes with one filler. */
const FILLED_BYTES = 65_536;
/** The young generation is to be full when so much is outside: half of what V8 lets come before it looks at all of the heap. */
const OUTSIDE_BYTES = 33_554_432;
/** How large that generation is changes with what lives in it, so it is asked again after so many fillers. */
const FILLERS_PER_LOOK = 256;
const ELEMENT_BYTES = 8;

/** The last one is kept, or a compiler could leave them out. */
const fillers: { last: unknown[] } = { last: [] };
let fillerElements = 0;
let fillersUntilLook = 0;
let unfilledBytes = 0;

/**
 * To be called for so many bytes of memory that belong to the application from now on, and lie outside the heap as that of every ArrayBuffer does.
 *
 * V8 frees what has died young in half a millisecond, but begins that only when the young generation is full of objects, of which an ArrayBuffer
 * is a small one whatever its size. Its bound for memory outside comes first: 64 MiB more than after the last full collection
 * (`kExternalAllocationSoftLimit`). Then it marks the whole heap, with all objects of the program. For a receiver of messages of 1 MiB
 * that was three quarters of its time. So objects that nobody needs fill the young generation in step with the memory outside, some 4 µs for 128 KiB.
 */
export function fillYoungGeneration(outsideBytes: number): void {
  unfilledBytes += outsideBytes;
  for (; unfilledBytes >= FILLED_BYTES; unfilledBytes -= FILLED_BYTES) {
    if (fillersUntilLook === 0) look();
    fillersUntilLook -= 1;
    fillers.last = new Array(fillerElements);
  }
}

function look(): void {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  const capacityBytes = young ? young.space_used_size + young.space_available_size : 0;
  fillerElements = Math.ceil((capacityBytes * FILLED_BYTES) / OUTSIDE_BYTES / ELEMENT_BYTES);
  fillersUntilLook = FILLERS_PER_LOOK;
}
