/** So much memory outside the heap goes with one filler. */
const FILLED_BYTES = 131_072;
/** Of 8 bytes each, so half as much: the young generation has 16 MiB at most, and is full when 32 MiB are outside. */
const FILLER_ELEMENTS = 8_192;

/** The last one is kept, or a compiler could leave them out. */
const fillers: { last: unknown[] } = { last: [] };
let unfilledBytes = 0;

/**
 * To be called for so many bytes of memory that belong to the application from now on, and lie outside the heap as that of every ArrayBuffer does.
 *
 * V8 frees what has died young in half a millisecond, but begins that only when the young generation is full of objects, of which an ArrayBuffer
 * is a small one whatever its size. Its bound for memory outside comes first: 64 MiB more than after the last full collection
 * (`kExternalAllocationSoftLimit`). Then it marks the whole heap, with all objects of the program. For a receiver of messages of 1 MiB
 * that was three quarters of its time. So objects that nobody needs fill the young generation in step with the memory outside, 4 µs for 128 KiB.
 */
export function fillYoungGeneration(outsideBytes: number): void {
  unfilledBytes += outsideBytes;
  for (; unfilledBytes >= FILLED_BYTES; unfilledBytes -= FILLED_BYTES) fillers.last = new Array(FILLER_ELEMENTS);
}
