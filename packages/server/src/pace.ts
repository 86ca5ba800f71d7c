import type { Settings } from '@tcpcomm/protocol';
import { alignBytesPerSecond, blockSizeFor } from '@tcpcomm/throttle';

/** Options say 0 for no limit, too. */
export function limitOf(bytesPerSecond: number): number {
  return bytesPerSecond === 0 ? Infinity : bytesPerSecond;
}

/** What a client is told of this rate: the rate on its grid, and the block size that follows from it. */
export function paceFor(bytesPerSecond: number): Settings {
  const aligned = alignBytesPerSecond(bytesPerSecond);
  return { blockSizeBytes: blockSizeFor(aligned), bytesPerSecond: aligned === Infinity ? null : aligned };
}
