import type { Writable } from 'node:stream';

/** Resolves when there is room again. Cheaper than `events.once`, which would burden the peers that wait for it often. */
export function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    stream.once('drain', resolve);
  });
}
