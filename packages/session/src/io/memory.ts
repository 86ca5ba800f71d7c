import { fillYoungGeneration } from './young-generation.ts';

/** From this size on memory is worth keeping: a read, or a message that does not lie in one. */
const LARGE_BYTES = 32_768;
/** The largest block from which malloc learns (mallopt(3): M_MMAP_THRESHOLD goes up to 32 MiB by itself). */
const MOST_LEARNED_BYTES = 32 * 1_048_576 - 65_536;

let hasPrepared = false;

/** Memory of its own, from no pool that others share. It is not zeroed: who asks for it overwrites all of it. */
export function allocateMemory(byteLength: number): Uint8Array<ArrayBuffer> {
  if (byteLength >= LARGE_BYTES && !hasPrepared) keepFreedMemory();
  return new Uint8Array(Buffer.allocUnsafeSlow(byteLength).buffer);
}

/** The same for what is received, which is the application's in the end. */
export function allocateForReceived(byteLength: number): Uint8Array<ArrayBuffer> {
  fillYoungGeneration(byteLength);
  return allocateMemory(byteLength);
}

/**
 * Makes malloc use memory again that was collected, up to 64 MiB of it. By default glibc gives all but 128 KiB back to the system at
 * once, and has every page of every message provided anew, which takes several times as long as filling it. It learns better from
 * what is freed: one block of the largest size that counts is enough, and costs nothing since it is never touched. Other
 * allocators take no notice.
 */
function keepFreedMemory(): void {
  hasPrepared = true;
  new ArrayBuffer(MOST_LEARNED_BYTES).transfer(0);
}
