import type { Settings } from '@tcpcomm/protocol';
import { alignBytesPerSecond, blockSizeFor } from '@tcpcomm/throttle';

/** What a client is told of this rate: the rate on its grid, and the block size that follows from it. */
export function paceFor(bytesPerSecond: number): Settings {
  const aligned = alignBytesPerSecond(bytesPerSecond);
  return { blockSizeBytes: blockSizeFor(aligned), bytesPerSecond: aligned === Infinity ? null : aligned };
}
